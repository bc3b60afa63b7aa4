//! Removing elements wherever they are.

use crate::call::{Call, EventClass, Outcome};
use crate::list::{End, List};
use crate::listpack::Item;

use super::read::range_of;
use super::{change, view};

pub(super) fn ltrim(call: &mut Call<'_>) -> Outcome {
    let (key, start, end) = (call.arg(1), call.int(2)?, call.int(3)?);
    let Some(found) = call.find(key) else { return call.ok() };
    let len = view(call.shard, call.db, found)?.len();
    let kept = range_of(start, end, len);
    // Nothing is kept of an empty range, wherever it begins.
    let (left, right) = if kept.is_empty() { (len, 0) } else { (kept.start, len - kept.end) };
    change(call, found, |list, limit| {
        list.trim(End::Left, left);
        list.trim(End::Right, right);
        list.relax(limit);
    })?;
    call.event(EventClass::List, "ltrim", key);
    if left == len {
        call.delete_emptied(found, key);
    }
    call.effects.change(call.db, key);
    call.effects.dirty += (left + right) as u64;
    call.ok()
}

pub(super) fn lrem(call: &mut Call<'_>) -> Outcome {
    let (key, count) = (call.arg(1), call.int(2)?);
    let wanted = call.arg(3);
    let Some(found) = call.find(key) else { return call.number(0) };
    view(call.shard, call.db, found)?;
    let limit = if count == 0 { usize::MAX } else { usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX) };
    let (removed, left) = change(call, found, |list, chunk_limit| {
        let removed =
            if count < 0 { remove_backwards(list, wanted, limit) } else { remove_forwards(list, wanted, limit) };
        list.relax(chunk_limit);
        (removed, list.len())
    })?;
    if removed > 0 {
        call.effects.change(call.db, key);
        call.effects.dirty += removed as u64;
        call.event(EventClass::List, "lrem", key);
        if left == 0 {
            call.delete_emptied(found, key);
        }
    }
    call.count(removed)
}

fn remove_forwards(list: &mut List, wanted: &[u8], limit: usize) -> usize {
    let wanted = Item::of(wanted);
    let (mut removed, mut place) = (0, list.at_end(End::Left));
    while let Some(here) = place.filter(|_| removed < limit) {
        if list.get(here) == wanted {
            place = list.remove(here);
            removed += 1;
        } else {
            place = list.next(here, End::Right);
        }
    }
    removed
}

fn remove_backwards(list: &mut List, wanted: &[u8], limit: usize) -> usize {
    let wanted = Item::of(wanted);
    let (mut removed, mut place) = (0, list.at_end(End::Right));
    while let Some(here) = place.filter(|_| removed < limit) {
        let is_it = list.get(here) == wanted;
        // Elements before the one that goes stay where they are.
        place = list.next(here, End::Left);
        if is_it {
            list.remove(here);
            removed += 1;
        }
    }
    removed
}
