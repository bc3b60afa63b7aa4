//! Commands of Redis 7.2 that this server has not.

use bongsu_protocol::command::AbsentCommands;

/// There are no scripts, no functions and no streams here, but users written for Redis speak of them: its manual gives
/// `+script|kill` to sentinels, and many a configuration takes `-eval` or `-xgroup` from somebody. Such users must load, and
/// must be written as they were, so that the way back loses nothing. A rule about these does nothing else, and
/// `rename-command` may name them for the same reason. Any other unknown name is a mistake, and refused.
pub(crate) const ABSENT: AbsentCommands = AbsentCommands::new(&[
    "eval",
    "eval_ro",
    "evalsha",
    "evalsha_ro",
    "fcall",
    "fcall_ro",
    "function|delete",
    "function|dump",
    "function|help",
    "function|kill",
    "function|list",
    "function|load",
    "function|restore",
    "function|stats",
    "script|debug",
    "script|exists",
    "script|help",
    "script|load",
    "xack",
    "xadd",
    "xautoclaim",
    "xclaim",
    "xdel",
    "xgroup",
    "xgroup|create",
    "xgroup|createconsumer",
    "xgroup|delconsumer",
    "xgroup|destroy",
    "xgroup|help",
    "xgroup|setid",
    "xinfo",
    "xinfo|consumers",
    "xinfo|groups",
    "xinfo|help",
    "xinfo|stream",
    "xlen",
    "xpending",
    "xrange",
    "xread",
    "xreadgroup",
    "xrevrange",
    "xsetid",
    "xtrim",
]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Launch};
    use crate::engine::command_table;

    #[test]
    fn none_of_them_is_here() {
        let config = Config::load(&Launch::default()).expect("the defaults");
        let table = command_table(&config).expect("a table");
        for name in ABSENT.iter() {
            assert!(table.by_full_name(name.as_bytes()).is_none(), "{name} is here: take it off the list");
        }
    }
}
