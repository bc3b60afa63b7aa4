//! Cells of a grid that halves longitudes and latitudes in turn.

use super::{LATITUDE_MAX, LONGITUDE_MAX, Position};

/// Most halvings of either coordinate: with 26 a cell has 52 bits, which a score holds exactly.
pub(super) const STEPS_MAX: u8 = 26;

/// The highest latitude of geohashes that other programs know.
const POLE: f64 = 90.0;

/// A cell: the bits of its longitude and latitude, interleaved, those of the latitude in even places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cell {
    bits: u64,
    steps: u8,
}

/// What a cell covers, in degrees.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Area {
    pub(super) west: f64,
    pub(super) east: f64,
    pub(super) south: f64,
    pub(super) north: f64,
}

impl Area {
    pub(super) fn middle(self) -> Position {
        Position {
            longitude: f64::midpoint(self.west, self.east).clamp(-LONGITUDE_MAX, LONGITUDE_MAX),
            latitude: f64::midpoint(self.south, self.north).clamp(-LATITUDE_MAX, LATITUDE_MAX),
        }
    }
}

/// Moves the bits of a number to the even places of a longer one.
fn spread(n: u32) -> u64 {
    let masks = [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ];
    masks.into_iter().fold(u64::from(n), |bits, (shift, mask)| (bits | bits << shift) & mask)
}

/// Takes the bits in even places together.
fn gather(bits: u64) -> u32 {
    let masks = [
        (0, 0x5555_5555_5555_5555),
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff),
    ];
    masks.into_iter().fold(bits, |bits: u64, (shift, mask)| (bits | bits >> shift) & mask) as u32
}

impl Cell {
    /// The cell that a place lies in, after so many halvings.
    pub(super) fn containing(place: Position, steps: u8) -> Self {
        Self::within(place, LATITUDE_MAX, steps)
    }

    /// The cell of the grid of other programs.
    pub(super) fn standard(place: Position) -> Self {
        Self::within(place, POLE, STEPS_MAX)
    }

    fn within(place: Position, latitude_max: f64, steps: u8) -> Self {
        let index = |degrees: f64, max: f64| ((degrees + max) / (max + max) * (1u64 << steps) as f64) as u32;
        let (latitude, longitude) = (index(place.latitude, latitude_max), index(place.longitude, LONGITUDE_MAX));
        Self { bits: spread(latitude) | spread(longitude) << 1, steps }
    }

    /// The smallest cell, which a score names.
    pub(super) fn of_score(score: f64) -> Self {
        Self { bits: score as u64, steps: STEPS_MAX }
    }

    pub(super) fn bits(self) -> u64 {
        self.bits
    }

    /// Halvings of either coordinate.
    pub(super) fn steps(self) -> u8 {
        self.steps
    }

    /// The lowest score of places in the cell.
    pub(super) fn score(self) -> f64 {
        (self.bits << (2 * (STEPS_MAX - self.steps))) as f64
    }

    /// The lowest score behind those of places in the cell.
    pub(super) fn end(self) -> f64 {
        Self { bits: self.bits + 1, ..self }.score()
    }

    pub(super) fn area(self) -> Area {
        let (latitude, longitude) = (gather(self.bits), gather(self.bits >> 1));
        let cells = (1u64 << self.steps) as f64;
        let degrees = |index: u32, max: f64| -max + f64::from(index) / cells * (max + max);
        Area {
            west: degrees(longitude, LONGITUDE_MAX),
            east: degrees(longitude.wrapping_add(1), LONGITUDE_MAX),
            south: degrees(latitude, LATITUDE_MAX),
            north: degrees(latitude.wrapping_add(1), LATITUDE_MAX),
        }
    }

    /// The cell so many to the east and to the north; beyond the last one comes the first one.
    pub(super) fn moved(self, east: i8, north: i8) -> Self {
        let mask = ((1u64 << self.steps) - 1) as u32;
        // The highest longitude and latitude lie in a cell beyond the last one, which whoever does not move stays in.
        let shifted = |index: u32, by: i8| match by {
            0 => index,
            by => index.wrapping_add_signed(i32::from(by)) & mask,
        };
        let (latitude, longitude) = (shifted(gather(self.bits), north), shifted(gather(self.bits >> 1), east));
        Self { bits: spread(latitude) | spread(longitude) << 1, ..self }
    }
}
