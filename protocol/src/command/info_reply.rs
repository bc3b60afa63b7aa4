//! The reply of `COMMAND` and `COMMAND INFO`.

use super::{BeginSearch, Command, CommandFlags, CommandSpec, CommandTable, FindKeys, KeyAccess, KeySpec};
use crate::resp::Writer;

/// Elements of one command's entry: name, arity, flags, first key, last key, step, categories, tips, key
/// specifications, subcommands.
const ENTRY_LEN: usize = 10;

/// Writes the entry of one command, subcommands included.
pub(super) fn write_entry(out: &mut Writer<'_>, table: &CommandTable, command: &Command) {
    let spec = command.spec;
    out.array(ENTRY_LEN);
    out.bulk(&*command.full_name);
    out.integer(spec.arity.into());
    write_words(out, printed_flags(spec).names(), "");
    let (first, last, step) = legacy_range(spec.key_specs);
    for position in [first, last, step] {
        out.integer(position);
    }
    write_words(out, spec.all_categories().names(), "@");
    out.set(spec.tips.len());
    for tip in spec.tips {
        out.bulk(tip);
    }
    out.set(spec.key_specs.len());
    for key_spec in spec.key_specs {
        write_key_spec(out, key_spec);
    }
    if spec.subcommands.is_empty() {
        out.set(0);
        return;
    }
    out.array(table.subcommands_of(command).count());
    for subcommand in table.subcommands_of(command) {
        write_entry(out, table, subcommand);
    }
}

/// `movablekeys` follows from the key specifications: they do not tell where all keys are.
fn printed_flags(spec: &CommandSpec) -> CommandFlags {
    let misses = |keys: &KeySpec| keys.access.contains(KeyAccess::INCOMPLETE) || range_of(keys).is_none();
    let movable = spec.key_specs.iter().any(misses) || spec.find_keys.is_some() && spec.key_specs.is_empty();
    if movable { spec.flags.with(CommandFlags::MOVABLE_KEYS) } else { spec.flags }
}

pub(super) fn write_words(out: &mut Writer<'_>, words: impl Iterator<Item = &'static str>, prefix: &str) {
    let words: Vec<_> = words.collect();
    out.set(words.len());
    for word in words {
        out.simple(&format!("{prefix}{word}"));
    }
}

/// The triple of old clients: first key, last key, step; all zero if the keys cannot be described that way.
fn legacy_range(specs: &[KeySpec]) -> (i64, i64, i64) {
    let ranges: Vec<_> = specs.iter().filter_map(range_of).collect();
    if let ([range], 1) = (ranges.as_slice(), specs.len()) {
        return *range;
    }
    let mut joined: Option<(i64, i64)> = None;
    for (first, last, _) in ranges.into_iter().filter(|(_, _, step)| *step == 1) {
        joined = match joined {
            None => Some((first, last)),
            Some((start, end)) if end + 1 == first => Some((start, last)),
            unchanged => unchanged,
        };
    }
    joined.map_or((0, 0, 0), |(first, last)| (first, last, 1))
}

fn range_of(spec: &KeySpec) -> Option<(i64, i64, i64)> {
    let (BeginSearch::Index(first), FindKeys::Range { last, step, .. }) = (spec.begin, spec.find) else {
        return None;
    };
    let first = i64::try_from(first).ok()?;
    let last = i64::from(last);
    Some((first, if last >= 0 { first + last } else { last }, i64::try_from(step).ok()?))
}

fn write_key_spec(out: &mut Writer<'_>, spec: &KeySpec) {
    out.map(if spec.notes.is_empty() { 3 } else { 4 });
    if !spec.notes.is_empty() {
        out.bulk("notes");
        out.bulk(spec.notes);
    }
    out.bulk("flags");
    write_words(out, spec.access.names(), "");
    out.bulk("begin_search");
    match spec.begin {
        BeginSearch::Index(index) => write_method(out, "index", &[("index", Field::number(index))]),
        BeginSearch::Keyword { keyword, start_from } => {
            let fields = [("keyword", Field::Text(keyword)), ("startfrom", Field::Number(start_from.into()))];
            write_method(out, "keyword", &fields);
        }
        BeginSearch::Unknown => write_method(out, "unknown", &[]),
    }
    out.bulk("find_keys");
    match spec.find {
        FindKeys::Range { last, step, limit } => {
            let last = ("lastkey", Field::Number(last.into()));
            write_method(out, "range", &[last, ("keystep", Field::number(step)), ("limit", Field::number(limit))]);
        }
        FindKeys::KeyNum { number_at, first, step } => {
            let number_at = ("keynumidx", Field::number(number_at));
            write_method(
                out,
                "keynum",
                &[number_at, ("firstkey", Field::number(first)), ("keystep", Field::number(step))],
            );
        }
        FindKeys::Unknown => write_method(out, "unknown", &[]),
    }
}

enum Field {
    Text(&'static str),
    Number(i64),
}

impl Field {
    fn number(value: usize) -> Self {
        Self::Number(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

fn write_method(out: &mut Writer<'_>, kind: &str, fields: &[(&str, Field)]) {
    out.map(2);
    out.bulk("type");
    out.bulk(kind);
    out.bulk("spec");
    out.map(fields.len());
    for (name, value) in fields {
        out.bulk(name);
        match value {
            Field::Text(text) => out.bulk(text),
            Field::Number(number) => out.integer(*number),
        }
    }
}
