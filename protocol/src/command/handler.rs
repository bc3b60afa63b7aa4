//! The `COMMAND` family over any table.

use super::docs_reply::write_docs;
use super::info_reply::{write_entry, write_words};
use super::{Categories, Command, CommandTable, write_help};
use crate::glob;
use crate::resp::Writer;

const HELP: &[&str] = &[
    "(no subcommand)",
    "    Return details about all commands.",
    "COUNT",
    "    Return the total number of commands in this server.",
    "LIST",
    "    Return a list of all commands in this server.",
    "INFO [<command-name> ...]",
    "    Return details about multiple commands.",
    "    If no command names are given, details for all commands are returned.",
    "DOCS [<command-name> ...]",
    "    Return documentation details about multiple commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "GETKEYS <full-command>",
    "    Return the keys from a full command.",
    "GETKEYSANDFLAGS <full-command>",
    "    Return the keys and the access flags from a full command.",
];

/// Answers a `COMMAND ...` request whose name and arity the table has already accepted.
pub fn handle_command(table: &CommandTable, argv: &[&[u8]], out: &mut Writer<'_>) {
    let subcommand = argv.get(1).map(|name| name.to_ascii_lowercase()).unwrap_or_default();
    let names = argv.get(2..).unwrap_or_default();
    match subcommand.as_slice() {
        b"" => write_all_entries(table, out),
        b"count" => out.integer(i64::try_from(table.top_level().count()).unwrap_or(i64::MAX)),
        b"list" => write_list(table, names, out),
        b"info" if names.is_empty() => write_all_entries(table, out),
        b"info" => write_entries(table, names, out),
        b"docs" => write_all_docs(table, names, out),
        b"getkeys" => write_keys(table, names, false, out),
        b"getkeysandflags" => write_keys(table, names, true, out),
        b"help" => write_help(out, "COMMAND", HELP),
        _ => {
            let name = String::from_utf8_lossy(&subcommand);
            out.error(format!("ERR unknown subcommand '{name}'. Try COMMAND HELP."));
        }
    }
}

fn listed<'t>(table: &'t CommandTable, name: &[u8]) -> Option<&'t Command> {
    table.by_full_name(name).filter(|command| command.is_listed())
}

fn write_all_entries(table: &CommandTable, out: &mut Writer<'_>) {
    out.array(table.top_level().count());
    for command in table.top_level() {
        write_entry(out, table, command);
    }
}

fn write_entries(table: &CommandTable, names: &[&[u8]], out: &mut Writer<'_>) {
    out.array(names.len());
    for name in names {
        match listed(table, name) {
            Some(command) => write_entry(out, table, command),
            None => out.null(),
        }
    }
}

fn write_all_docs(table: &CommandTable, names: &[&[u8]], out: &mut Writer<'_>) {
    let commands: Vec<&Command> = if names.is_empty() {
        table.top_level().collect()
    } else {
        names.iter().filter_map(|name| listed(table, name)).collect()
    };
    out.map(commands.len());
    for command in commands {
        write_docs(out, table, command);
    }
}

/// `COMMAND LIST [FILTERBY <ACLCAT category | PATTERN glob | MODULE name>]`
fn write_list(table: &CommandTable, options: &[&[u8]], out: &mut Writer<'_>) {
    let all = table.iter().filter(|command| command.is_listed());
    let found: Vec<&Command> = match options {
        [] => all.collect(),
        [filter, kind, value] if filter.eq_ignore_ascii_case(b"FILTERBY") => {
            match kind.to_ascii_uppercase().as_slice() {
                b"ACLCAT" => match Categories::named(value) {
                    Some(category) => all.filter(|command| command.spec.all_categories().contains(category)).collect(),
                    None => Vec::new(),
                },
                b"PATTERN" => {
                    all.filter(|command| glob::matches_ignoring_case(value, command.full_name.as_bytes())).collect()
                }
                // No command of these tables comes from a module.
                b"MODULE" => Vec::new(),
                _ => return out.error("ERR syntax error"),
            }
        }
        _ => return out.error("ERR syntax error"),
    };
    out.array(found.len());
    for command in found {
        out.bulk(&*command.full_name);
    }
}

fn write_keys(table: &CommandTable, request: &[&[u8]], with_flags: bool, out: &mut Writer<'_>) {
    let Ok(command) = table.find(request) else {
        return out.error("ERR Invalid command specified");
    };
    if !command.spec.has_keys() {
        return out.error("ERR The command has no key arguments");
    }
    if !command.spec.accepts(request.len()) {
        return out.error("ERR Invalid number of arguments specified for command");
    }
    let Some(keys) = command.spec.keys_of(request) else {
        return out.error("ERR Invalid arguments specified for command");
    };
    out.array(keys.len());
    for key in keys {
        let name = request.get(key.position).copied().unwrap_or_default();
        if with_flags {
            out.array(2);
            out.bulk(name);
            write_words(out, key.access.names(), "");
        } else {
            out.bulk(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ask, table};
    use super::*;

    fn command(line: &str) -> String {
        ask(line, |argv, out| handle_command(&table(), argv, out))
    }

    #[test]
    fn info_has_ten_elements_with_key_specifications() {
        let get = "*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*3\r\n+@read\r\n+@string\r\n\
                   +@fast\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n+access\r\n$12\r\nbegin_search\r\n*4\r\n\
                   $4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n*4\r\n\
                   $4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n\
                   $5\r\nlimit\r\n:0\r\n*0\r\n";
        assert_eq!(command("command info get"), format!("*1\r\n{get}"));
        assert_eq!(command("command info nosuch"), "*1\r\n$-1\r\n");
    }

    #[test]
    fn a_subcommand_has_an_entry_of_its_own() {
        let list = "*1\r\n*10\r\n$11\r\nclient|list\r\n:-2\r\n*4\r\n+admin\r\n+noscript\r\n+loading\r\n+stale\r\n:0\r\n\
                    :0\r\n:0\r\n*4\r\n+@admin\r\n+@slow\r\n+@dangerous\r\n+@connection\r\n*1\r\n\
                    $23\r\nnondeterministic_output\r\n*0\r\n*0\r\n";
        assert_eq!(command("command info client|list"), list);
    }

    #[test]
    fn hidden_commands_are_in_no_listing() {
        assert_eq!(command("command info quit"), "*1\r\n$-1\r\n");
        assert_eq!(command("command docs quit"), "*0\r\n");
        assert!(!command("command list").contains("quit"));
        assert_eq!(command("command count"), format!(":{}\r\n", table().top_level().count()));
    }

    #[test]
    fn docs_leave_out_what_is_empty() {
        let docs = "*2\r\n$3\r\nget\r\n*8\r\n$7\r\nsummary\r\n$20\r\nGet the string value\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n\
                    $5\r\ngroup\r\n$6\r\nstring\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n";
        assert_eq!(command("command docs get nosuch"), docs);
    }

    #[test]
    fn lists_can_be_filtered() {
        assert_eq!(command("command list filterby pattern MSE*"), "*1\r\n$4\r\nmset\r\n");
        assert_eq!(command("command list filterby aclcat nope"), "*0\r\n");
        assert_eq!(command("command list filterby module m"), "*0\r\n");
        assert_eq!(command("command list x"), "-ERR syntax error\r\n");
    }

    #[test]
    fn keys_of_a_request() {
        assert_eq!(command("command getkeys mset a 0 c 1"), "*2\r\n$1\r\na\r\n$1\r\nc\r\n");
        assert_eq!(command("command getkeysandflags set a b"), "*1\r\n*2\r\n$1\r\na\r\n*2\r\n+OW\r\n+update\r\n");
        assert_eq!(command("command getkeys nope a"), "-ERR Invalid command specified\r\n");
        assert_eq!(command("command getkeys client foo"), "-ERR Invalid command specified\r\n");
        assert_eq!(command("command getkeys ping"), "-ERR The command has no key arguments\r\n");
        assert_eq!(command("command getkeys get"), "-ERR Invalid number of arguments specified for command\r\n");
    }
}
