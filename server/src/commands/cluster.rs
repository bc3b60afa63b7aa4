//! `CLUSTER` and its companions: known, so that clients can ask, and refused, because this server is never part of one.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::ClientId;

use super::{ANY_STATE, BY_SUBCOMMAND, CONSTANT, FAST, NOSCRIPT, ServerCommand, spec};
use crate::engine::Engine;

const GROUP: &str = "cluster";
const ASK: CommandFlags = CommandFlags::STALE;
const CHANGE: CommandFlags = CommandFlags::ADMIN.with(CommandFlags::STALE).with(CommandFlags::NO_ASYNC_LOADING);
const ADMIN: CommandFlags = CommandFlags::ADMIN.with(CommandFlags::STALE);

const BY_NODES: &str = "O(N), N nodes";
const BY_SLOTS: &str = "O(N), N slots";
const BY_REPLICAS: &str = "O(N), N replicas";
const CHANGING_REPLY: &[&str] = &["nondeterministic_output"];

const fn part(
    name: &'static str,
    arity: i32,
    flags: CommandFlags,
    about: [&'static str; 2],
    complexity: &'static str,
) -> CommandSpec {
    let [summary, since] = about;
    spec(name, arity, flags, Categories::NONE, [summary, since, GROUP, complexity])
}

static PARTS: [CommandSpec; 28] = [
    part("addslots", -3, CHANGE, ["Make this node responsible for slots", "3.0.0"], BY_SLOTS),
    part("addslotsrange", -4, CHANGE, ["Make this node responsible for ranges of slots", "7.0.0"], BY_SLOTS),
    part("bumpepoch", 2, CHANGE, ["Give this node the highest config epoch", "3.0.0"], CONSTANT).tips(CHANGING_REPLY),
    part(
        "count-failure-reports",
        3,
        ADMIN,
        ["Count the nodes that hold a node for failed", "3.0.0"],
        "O(N), N reports of failures",
    )
    .tips(CHANGING_REPLY),
    part("countkeysinslot", 3, ASK, ["Count the keys of a slot", "3.0.0"], CONSTANT),
    part("delslots", -3, CHANGE, ["Leave slots to nobody", "3.0.0"], BY_SLOTS),
    part("delslotsrange", -4, CHANGE, ["Leave ranges of slots to nobody", "7.0.0"], BY_SLOTS),
    part("failover", -2, CHANGE, ["Make this replica take over from its master", "3.0.0"], CONSTANT),
    part("flushslots", 2, CHANGE, ["Leave all slots of this node to nobody", "3.0.0"], CONSTANT),
    part("forget", 3, CHANGE, ["Remove a node from the table of nodes", "3.0.0"], CONSTANT),
    part("getkeysinslot", 4, ASK, ["Show some keys of a slot", "3.0.0"], "O(N), N keys asked for").tips(CHANGING_REPLY),
    part("help", 2, ANY_STATE, ["Describe the subcommands", "5.0.0"], CONSTANT),
    part("info", 2, ASK, ["Show the state of this node", "3.0.0"], CONSTANT).tips(CHANGING_REPLY),
    part("keyslot", 3, ASK, ["Tell the slot of a key", "3.0.0"], "O(N), N bytes of the key"),
    part("links", 2, ASK, ["Show the connections between this node and others", "7.0.0"], BY_NODES)
        .tips(CHANGING_REPLY),
    part("meet", -4, CHANGE, ["Join another node", "3.0.0"], CONSTANT),
    part("myid", 2, ASK, ["Tell the ID of this node", "3.0.0"], CONSTANT),
    part("myshardid", 2, ASK, ["Tell the ID of the shard of this node", "7.2.0"], CONSTANT).tips(CHANGING_REPLY),
    part("nodes", 2, ASK, ["Show the nodes, as their configuration has them", "3.0.0"], BY_NODES).tips(CHANGING_REPLY),
    part("replicas", 3, ADMIN, ["Show the replicas of a master", "5.0.0"], BY_REPLICAS).tips(CHANGING_REPLY),
    part("replicate", 3, CHANGE, ["Make this node the replica of a master", "3.0.0"], CONSTANT),
    part(
        "reset",
        -2,
        ADMIN.with(NOSCRIPT),
        ["Forget the cluster", "3.0.0"],
        "O(N), N nodes, and keys if they are removed",
    ),
    part("saveconfig", 2, CHANGE, ["Write the configuration of this node to disk", "3.0.0"], CONSTANT),
    part("set-config-epoch", 3, CHANGE, ["Give a new node a config epoch", "3.0.0"], CONSTANT),
    part("setslot", -4, CHANGE, ["Say to which node a slot belongs or moves", "3.0.0"], CONSTANT),
    part("shards", 2, ANY_STATE, ["Show the nodes by shard, with their slots", "7.0.0"], BY_NODES).tips(CHANGING_REPLY),
    part("slaves", 3, ADMIN, ["Show the replicas of a master", "3.0.0"], BY_REPLICAS)
        .tips(CHANGING_REPLY)
        .deprecated("5.0.0", "`CLUSTER REPLICAS`"),
    part("slots", 2, ANY_STATE, ["Show which nodes have which slots", "3.0.0"], BY_NODES)
        .tips(CHANGING_REPLY)
        .deprecated("7.0.0", "`CLUSTER SHARDS`"),
];

const fn command(name: &'static str, flags: CommandFlags, summary: &'static str) -> ServerCommand {
    let about = [summary, "3.0.0", GROUP, CONSTANT];
    ServerCommand { spec: spec(name, 1, flags, Categories::CONNECTION, about), run: refuse }
}

pub(super) static COMMANDS: &[ServerCommand] = &[
    command("asking", FAST, "Announce a request for a slot that is on its way here"),
    ServerCommand {
        spec: spec(
            "cluster",
            -2,
            CommandFlags::NONE,
            Categories::NONE,
            ["Clusters, of which this server is never part", "3.0.0", GROUP, BY_SUBCOMMAND],
        )
        .subcommands(&PARTS),
        run: refuse,
    },
    command("readonly", ANY_STATE.with(FAST), "Let a replica of a cluster answer what only reads"),
    command("readwrite", ANY_STATE.with(FAST), "Let a replica of a cluster send all requests to its master"),
];

fn refuse(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    Writer::new(out, engine.protocol(client)).error("ERR This instance has cluster support disabled");
}
