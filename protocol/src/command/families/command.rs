//! Subcommands of `COMMAND`.

use crate::command::{ArgKind, ArgSpec, Categories, CommandSpec};

use super::{ABOUT, CONSTANT, MULTIPLE, OPTIONAL, one_of, text};

const BY_NAMES: &str = "O(N), N commands asked for";
const BY_ARGUMENTS: &str = "O(N), N arguments";
const UNORDERED: &[&str] = &["nondeterministic_output_order"];

/// All of them.
pub static SUBCOMMANDS: [CommandSpec; 7] = [
    spec("count", 2).about("Count the commands", "2.8.13", "server", CONSTANT),
    spec("docs", -2).about("Document commands", "7.0.0", "server", BY_NAMES).tips(UNORDERED).arguments(&NAMES),
    spec("getkeys", -3).about("Find the keys in a request", "2.8.13", "server", BY_ARGUMENTS).arguments(&REQUEST),
    spec("getkeysandflags", -3)
        .about("Find the keys in a request, and how they are used", "7.0.0", "server", BY_ARGUMENTS)
        .arguments(&REQUEST),
    spec("help", 2).about("Describe the subcommands", "5.0.0", "server", CONSTANT),
    spec("info", -2).about("Describe commands", "2.8.13", "server", BY_NAMES).tips(UNORDERED).arguments(&NAMES),
    spec("list", -2)
        .about("List the names of all commands", "7.0.0", "server", "O(N), N commands")
        .tips(UNORDERED)
        .arguments(&[one_of("filterby", &FILTERS).token("FILTERBY").flags(OPTIONAL)]),
];

static REQUEST: [ArgSpec; 2] = [text("command"), text("arg").flags(OPTIONAL.with(MULTIPLE))];

static NAMES: [ArgSpec; 1] = [text("command-name").flags(OPTIONAL.with(MULTIPLE))];

static FILTERS: [ArgSpec; 3] = [
    text("module-name").token("MODULE"),
    text("category").token("ACLCAT"),
    ArgSpec::new("pattern", ArgKind::Pattern).token("PATTERN"),
];

const fn spec(name: &'static str, arity: i32) -> CommandSpec {
    CommandSpec::new(name, arity, ABOUT, Categories::CONNECTION)
}
