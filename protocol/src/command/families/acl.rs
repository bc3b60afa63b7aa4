//! Subcommands of `ACL`.

use crate::command::{ArgSpec, Categories, CommandFlags as F, CommandSpec};

use super::{ABOUT, ADMIN, CONNECTION, CONSTANT, EVERYWHERE, MULTIPLE, OPTIONAL, integer, one_of, text};

const BY_USERS: &str = "O(N), N users";

/// All of them.
pub static SUBCOMMANDS: [CommandSpec; 13] = [
    spec("cat", -2, CONNECTION)
        .about("List the categories, or the commands of one", "6.0.0", "server", CONSTANT)
        .arguments(&[text("category").flags(OPTIONAL)]),
    spec("deluser", -3, ADMIN)
        .about("Remove users and end their connections", "6.0.0", "server", BY_USERS)
        .tips(EVERYWHERE)
        .arguments(&[text("username").flags(MULTIPLE)]),
    spec("dryrun", -4, ADMIN)
        .about("Tell whether a user may run a command, without running it", "7.0.0", "server", CONSTANT)
        .arguments(&[text("username"), text("command"), text("arg").flags(OPTIONAL.with(MULTIPLE))]),
    spec("genpass", -2, CONNECTION)
        .about("Make up a password", "6.0.0", "server", CONSTANT)
        .arguments(&[integer("bits").flags(OPTIONAL)]),
    spec("getuser", 3, ADMIN)
        .about("Show what a user may do", "6.0.0", "server", "O(N), N rules of the user")
        .arguments(&[text("username")]),
    spec("help", 2, ABOUT).about("Describe the subcommands", "6.0.0", "server", CONSTANT),
    spec("list", 2, ADMIN).about("Show all users as configuration lines", "6.0.0", "server", BY_USERS),
    spec("load", 2, ADMIN).about("Read the users from the ACL file", "6.0.0", "server", BY_USERS),
    spec("log", -2, ADMIN)
        .about("Show what was refused lately", "6.0.0", "server", "O(N), N entries")
        .arguments(&[one_of("operation", &[integer("count"), ArgSpec::word("reset", "RESET")]).flags(OPTIONAL)]),
    spec("save", 2, ADMIN).about("Write the users to the ACL file", "6.0.0", "server", BY_USERS).tips(EVERYWHERE),
    spec("setuser", -3, ADMIN)
        .about("Create or change a user", "6.0.0", "server", "O(N), N rules")
        .tips(EVERYWHERE)
        .arguments(&[text("username"), text("rule").flags(OPTIONAL.with(MULTIPLE))]),
    spec("users", 2, ADMIN).about("List the names of all users", "6.0.0", "server", BY_USERS),
    spec("whoami", 2, CONNECTION).about("Tell the user of this connection", "6.0.0", "server", CONSTANT),
];

const fn spec(name: &'static str, arity: i32, flags: F) -> CommandSpec {
    CommandSpec::new(name, arity, flags, Categories::NONE)
}
