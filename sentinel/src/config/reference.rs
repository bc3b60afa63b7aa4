//! The reference page, made from the tables.

use std::fmt::Write as _;

use super::directive::Section;
use super::group::GROUP_OPTIONS;
use super::kept::KEPT_DIRECTIVES;
use super::section::{NamedSection, SECTIONS};
use super::sentinel::SENTINEL_DIRECTIVES;
use super::server::SERVER_DIRECTIVES;
use super::value::Syntax;

const HEAD: &str = "\
<!-- Made by `bongsu config reference`; a test keeps it current. -->
# Configuration of a sentinel

Every directive may stand in a `sentinel.conf`, as a key in a YAML file, and on the command line as `--directive value ...`.
Later lines win; the command line comes last. `bongsu config check FILE` tells what a file amounts to, and
`bongsu config convert sentinel.conf` prints it as YAML.

A `.conf` file is rewritten in place, because it also holds the run-time state. A YAML file is never written: the state lives in
`state-dir`. In YAML, directives of the sentinel stand at the top level without the word `sentinel`, groups are a list under
`masters` with `name`, `host`, `port`, `quorum` and the options of a group, users a list under `users`. A secret is text,
`{file: PATH}` or `{env: NAME}`.
";

const PARTS: [(Section, &str); 4] = [
    (Section::Network, "Listeners and clients"),
    (Section::Tls, "TLS"),
    (Section::Process, "Process and log"),
    (Section::Access, "Users and access"),
];

/// The reference page, in Markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for (section, title) in PARTS {
        heading(&mut page, title, "");
        for directive in SERVER_DIRECTIVES.iter().filter(|directive| directive.section == section) {
            row(&mut page, directive.name, directive.syntax, directive.default, directive.help);
        }
    }
    heading(&mut page, "The sentinel", "In a `.conf` file: `sentinel <directive> <value>`.\n");
    for directive in SENTINEL_DIRECTIVES.iter() {
        if let Some(setting) = directive.setting {
            row(&mut page, directive.name, setting.syntax, setting.default, directive.help);
        }
    }
    heading(
        &mut page,
        "Options of a group",
        "In a `.conf` file: `sentinel <directive> <group> <value>`, after or before its\n`sentinel monitor <group> <host> <port> <quorum>`.\n",
    );
    for option in GROUP_OPTIONS {
        let names = std::iter::once(&option.name).chain(option.aliases).copied().collect::<Vec<_>>().join("` or `");
        row(&mut page, &names, option.syntax, option.default, option.help);
    }
    page.push_str("\n## Other `sentinel` lines\n| line | meaning |\n|---|---|\n");
    for directive in SENTINEL_DIRECTIVES.iter().filter(|d| d.setting.is_none()) {
        if GROUP_OPTIONS.iter().any(|option| option.name == directive.name) {
            continue;
        }
        let by_whom = if directive.generated { " Written by the sentinel." } else { "" };
        let usage = directive.usage.replace('|', "\\|");
        let _infallible = writeln!(page, "| `{} {usage}` | {}{by_whom} |", directive.name, directive.help);
    }
    for section in SECTIONS {
        named_section(&mut page, section);
    }
    page.push_str("\n## Accepted without effect\nDirectives of data servers, so that their files load too: ");
    let kept: Vec<String> = KEPT_DIRECTIVES.iter().map(|name| format!("`{name}`")).collect();
    let _infallible = writeln!(page, "{}.", kept.join(", "));
    page
}

fn named_section(page: &mut String, section: &NamedSection) {
    let NamedSection { yaml, word, title, help, keys, .. } = section;
    let _infallible = writeln!(
        page,
        "\n## {title}\n{help}\nIn YAML: a list under `{yaml}`, each entry with `name` and these keys. In a `.conf` file: lines `{word} <name> <key> <value ...>`.\n"
    );
    page.push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
    for key in *keys {
        let default = match key.default {
            "" if key.required => "required".to_owned(),
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let _infallible = writeln!(page, "| `{}` | {} | {default} | {} |", key.name, key.takes.describe(), key.help);
    }
}

fn heading(page: &mut String, title: &str, note: &str) {
    let note = if note.is_empty() { String::new() } else { format!("{note}\n") };
    let _infallible =
        writeln!(page, "\n## {title}\n{note}| directive | value | default | meaning |\n|---|---|---|---|");
}

fn row(page: &mut String, name: &str, syntax: Syntax, default: &str, help: &str) {
    let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
    let _infallible = writeln!(page, "| `{name}` | {} | {default} | {help} |", syntax.describe());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/sentinel-reference.md");
        let kept = std::fs::read_to_string(path).expect("the page is in the repository");
        assert!(kept == reference(), "write the output of `bongsu config reference` to configs/sentinel-reference.md");
    }

    #[test]
    fn settings_of_the_sentinel_have_the_documented_defaults() {
        let defaults = crate::config::Settings::default();
        for directive in SENTINEL_DIRECTIVES.iter() {
            let Some(setting) = directive.setting else { continue };
            let shown = (setting.lines)(&defaults).concat().trim_matches('"').to_owned();
            assert_eq!(shown, setting.default, "{}", directive.name);
        }
    }
}
