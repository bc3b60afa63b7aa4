//! Reading places and distances, and writing them.

use bongsu_protocol::resp::Writer;

use crate::call::{Call, Fault};
use crate::geo::Position;
use crate::number::{format_double, parse_double};

/// Metres of the units that distances can be given in.
const UNITS: [(&str, f64); 4] = [("M", 1.0), ("KM", 1000.0), ("FT", 0.3048), ("MI", 1609.34)];

/// Longitude and latitude at argument `index` and behind it.
pub(super) fn position(call: &Call<'_>, index: usize) -> Result<Position, Fault> {
    let longitude = parse_double(call.arg(index)).ok_or(Fault::NotAFloat)?;
    let latitude = parse_double(call.arg(index + 1)).ok_or(Fault::NotAFloat)?;
    let position = Position { longitude, latitude };
    if !position.is_valid() {
        return Err(Fault::made(format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}")));
    }
    Ok(position)
}

/// Metres of the unit at argument `index`.
pub(super) fn unit(call: &Call<'_>, index: usize) -> Result<f64, Fault> {
    let known = UNITS.iter().find(|(name, _)| call.is(index, name));
    known.map(|unit| unit.1).ok_or(Fault::OutOfRange("unsupported unit provided. please use M, KM, FT, MI"))
}

/// A length at argument `index`, in the unit that stands elsewhere.
pub(super) fn length(call: &Call<'_>, index: usize, otherwise: &'static str) -> Result<f64, Fault> {
    parse_double(call.arg(index)).ok_or(Fault::OutOfRange(otherwise))
}

/// A distance, with four digits behind the point.
pub(super) fn write_distance(reply: &mut Writer<'_>, distance: f64) {
    let units = (distance * 10_000.0).round_ties_even() as i64;
    let sign = if units < 0 { "-" } else { "" };
    let (whole, part) = (units.unsigned_abs() / 10_000, units.unsigned_abs() % 10_000);
    reply.bulk(format!("{sign}{whole}.{part:04}"));
}

/// Longitude and latitude.
pub(super) fn write_position(reply: &mut Writer<'_>, position: Position) {
    reply.array(2);
    reply.decimal(&format_double(position.longitude));
    reply.decimal(&format_double(position.latitude));
}
