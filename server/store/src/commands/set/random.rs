//! Random members.

use crate::call::{Call, Done, EventClass, Fault, Outcome};
use crate::commands::items::write_item;
use crate::commands::picks::{Picks, repeat};
use crate::keyspace::Found;
use crate::listpack::Item;

use super::{change, view};

/// Members that one `SREM` tells replicas of at most, so that no single command becomes too long.
const BATCH: usize = 1024;

pub(super) fn srandmember(call: &mut Call<'_>) -> Outcome {
    let count = match call.argc() {
        2 => None,
        3 => Some(Picks::read(call, 2)?),
        _ => return Err(Fault::Syntax),
    };
    let Some(found) = call.read(call.arg(1)) else {
        return call.answer(|reply| match count {
            None => reply.null(),
            Some(_) => reply.array(0),
        });
    };
    let (mut random, end_max) = (call.shard.random.clone(), call.reply_end_max());
    let set = view(call.shard, call.db, found)?;
    let reply = &mut call.reply;
    let mut done = Done::Replied;
    match count {
        None => set.pick(1, &mut random, |item| write_item(reply, item)),
        Some(Picks::Repeated(count)) => {
            reply.array(count);
            done = repeat(reply, count, end_max, |count, reply| {
                set.pick(count, &mut random, |item| {
                    if reply.position() <= end_max {
                        write_item(reply, item);
                    }
                });
            });
        }
        Some(Picks::Different(count)) => {
            let count = count.min(set.len());
            reply.array(count);
            set.sample(count, &mut random, |item| write_item(reply, item));
        }
    }
    call.shard.random = random;
    Ok(done)
}

pub(super) fn spop(call: &mut Call<'_>) -> Outcome {
    let count = match call.argc() {
        2 => None,
        3 => Some(call.count_at(2, "value is out of range, must be positive")?),
        _ => return Err(Fault::Syntax),
    };
    let key = call.arg(1);
    let Some(found) = call.find(key) else {
        return call.answer(|reply| match count {
            None => reply.null(),
            Some(_) => reply.set(0),
        });
    };
    let len = view(call.shard, call.db, found)?.len();
    let taken = count.unwrap_or(1).min(len);
    if count.is_some() {
        call.reply.set(taken);
    }
    if taken > 0 {
        take(call, found, key, taken, taken == len)?;
    }
    Ok(Done::Replied)
}

/// Removes so many members and writes them.
fn take(call: &mut Call<'_>, found: Found, key: &[u8], count: usize, all: bool) -> Result<(), Fault> {
    let mut random = call.shard.random.clone();
    let mut taken = Vec::with_capacity(count.min(BATCH));
    change(call, found, |set, rules| set.take(count, &mut random, rules, |item: Item<'_>| taken.push(item.to_vec())))?;
    call.shard.random = random;
    taken.iter().for_each(|member| call.reply.bulk(member));
    call.changed(key);
    call.effects.dirty += count as u64 - 1;
    call.event(EventClass::Set, "spop", key);
    if all {
        call.delete_emptied(found, key);
        call.effects.gone_instead(key, call.shard.settings.unlinks_emptied);
        return Ok(());
    }
    let mut taken = taken.into_iter().peekable();
    while taken.peek().is_some() {
        let mut command = vec![b"SREM".to_vec(), key.to_vec()];
        command.extend(taken.by_ref().take(BATCH));
        call.effects.instead(command);
    }
    Ok(())
}
