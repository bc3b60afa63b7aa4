//! Reading lists.

use crate::call::{Call, Done, Fault, Outcome};
use crate::commands::items::write_item;
use crate::list::End;
use crate::listpack::Item;

use super::view;

/// The position that an index with negative ones from the end means.
pub(super) fn position(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(i64::try_from(len).ok()?)? } else { index };
    usize::try_from(index).ok().filter(|index| *index < len)
}

/// The positions that an inclusive range with negative indexes means.
pub(super) fn range_of(start: i64, end: i64, len: usize) -> std::ops::Range<usize> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let from = if start < 0 { start.saturating_add(len).max(0) } else { start };
    let to = if end < 0 { end.saturating_add(len) } else { end }.min(len - 1);
    if from > to || from >= len { 0..0 } else { from as usize..to as usize + 1 }
}

pub(super) fn llen(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.number(0) };
    let len = view(call.shard, call.db, found)?.len();
    call.count(len)
}

pub(super) fn lindex(call: &mut Call<'_>) -> Outcome {
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.null()) };
    let index = {
        let len = view(call.shard, call.db, found)?.len();
        position(call.int(2)?, len)
    };
    let list = view(call.shard, call.db, found)?;
    match index.and_then(|index| list.seek(index)) {
        Some(place) => write_item(&mut call.reply, list.get(place)),
        None => call.reply.null(),
    }
    Ok(Done::Replied)
}

pub(super) fn lrange(call: &mut Call<'_>) -> Outcome {
    let (start, end) = (call.int(2)?, call.int(3)?);
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.array(0)) };
    let list = view(call.shard, call.db, found)?;
    let range = range_of(start, end, list.len());
    call.reply.array(range.len());
    let items = list.iter_from(list.seek(range.start), End::Right).take(range.len());
    items.for_each(|item| write_item(&mut call.reply, item));
    Ok(Done::Replied)
}

/// The options of `LPOS`.
struct Search {
    /// The first match that counts; negative from the end.
    rank: i64,
    /// Matches wanted, 0 for all; `None` for one that is not given as an array.
    count: Option<usize>,
    /// Elements looked at, 0 for all.
    len_max: usize,
}

impl Search {
    fn read(call: &Call<'_>) -> Result<Self, Fault> {
        let mut search = Self { rank: 1, count: None, len_max: 0 };
        let positive = |index, text| {
            let n = call.int(index)?;
            usize::try_from(n).map_err(|_| Fault::OutOfRange(text))
        };
        for index in (3..call.argc()).step_by(2) {
            if index + 1 >= call.argc() {
                return Err(Fault::Syntax);
            } else if call.is(index, "RANK") {
                search.rank = call.int_within(index + 1, -i64::MAX, i64::MAX, BAD_RANK)?;
                if search.rank == 0 {
                    return Err(Fault::OutOfRange(ZERO_RANK));
                }
            } else if call.is(index, "COUNT") {
                search.count = Some(positive(index + 1, "COUNT can't be negative")?);
            } else if call.is(index, "MAXLEN") {
                search.len_max = positive(index + 1, "MAXLEN can't be negative")?;
            } else {
                return Err(Fault::Syntax);
            }
        }
        Ok(search)
    }
}

const BAD_RANK: &str = "value is out of range, value must between -9223372036854775807 and 9223372036854775807";
const ZERO_RANK: &str = "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to \
                         start from the end of the list";

pub(super) fn lpos(call: &mut Call<'_>) -> Outcome {
    let search = Search::read(call)?;
    let Some(found) = call.read(call.arg(1)) else {
        return call.answer(|reply| if search.count.is_some() { reply.array(0) } else { reply.null() });
    };
    let wanted = Item::of(call.arg(2));
    let list = view(call.shard, call.db, found)?;
    let (first, towards) = if search.rank > 0 { (End::Left, End::Right) } else { (End::Right, End::Left) };
    let looked_at = if search.len_max == 0 { list.len() } else { search.len_max };
    let matches = list.iter_from(list.at_end(first), towards).take(looked_at).enumerate();
    let skipped = usize::try_from(search.rank.unsigned_abs() - 1).unwrap_or(usize::MAX);
    let limit = match search.count {
        None => 1,
        Some(0) => usize::MAX,
        Some(count) => count,
    };
    let last = list.len().saturating_sub(1);
    let index_of = |n: usize| if first == End::Left { n } else { last - n };
    let found = matches.filter(|(_, item)| *item == wanted).skip(skipped).take(limit).map(|(n, _)| index_of(n));
    let found: Vec<usize> = found.collect();
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    match (search.count, found.first()) {
        (None, None) => call.reply.null(),
        (None, Some(index)) => call.reply.integer(number(*index)),
        (Some(_), _) => {
            call.reply.array(found.len());
            found.iter().for_each(|index| call.reply.integer(number(*index)));
        }
    }
    Ok(Done::Replied)
}
