//! The reply of `COMMAND DOCS`.

use super::info_reply::write_words;
use super::synopsis::Argument;
use super::{ArgKind, Command, CommandTable};
use crate::resp::Writer;

/// Writes name and documentation of one command, subcommands included.
pub(super) fn write_docs(out: &mut Writer<'_>, table: &CommandTable, command: &Command) {
    let docs = &command.spec.docs;
    let texts =
        [("summary", docs.summary), ("since", docs.since), ("group", docs.group), ("complexity", docs.complexity)];
    let deprecation = [("deprecated_since", docs.deprecated_since), ("replaced_by", docs.replaced_by)];
    let given = |texts: &[(&'static str, &'static str)]| -> Vec<_> {
        texts.iter().copied().filter(|(_, text)| !text.is_empty()).collect()
    };
    let (texts, deprecation) = (given(&texts), given(&deprecation));
    let subcommands = table.subcommands_of(command).count();
    let arguments = command.arguments().unwrap_or_default();
    let lists = [!deprecation.is_empty(), !docs.history.is_empty(), !arguments.is_empty(), is_container(command)];
    let pairs = texts.len() + deprecation.len() + lists.iter().filter(|list| **list).count();
    out.bulk(&*command.full_name);
    out.map(pairs);
    for (name, text) in texts {
        out.bulk(name);
        out.bulk(text);
    }
    if !deprecation.is_empty() {
        out.bulk("doc_flags");
        write_words(out, std::iter::once("deprecated"), "");
    }
    for (name, text) in deprecation {
        out.bulk(name);
        out.bulk(text);
    }
    if !docs.history.is_empty() {
        out.bulk("history");
        out.set(docs.history.len());
        for (version, change) in docs.history {
            out.array(2);
            out.bulk(version);
            out.bulk(change);
        }
    }
    if !arguments.is_empty() {
        out.bulk("arguments");
        write_arguments(out, &arguments);
    }
    if is_container(command) {
        out.bulk("subcommands");
        out.map(subcommands);
        for subcommand in table.subcommands_of(command) {
            write_docs(out, table, subcommand);
        }
    }
}

fn is_container(command: &Command) -> bool {
    !command.spec.subcommands.is_empty()
}

fn write_arguments(out: &mut Writer<'_>, arguments: &[Argument]) {
    out.array(arguments.len());
    for argument in arguments {
        write_argument(out, argument);
    }
}

fn write_argument(out: &mut Writer<'_>, argument: &Argument) {
    // What has arguments of its own is shown by them.
    let shown = match (argument.display.as_str(), argument.kind) {
        (_, ArgKind::OneOf | ArgKind::Block) => "",
        ("", _) => argument.name.as_str(),
        (display, _) => display,
    };
    let texts = [
        ("display_text", shown),
        ("token", argument.token.as_str()),
        ("since", argument.since),
        ("deprecated_since", argument.deprecated_since),
    ];
    let given = texts.iter().filter(|(_, text)| !text.is_empty());
    let optional = [argument.key_spec_index.is_some(), !argument.flags.is_empty(), !argument.arguments.is_empty()];
    out.map(2 + given.clone().count() + optional.iter().filter(|present| **present).count());
    out.bulk("name");
    out.bulk(&*argument.name);
    out.bulk("type");
    out.bulk(argument.kind.name());
    if let Some(index) = argument.key_spec_index {
        out.bulk("key_spec_index");
        out.integer(i64::try_from(index).unwrap_or(i64::MAX));
    }
    for (name, text) in given {
        out.bulk(name);
        out.bulk(text);
    }
    if !argument.flags.is_empty() {
        out.bulk("flags");
        write_words(out, argument.flags.names(), "");
    }
    if !argument.arguments.is_empty() {
        out.bulk("arguments");
        write_arguments(out, &argument.arguments);
    }
}
