//! Reading one set.

use crate::call::{Call, Done, Outcome};
use crate::commands::items::write_item;
use crate::commands::scan::{ScanOptions, cursor, write_scan};
use crate::listpack::Digits;

use super::view;

pub(super) fn scard(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let len = view(call.shard, call.db, found)?.len();
    call.count(len)
}

pub(super) fn sismember(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let is_member = view(call.shard, call.db, found)?.contains(call.arg(2));
    call.number(i64::from(is_member))
}

pub(super) fn smismember(call: &mut Call<'_>) -> Outcome {
    let members = &call.argv[2..];
    let set = match call.read(call.arg(1)) {
        Some(found) => Some(view(call.shard, call.db, found)?),
        None => None,
    };
    call.reply.array(members.len());
    for member in members {
        call.reply.integer(i64::from(set.is_some_and(|set| set.contains(member))));
    }
    Ok(Done::Replied)
}

pub(super) fn smembers(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.set(0)) };
    let set = view(call.shard, call.db, found)?;
    call.reply.set(set.len());
    set.iter().for_each(|item| write_item(&mut call.reply, item));
    Ok(Done::Replied)
}

pub(super) fn sscan(call: &mut Call<'_>) -> Outcome {
    let mut at = cursor(call, 2)?;
    let found = call.read(call.arg(1));
    let Some(found) = found else { return write_scan(call, 0, &[]) };
    let set = view(call.shard, call.db, found)?;
    let options = ScanOptions::read(call, 3, false)?;
    let (mut elements, mut seen, mut digits) = (Vec::new(), 0, Digits::default());
    loop {
        at = set.scan(at, |item| {
            let member = item.bytes(&mut digits);
            seen += 1;
            if options.accepts(member) {
                elements.push(member.to_vec());
            }
        });
        if at == 0 || seen >= options.count {
            break;
        }
    }
    write_scan(call, at, &elements)
}
