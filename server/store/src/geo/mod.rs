//! Places on earth as scores of sorted sets: a geohash of 52 bits, so that places near each other have scores near each other.
//!
//! Latitudes end where the Mercator projection of maps does. A search looks at the cell that its centre lies in and at those around it,
//! and compares distances then.

mod cell;
mod cover;
mod shape;
#[cfg(test)]
mod tests;

pub use cell::Cell;
pub use cover::cover;
pub use shape::{Extent, Shape};

/// A place, in degrees.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Position {
    /// East of Greenwich, or west of it if negative.
    pub longitude: f64,
    /// North of the equator, or south of it if negative.
    pub latitude: f64,
}

/// The highest longitude.
const LONGITUDE_MAX: f64 = 180.0;

/// The highest latitude of EPSG:3857.
const LATITUDE_MAX: f64 = 85.051_128_78;

/// The radius of a sphere that stands for the earth, in metres.
const EARTH_RADIUS_M: f64 = 6_372_797.560_856;

/// One degree in radians.
const DEGREE: f64 = std::f64::consts::PI / 180.0;

/// Letters of the geohash that other programs know: 32, of five bits each.
const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

impl Position {
    /// The place can be told by a score.
    pub fn is_valid(self) -> bool {
        self.longitude.abs() <= LONGITUDE_MAX && self.latitude.abs() <= LATITUDE_MAX
    }

    /// The place in the middle of the cell that a score names.
    pub fn of_score(score: f64) -> Self {
        Cell::of_score(score).area().middle()
    }

    /// The score of the place.
    pub fn score(self) -> f64 {
        Cell::containing(self, cell::STEPS_MAX).score()
    }

    /// How far it is to another place as the crow flies, in metres (the haversine formula).
    pub fn distance_m(self, other: Self) -> f64 {
        let across = ((other.longitude * DEGREE - self.longitude * DEGREE) / 2.0).sin();
        if across == 0.0 {
            return self.latitude_distance_m(other);
        }
        let (from, to) = (self.latitude * DEGREE, other.latitude * DEGREE);
        let along = ((to - from) / 2.0).sin();
        let haversine = along * along + from.cos() * to.cos() * across * across;
        2.0 * EARTH_RADIUS_M * haversine.sqrt().asin()
    }

    /// How far it would be if both places had the same longitude.
    fn latitude_distance_m(self, other: Self) -> f64 {
        EARTH_RADIUS_M * (other.latitude * DEGREE - self.latitude * DEGREE).abs()
    }

    /// The geohash of eleven letters that other programs know, whose latitudes go up to the poles. 52 bits fill ten letters; the last
    /// one is always `0`.
    pub fn geohash(self) -> [u8; 11] {
        let bits = Cell::standard(self).bits();
        let mut letters = [LETTERS[0]; 11];
        for (index, letter) in letters[..10].iter_mut().enumerate() {
            *letter = LETTERS[(bits >> (47 - 5 * index)) as usize & 31];
        }
        letters
    }
}
