//! `SORT` and `SORT_RO`.

mod options;
mod pattern;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::ops::Range;

use bongsu_protocol::resp::parse_integer;

pub(super) use options::keys_of;

use crate::call::{Call, Done, EventClass, Fault, Outcome};
use crate::keyspace::{Found, New, Object, Stored};
use crate::list::{End, Limit, List};
use crate::number::parse_double;

use options::Options;

pub(super) fn sort(call: &mut Call<'_>) -> Outcome {
    let options = Options::read(call, true)?;
    run(call, options)
}

pub(super) fn sort_ro(call: &mut Call<'_>) -> Outcome {
    let options = Options::read(call, false)?;
    run(call, options)
}

/// An element, and what it is sorted by.
struct Entry {
    element: Vec<u8>,
    score: f64,
    by: Option<Vec<u8>>,
}

fn run(call: &mut Call<'_>, mut options: Options<'_>) -> Outcome {
    let found = call.read(call.arg(1));
    let (len, is_set) = match found.map(|found| call.value(found)) {
        None => (0, false),
        Some(Stored::Object(Object::List(list))) => (list.len(), false),
        Some(Stored::Object(Object::Set(set))) => (set.len(), true),
        Some(Stored::Object(Object::Zset(zset))) => (zset.len(), false),
        Some(_) => return Err(Fault::WrongType),
    };
    // The order of a set means nothing: neither what is stored nor what a script does may depend on it.
    if is_set && !options.sorts && (options.store.is_some() || call.caller.is_script) {
        (options.sorts, options.alpha, options.by) = (true, true, None);
    }
    let range = options.range(len);
    let loads_range = !options.sorts && !is_set;
    let mut entries = match found {
        Some(found) => load(call, found, if loads_range { range.clone() } else { 0..len }, &options),
        None => Vec::new(),
    };
    if options.sorts {
        weigh(call, &mut entries, &options)?;
        entries.sort_by(|one, other| compare(one, other, &options));
    }
    let chosen = if loads_range { &entries[..] } else { &entries[range] };
    match options.store {
        Some(key) => store(call, key, chosen, &options),
        None => write(call, chosen, &options),
    }
}

/// The elements of these ranks.
fn load(call: &Call<'_>, found: Found, ranks: Range<usize>, options: &Options<'_>) -> Vec<Entry> {
    let backwards = options.desc && !options.sorts;
    let entry = |element: Vec<u8>| Entry { element, score: 0.0, by: None };
    match call.value(found) {
        Stored::Object(Object::List(list)) => {
            let index = if backwards { list.len().checked_sub(ranks.start + 1) } else { Some(ranks.start) };
            let from = index.and_then(|index| list.seek(index));
            let items = list.iter_from(from, if backwards { End::Left } else { End::Right });
            items.take(ranks.len()).map(|item| entry(item.to_vec())).collect()
        }
        Stored::Object(Object::Set(set)) => set.iter().map(|item| entry(item.to_vec())).collect(),
        Stored::Object(Object::Zset(zset)) => {
            let mut entries = Vec::with_capacity(ranks.len());
            let ranks = if backwards { zset.len() - ranks.end..zset.len() - ranks.start } else { ranks };
            zset.each(ranks, backwards, |member, _| entries.push(entry(member.to_vec())));
            entries
        }
        _ => Vec::new(),
    }
}

/// Finds out what each element is sorted by.
fn weigh(call: &mut Call<'_>, entries: &mut [Entry], options: &Options<'_>) -> Result<(), Fault> {
    let mut all_are_numbers = true;
    for entry in entries {
        let by = options.by.map(|pattern| pattern::look_up(call, pattern, &entry.element));
        if options.alpha {
            entry.by = by.flatten();
            continue;
        }
        let score = match &by {
            None => score(&entry.element),
            Some(Some(text)) => score(text),
            Some(None) => Some(0.0),
        };
        all_are_numbers &= score.is_some();
        entry.score = score.unwrap_or(0.0);
    }
    if all_are_numbers { Ok(()) } else { Err(Fault::text("ERR One or more scores can't be converted into double")) }
}

/// The number that a text is, up to its first byte that is zero, and without blanks before it; no text is zero.
fn score(text: &[u8]) -> Option<f64> {
    if let Some(n) = parse_integer(text) {
        return Some(n as f64);
    }
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    if text.is_empty() { Some(0.0) } else { parse_double(text.trim_ascii_start()) }
}

fn compare(one: &Entry, other: &Entry, options: &Options<'_>) -> Ordering {
    let ordering = match (options.alpha, options.by) {
        (false, _) => {
            one.score.partial_cmp(&other.score).unwrap_or(Ordering::Equal).then_with(|| one.element.cmp(&other.element))
        }
        (true, Some(_)) => one.by.cmp(&other.by),
        (true, None) => one.element.cmp(&other.element),
    };
    if options.desc { ordering.reverse() } else { ordering }
}

fn write(call: &mut Call<'_>, chosen: &[Entry], options: &Options<'_>) -> Outcome {
    call.reply.array(chosen.len() * options.gets.len().max(1));
    for entry in chosen {
        if options.gets.is_empty() {
            call.reply.bulk(&entry.element);
        }
        for pattern in &options.gets {
            match pattern::look_up(call, pattern, &entry.element) {
                Some(text) => call.reply.bulk(text),
                None => call.reply.null(),
            }
        }
    }
    Ok(Done::Replied)
}

fn store(call: &mut Call<'_>, key: &[u8], chosen: &[Entry], options: &Options<'_>) -> Outcome {
    let limit = Limit::of(call.shard.settings.list_max_listpack_size);
    let mut list = List::default();
    let mut push = |bytes: &[u8]| {
        list.prepare(1, bytes.len(), limit);
        list.push(End::Right, bytes, limit);
    };
    for entry in chosen {
        if options.gets.is_empty() {
            push(&entry.element);
        }
        for pattern in &options.gets {
            push(&pattern::look_up(call, pattern, &entry.element).unwrap_or_default());
        }
    }
    let len = list.len();
    if len > 0 {
        call.store(key, New::Object(Object::List(list)), None);
        call.effects.dirty += len as u64 - 1;
        call.event(EventClass::List, "sortstore", key);
        call.effects.ready(call.db, key);
    } else if let Some(found) = call.find(key) {
        call.delete(found, key);
    }
    call.count(len)
}
