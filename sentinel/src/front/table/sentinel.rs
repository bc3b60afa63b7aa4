//! Subcommands of `SENTINEL`.

use bongsu_protocol::command::{ArgKind, ArgSpec, Categories, CommandFlags as F, CommandSpec};

use super::{ABOUT, CONSTANT, MULTIPLE, OPTIONAL, block, integer, one_of, text};

const BY_INSTANCES: &str = "O(N), N instances";
const BY_MASTERS: &str = "O(N), N masters";
const GROUP: &str = "sentinel";

pub(super) static SUBCOMMANDS: [CommandSpec; 25] = [
    spec("ckquorum", 3)
        .about("Check that enough sentinels can be reached for a failover", "2.8.4", GROUP, BY_INSTANCES)
        .arguments(&MASTER_NAME),
    spec("config", -4)
        .about("Read or change settings of this sentinel", "6.2.0", GROUP, CONSTANT)
        .arguments(&[one_of("action", &CONFIG)]),
    spec("debug", -2).about("Read or change periods and limits", "7.0.0", GROUP, CONSTANT).arguments(&[block(
        "data",
        &[text("parameter"), text("value")],
    )
    .flags(OPTIONAL.with(MULTIPLE))]),
    spec("failover", -3).about("Hand over to the best replica", "2.8.4", GROUP, BY_INSTANCES).arguments(&[
        text("master-name"),
        one_of("mode", &[ArgSpec::word("coordinated", "COORDINATED"), ArgSpec::word("forced", "FORCED")])
            .flags(OPTIONAL),
    ]),
    spec("flushconfig", 2).about("Write the state of this sentinel to disk", "2.8.4", GROUP, BY_INSTANCES),
    spec("get-master-addr-by-name", 3)
        .about("Tell where a master is", "2.8.4", GROUP, CONSTANT)
        .arguments(&MASTER_NAME),
    hidden("get-primary-addr-by-name", 3).about("Tell where a master is", "8.0.0", GROUP, CONSTANT),
    CommandSpec::new("help", 2, ABOUT, Categories::NONE).about("Describe the subcommands", "6.2.0", GROUP, CONSTANT),
    spec("info-cache", -3)
        .about("Show the last INFO of masters and their replicas", "3.2.0", GROUP, BY_INSTANCES)
        .arguments(&[text("nodename").flags(MULTIPLE)]),
    spec("is-master-down-by-addr", 6)
        .about("Give this sentinel's opinion of a master, or its vote", "2.8.4", GROUP, CONSTANT)
        .arguments(&[text("ip"), integer("port"), integer("current-epoch"), text("runid")]),
    hidden("is-primary-down-by-addr", 6).about(
        "Give this sentinel's opinion of a master, or its vote",
        "8.0.0",
        GROUP,
        CONSTANT,
    ),
    spec("master", 3).about("Show the state of a master", "2.8.4", GROUP, CONSTANT).arguments(&MASTER_NAME),
    spec("masters", 2).about("Show the state of all masters", "2.8.4", GROUP, BY_MASTERS),
    spec("monitor", 6).about("Watch one more master", "2.8.4", GROUP, CONSTANT).arguments(&[
        text("name"),
        text("ip"),
        integer("port"),
        integer("quorum"),
    ]),
    spec("myid", 2).about("Tell the id of this sentinel", "6.2.0", GROUP, CONSTANT),
    spec("pending-scripts", 2).about("Show scripts that run or wait", "2.8.4", GROUP, "O(N), N scripts"),
    hidden("primaries", 2).about("Show the state of all masters", "8.0.0", GROUP, BY_MASTERS),
    hidden("primary", 3).about("Show the state of a master", "8.0.0", GROUP, CONSTANT),
    spec("remove", 3).about("Watch a master no longer", "2.8.4", GROUP, CONSTANT).arguments(&MASTER_NAME),
    spec("replicas", 3)
        .about("Show the state of the replicas of a master", "5.0.0", GROUP, BY_INSTANCES)
        .arguments(&MASTER_NAME),
    spec("reset", 3)
        .about("Forget what is known of masters but their address", "2.8.4", GROUP, BY_MASTERS)
        .arguments(&[ArgSpec::new("pattern", ArgKind::Pattern)]),
    spec("sentinels", 3)
        .about("Show the other sentinels of a master", "2.8.4", GROUP, BY_INSTANCES)
        .arguments(&MASTER_NAME),
    spec("set", -5)
        .about("Change options of a master", "2.8.4", GROUP, CONSTANT)
        .arguments(&[text("master-name"), block("data", &[text("option"), text("value")]).flags(MULTIPLE)]),
    spec("simulate-failure", -3)
        .about("Crash at a chosen moment of the next failover", "3.2.0", GROUP, CONSTANT)
        .arguments(&[one_of("mode", &FAILURES).flags(OPTIONAL.with(MULTIPLE))]),
    spec("slaves", 3)
        .about("Show the state of the replicas of a master", "2.8.0", GROUP, BY_INSTANCES)
        .deprecated("5.0.0", "`SENTINEL REPLICAS`")
        .arguments(&MASTER_NAME),
];

static MASTER_NAME: [ArgSpec; 1] = [text("master-name")];

static CONFIG: [ArgSpec; 2] = [
    block("set", &[text("parameter"), text("value")]).token("SET").flags(MULTIPLE),
    text("parameter").token("GET").flags(MULTIPLE),
];

static FAILURES: [ArgSpec; 3] =
    [plain_word("crash-after-election"), plain_word("crash-after-promotion"), plain_word("help")];

const fn plain_word(name: &'static str) -> ArgSpec {
    ArgSpec::new(name, ArgKind::PureToken)
}

const fn spec(name: &'static str, arity: i32) -> CommandSpec {
    CommandSpec::new(name, arity, F::ADMIN, Categories::NONE)
}

/// Valkey's spelling of a subcommand.
const fn hidden(name: &'static str, arity: i32) -> CommandSpec {
    CommandSpec::new(name, arity, F::ADMIN.with(F::HIDDEN), Categories::NONE)
}
