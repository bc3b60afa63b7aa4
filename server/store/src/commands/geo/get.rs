//! Asking for places and distances.

use crate::call::{Call, Done, Fault, Outcome};
use crate::commands::zset::view;
use crate::geo::Position;
use crate::zset::Zset;

use super::arguments::{unit, write_distance, write_position};

pub(super) fn geodist(call: &mut Call<'_>) -> Outcome {
    let metres = match call.argc() {
        4 => 1.0,
        5 => unit(call, 4)?,
        _ => return Err(Fault::Syntax),
    };
    let Some(found) = call.read(call.arg(1)) else { return call.answer(|reply| reply.null()) };
    let zset = view(call.shard, call.db, found)?;
    let place = |member: &[u8]| zset.score(member).map(Position::of_score);
    match place(call.arg(2)).zip(place(call.arg(3))) {
        Some((one, other)) => write_distance(&mut call.reply, one.distance_m(other) / metres),
        None => call.reply.null(),
    }
    Ok(Done::Replied)
}

/// Looks the sorted set up.
fn read<'c>(call: &'c mut Call<'_>) -> Result<Option<&'c Zset>, Fault> {
    match call.read(call.arg(1)) {
        Some(found) => view(call.shard, call.db, found).map(Some),
        None => Ok(None),
    }
}

/// The places of the members that are named.
fn places(call: &mut Call<'_>) -> Result<Vec<Option<Position>>, Fault> {
    let members = &call.argv[2..];
    let zset = read(call)?;
    let place = |member: &&[u8]| zset.and_then(|zset| zset.score(member)).map(Position::of_score);
    Ok(members.iter().map(place).collect())
}

pub(super) fn geohash(call: &mut Call<'_>) -> Outcome {
    let places = places(call)?;
    call.reply.array(places.len());
    for place in places {
        match place {
            Some(place) => call.reply.bulk(place.geohash()),
            None => call.reply.null(),
        }
    }
    Ok(Done::Replied)
}

pub(super) fn geopos(call: &mut Call<'_>) -> Outcome {
    let places = places(call)?;
    call.reply.array(places.len());
    for place in places {
        match place {
            Some(place) => write_position(&mut call.reply, place),
            None => call.reply.null_array(),
        }
    }
    Ok(Done::Replied)
}
