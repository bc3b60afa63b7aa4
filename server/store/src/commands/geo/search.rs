//! Searching for places.

use std::ops::ControlFlow;

use bongsu_protocol::resp::Writer;

use crate::call::{Call, Done, Outcome};
use crate::commands::zset::{limits, store, view};
use crate::geo::{Position, Shape, cover};
use crate::zset::{Gather, Zset};

use super::arguments::{write_distance, write_position};
use super::options::{Form, Order, Search};

pub(super) fn georadius(call: &mut Call<'_>) -> Outcome {
    run(call, Form::Radius, true)
}

pub(super) fn georadius_ro(call: &mut Call<'_>) -> Outcome {
    run(call, Form::Radius, false)
}

pub(super) fn georadiusbymember(call: &mut Call<'_>) -> Outcome {
    run(call, Form::RadiusByMember, true)
}

pub(super) fn georadiusbymember_ro(call: &mut Call<'_>) -> Outcome {
    run(call, Form::RadiusByMember, false)
}

pub(super) fn geosearch(call: &mut Call<'_>) -> Outcome {
    run(call, Form::Search, false)
}

pub(super) fn geosearchstore(call: &mut Call<'_>) -> Outcome {
    run(call, Form::SearchStore, true)
}

/// A result.
struct Hit {
    member: Vec<u8>,
    score: f64,
    place: Position,
    distance_m: f64,
}

fn run(call: &mut Call<'_>, form: Form, may_store: bool) -> Outcome {
    let zset = match call.read(call.arg(form.source())) {
        Some(found) => Some(view(call.shard, call.db, found)?),
        None => None,
    };
    let search = Search::read(call, form, may_store, zset)?;
    let hits = match zset.zip(search.shape()) {
        Some((zset, shape)) => chosen(zset, &shape, &search),
        None => Vec::new(),
    };
    match search.target {
        Some(target) => run_store(call, target, &search, form, &hits),
        None => {
            call.reply.array(hits.len());
            hits.iter().for_each(|hit| write(&mut call.reply, hit, &search));
            Ok(Done::Replied)
        }
    }
}

/// All members within, in the order in which cells are looked at, until there are `limit` of them.
fn within(zset: &Zset, shape: &Shape, limit: usize) -> Vec<Hit> {
    let mut hits = Vec::new();
    for scores in cover(shape) {
        if hits.len() >= limit {
            break;
        }
        let start = zset.count_by_score(|score| score < scores.start);
        let end = zset.count_by_score(|score| score < scores.end);
        let _cut = zset.visit(start..end, false, |member, score| {
            let place = Position::of_score(score);
            if let Some(distance_m) = shape.distance_m(place) {
                hits.push(Hit { member: member.to_vec(), score, place, distance_m });
            }
            if hits.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    hits
}

fn chosen(zset: &Zset, shape: &Shape, search: &Search<'_>) -> Vec<Hit> {
    let limit = if search.count == 0 { usize::MAX } else { search.count };
    let mut hits = within(zset, shape, if search.any { limit } else { usize::MAX });
    // The nearest ones are meant where only their number is given.
    let order = search.order.or(if search.count > 0 && !search.any { Some(Order::Nearest) } else { None });
    match order {
        Some(Order::Nearest) => hits.sort_by(|one, other| one.distance_m.total_cmp(&other.distance_m)),
        Some(Order::Farthest) => hits.sort_by(|one, other| other.distance_m.total_cmp(&one.distance_m)),
        None => {}
    }
    hits.truncate(limit);
    hits
}

fn write(reply: &mut Writer<'_>, hit: &Hit, search: &Search<'_>) {
    let parts = [search.with_distance, search.with_hash, search.with_place];
    let parts = parts.into_iter().filter(|wanted| *wanted).count();
    if parts > 0 {
        reply.array(parts + 1);
    }
    reply.bulk(&hit.member);
    if search.with_distance {
        write_distance(reply, hit.distance_m / search.metres);
    }
    if search.with_hash {
        reply.integer(hit.score as i64);
    }
    if search.with_place {
        write_position(reply, hit.place);
    }
}

fn run_store(call: &mut Call<'_>, target: &[u8], search: &Search<'_>, form: Form, hits: &[Hit]) -> Outcome {
    let mut result = Gather::new(limits(call.shard));
    for hit in hits {
        let score = if search.stores_distance { hit.distance_m / search.metres } else { hit.score };
        result.set(&hit.member, |_| score);
    }
    let event = if form == Form::SearchStore { "geosearchstore" } else { "georadiusstore" };
    let done = store(call, target, result.finish(), event)?;
    // Each member counts as a change.
    call.effects.dirty += hits.len().saturating_sub(1) as u64;
    Ok(done)
}
