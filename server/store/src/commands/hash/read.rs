//! Reading hashes.

use crate::call::{Call, Done, Outcome};
use crate::commands::items::write_item;
use crate::commands::scan::{ScanOptions, cursor, write_scan};
use crate::listpack::Digits;

use super::view;

pub(super) fn hget(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.null()) };
    match view(call.shard, call.db, found)?.get(call.arg(2)) {
        Some(value) => write_item(&mut call.reply, value),
        None => call.reply.null(),
    }
    Ok(Done::Replied)
}

pub(super) fn hmget(call: &mut Call<'_>) -> Outcome {
    let fields = &call.argv[2..];
    let hash = match call.read(call.arg(1)) {
        Some(found) => Some(view(call.shard, call.db, found)?),
        None => None,
    };
    call.reply.array(fields.len());
    for field in fields {
        match hash.and_then(|hash| hash.get(field)) {
            Some(value) => write_item(&mut call.reply, value),
            None => call.reply.null(),
        }
    }
    Ok(Done::Replied)
}

pub(super) fn hgetall(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.map(0)) };
    let hash = view(call.shard, call.db, found)?;
    call.reply.map(hash.len());
    hash.iter().for_each(|(field, value)| {
        write_item(&mut call.reply, field);
        write_item(&mut call.reply, value);
    });
    Ok(Done::Replied)
}

pub(super) fn hkeys(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.array(0)) };
    let hash = view(call.shard, call.db, found)?;
    call.reply.array(hash.len());
    hash.iter().for_each(|(field, _)| write_item(&mut call.reply, field));
    Ok(Done::Replied)
}

pub(super) fn hvals(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.array(0)) };
    let hash = view(call.shard, call.db, found)?;
    call.reply.array(hash.len());
    hash.iter().for_each(|(_, value)| write_item(&mut call.reply, value));
    Ok(Done::Replied)
}

pub(super) fn hlen(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let len = view(call.shard, call.db, found)?.len();
    call.count(len)
}

pub(super) fn hstrlen(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let len = view(call.shard, call.db, found)?.get(call.arg(2)).map_or(0, |value| value.len());
    call.count(len)
}

pub(super) fn hexists(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let is_there = view(call.shard, call.db, found)?.contains(call.arg(2));
    call.number(i64::from(is_there))
}

pub(super) fn hscan(call: &mut Call<'_>) -> Outcome {
    let mut at = cursor(call, 2)?;
    let Some(found) = call.read(call.arg(1)) else { return write_scan(call, 0, &[]) };
    let hash = view(call.shard, call.db, found)?;
    let options = ScanOptions::read_pairs(call, 3, "NOVALUES")?;
    let (mut elements, mut seen) = (Vec::new(), 0);
    let (mut field_digits, mut value_digits) = (Digits::default(), Digits::default());
    loop {
        at = hash.scan(at, |field, value| {
            let field = field.bytes(&mut field_digits);
            seen += 1;
            if options.accepts(field) {
                elements.push(field.to_vec());
                if !options.bare {
                    elements.push(value.bytes(&mut value_digits).to_vec());
                }
            }
        });
        if at == 0 || seen >= options.count {
            break;
        }
    }
    write_scan(call, at, &elements)
}
