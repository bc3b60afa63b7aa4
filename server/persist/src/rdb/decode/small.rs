//! Collections in one run of bytes, in the form that images have them in.

use std::borrow::Cow;

use bongsu_store::listpack::Item;

use super::super::code::kind;
use crate::blob::listpack::{Checked, check, collect};
use crate::blob::pairs::{are_ranked, check_distinct};
use crate::blob::{Damage, intset, ziplist, zipmap};

/// Fields and values, or members and scores, come by turns.
const PAIR: usize = 2;

/// A collection without elements is not kept.
#[derive(Debug)]
pub(super) enum Small<'a> {
    Empty,
    Ints(&'a [u8]),
    Set(Cow<'a, [u8]>),
    Hash(Cow<'a, [u8]>),
    /// In order.
    Zset(Cow<'a, [u8]>),
    /// Members and scores in any order.
    Unranked(Checked<'a>),
    Chunk(Cow<'a, [u8]>),
}

/// What these bytes, which are of this type, hold. Listpacks are searched for duplicates if that is wanted; older forms always are, as
/// all of them have to be rewritten anyway.
pub(super) fn small(code: u8, bytes: &[u8], distinct: bool) -> Result<Small<'_>, Damage> {
    match code {
        kind::SET_INTSET => Ok(if intset::check(bytes)? == 0 { Small::Empty } else { Small::Ints(bytes) }),
        kind::SET_LISTPACK => {
            let list = check(bytes)?;
            if distinct {
                check_distinct(list.items(), 1)?;
            }
            Ok(if list.len == 0 { Small::Empty } else { Small::Set(list.bytes) })
        }
        kind::HASH_LISTPACK => pairs(check(bytes)?, distinct, hash),
        kind::ZSET_LISTPACK => pairs(check(bytes)?, distinct, zset),
        kind::HASH_ZIPMAP => pairs(rewritten(&zipmap::check(bytes)?)?, true, hash),
        kind::HASH_ZIPLIST => pairs(rewritten(&ziplist::check(bytes)?)?, true, hash),
        kind::ZSET_ZIPLIST => pairs(rewritten(&ziplist::check(bytes)?)?, true, zset),
        kind::LIST_ZIPLIST | kind::LIST_QUICKLIST => Ok(chunk(rewritten(&ziplist::check(bytes)?)?)),
        _ => Ok(chunk(check(bytes)?)),
    }
}

/// A node of a list that is a single element.
pub(super) fn plain_node(bytes: &[u8]) -> Result<Small<'static>, Damage> {
    Ok(Small::Chunk(Cow::Owned(collect(std::iter::once(Item::Bytes(bytes)))?)))
}

fn rewritten(items: &[Item<'_>]) -> Result<Checked<'static>, Damage> {
    Ok(Checked { bytes: Cow::Owned(collect(items.iter().copied())?), len: items.len() })
}

fn chunk(list: Checked<'_>) -> Small<'_> {
    if list.len == 0 { Small::Empty } else { Small::Chunk(list.bytes) }
}

fn pairs<'a>(
    list: Checked<'a>,
    distinct: bool,
    make: impl FnOnce(Checked<'a>) -> Result<Small<'a>, Damage>,
) -> Result<Small<'a>, Damage> {
    if !list.len.is_multiple_of(PAIR) {
        return Err(Damage::Odd);
    }
    if list.len == 0 {
        return Ok(Small::Empty);
    }
    if distinct {
        check_distinct(list.items(), PAIR)?;
    }
    make(list)
}

fn hash(list: Checked<'_>) -> Result<Small<'_>, Damage> {
    Ok(Small::Hash(list.bytes))
}

fn zset(list: Checked<'_>) -> Result<Small<'_>, Damage> {
    Ok(if are_ranked(list.items())? { Small::Zset(list.bytes) } else { Small::Unranked(list) })
}
