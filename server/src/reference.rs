//! The documentation page of supported commands, from the table that they are run by.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bongsu_protocol::command::CommandSpec;
use bongsu_store::commands;

use crate::commands as server_commands;

/// All commands as a page in Markdown, by group.
pub fn command_reference() -> String {
    let data = commands::all().map(|command| &command.spec);
    let server = server_commands::specs();
    let mut groups: BTreeMap<&str, Vec<&CommandSpec>> = BTreeMap::new();
    for spec in data.chain(server) {
        groups.entry(spec.docs.group).or_default().push(spec);
    }
    let count: usize = groups.values().map(Vec::len).sum();
    let mut page = format!(
        "# Commands of `bongsu server`\n\n{count} commands with the semantics of Redis 7.2. `COMMAND DOCS` and `COMMAND INFO` tell the same on the wire.\n"
    );
    for (group, mut specs) in groups {
        specs.sort_by_key(|spec| spec.name);
        // Writing to a string cannot fail.
        let _ = writeln!(page, "\n## {group}\n\n| command | since | what it does | cost |\n|---|---|---|---|");
        for spec in specs {
            row(&mut page, "", spec);
            let mut parts: Vec<&CommandSpec> = spec.subcommands.iter().collect();
            parts.sort_by_key(|part| part.name);
            parts.into_iter().for_each(|part| row(&mut page, spec.name, part));
        }
    }
    absent(&mut page);
    page
}

/// What somebody who comes from Redis looks for in vain.
fn absent(page: &mut String) {
    let names: Vec<String> =
        server_commands::ABSENT.iter().map(|name| format!("`{}`", name.replace('|', " ").to_uppercase())).collect();
    let _ = writeln!(
        page,
        "\n## Not here\n\nThe rules of users and `rename-command` may name these commands of Redis 7.2, so that users and configurations written for it load and are written back as they were. Nobody can run them.\n\n{}",
        names.join(", ")
    );
}

fn row(page: &mut String, container: &str, spec: &CommandSpec) {
    let name = format!("{container} {}", spec.name).trim().to_uppercase();
    let docs = &spec.docs;
    let instead = if docs.replaced_by.is_empty() { String::new() } else { format!(" (better: {})", docs.replaced_by) };
    let _ = writeln!(page, "| `{name}` | {} | {}{instead} | {} |", docs.since, docs.summary, docs.complexity);
}
