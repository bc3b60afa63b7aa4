//! Going through members step by step.

use crate::call::{Call, Done, Outcome};
use crate::commands::scan::{ScanOptions, cursor};
use crate::number::{general_text, score_text};

use super::view;

pub(super) fn zscan(call: &mut Call<'_>) -> Outcome {
    let mut next = cursor(call, 2)?;
    let Some(found) = call.read(call.arg(1)) else {
        return call.answer(|reply| {
            reply.array(2);
            reply.bulk("0");
            reply.array(0);
        });
    };
    let zset = view(call.shard, call.db, found)?;
    let options = ScanOptions::read_pairs(call, 3, "NOSCORES")?;
    let is_small = zset.listpack().is_some();
    let (mut seen, mut chosen) = (0, Vec::new());
    loop {
        next = zset.scan(next, |member, score| {
            seen += 1;
            if options.accepts(member) {
                // Redis writes scores of large sorted sets in another way than those of small ones.
                let text = if is_small { score_text(score) } else { general_text(score) };
                chosen.push((member.to_vec(), text));
            }
        });
        if next == 0 || seen >= options.count {
            break;
        }
    }
    call.reply.array(2);
    call.reply.bulk(next.to_string());
    call.reply.array(if options.bare { chosen.len() } else { chosen.len() * 2 });
    for (member, score) in chosen {
        call.reply.bulk(member);
        if !options.bare {
            call.reply.bulk(score);
        }
    }
    Ok(Done::Replied)
}
