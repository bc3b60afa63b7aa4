//! Random fields.

use bongsu_protocol::resp::{Protocol, Writer};

use crate::call::{Call, Done, Fault, Outcome};
use crate::commands::items::write_item;
use crate::commands::picks::{Picks, repeat};
use crate::listpack::Item;

use super::view;

pub(super) fn hrandfield(call: &mut Call<'_>) -> Outcome {
    let picks = if call.argc() > 2 { Some(Picks::read(call, 2)?) } else { None };
    let with_values = call.argc() == 4 && call.is(3, "WITHVALUES");
    if call.argc() > 4 || (call.argc() == 4 && !with_values) {
        return Err(Fault::Syntax);
    }
    if with_values && let Some(picks) = picks {
        picks.in_pairs()?;
    }
    let Some(found) = call.read(call.arg(1)) else {
        return call.answer(|reply| match picks {
            None => reply.null(),
            Some(_) => reply.array(0),
        });
    };
    let (mut random, end_max) = (call.shard.random.clone(), call.reply_end_max());
    let hash = view(call.shard, call.db, found)?;
    let reply = &mut call.reply;
    let mut done = Done::Replied;
    match picks {
        None => hash.pick(1, &mut random, |field, _| write_item(reply, field)),
        Some(Picks::Repeated(count)) => {
            write_len(reply, count, with_values);
            done = repeat(reply, count, end_max, |count, reply| {
                hash.pick(count, &mut random, |field, value| {
                    if reply.position() <= end_max {
                        write_pair(reply, field, value, with_values);
                    }
                });
            });
        }
        Some(Picks::Different(count)) => {
            let count = count.min(hash.len());
            write_len(reply, count, with_values);
            hash.sample(count, &mut random, |field, value| write_pair(reply, field, value, with_values));
        }
    }
    call.shard.random = random;
    Ok(done)
}

/// Pairs are arrays of their own where the protocol has types for what is nested.
fn is_nested(reply: &Writer<'_>) -> bool {
    reply.protocol() == Protocol::Resp3
}

fn write_len(reply: &mut Writer<'_>, fields: usize, with_values: bool) {
    let flat = with_values && !is_nested(reply);
    reply.array(if flat { fields * 2 } else { fields });
}

fn write_pair(reply: &mut Writer<'_>, field: Item<'_>, value: Item<'_>, with_values: bool) {
    if with_values && is_nested(reply) {
        reply.array(2);
    }
    write_item(reply, field);
    if with_values {
        write_item(reply, value);
    }
}
