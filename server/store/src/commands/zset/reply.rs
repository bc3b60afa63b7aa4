//! How members are written to replies.

use std::ops::Range;

use bongsu_protocol::resp::{Protocol, Writer};

use crate::zset::Zset;

/// Head of an array of so many members, to be written by [`member`].
pub(super) fn head(reply: &mut Writer<'_>, members: usize, with_scores: bool) {
    let is_flat = with_scores && reply.protocol() == Protocol::Resp2;
    reply.array(if is_flat { members * 2 } else { members });
}

/// A member; with its score it is a pair, which RESP2 has only as two elements of the array.
pub(super) fn member(reply: &mut Writer<'_>, member: &[u8], score: Option<f64>) {
    if score.is_some() && reply.protocol() == Protocol::Resp3 {
        reply.array(2);
    }
    reply.bulk(member);
    if let Some(score) = score {
        reply.double(score);
    }
}

/// The members of these ranks.
pub(super) fn ranks(reply: &mut Writer<'_>, zset: &Zset, ranks: Range<usize>, backwards: bool, with_scores: bool) {
    head(reply, ranks.len(), with_scores);
    zset.each(ranks, backwards, |bytes, score| member(reply, bytes, with_scores.then_some(score)));
}
