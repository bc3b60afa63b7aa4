//! What a search is for: a circle or a box around a place.

use super::cell::Area;
use super::{DEGREE, EARTH_RADIUS_M, Position};

/// How large the searched part is, in metres.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Extent {
    /// A circle.
    Radius(f64),
    /// A box of this width and height.
    Box(f64, f64),
}

/// A searched part of the earth.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Shape {
    /// Its middle.
    pub centre: Position,
    /// How large it is.
    pub extent: Extent,
}

impl Shape {
    /// How far a place is from the middle, in metres, if it is within.
    pub fn distance_m(&self, place: Position) -> Option<f64> {
        match self.extent {
            Extent::Radius(radius) => Some(self.centre.distance_m(place)).filter(|distance| *distance <= radius),
            Extent::Box(width, height) => {
                if place.latitude_distance_m(self.centre) > height / 2.0 {
                    return None;
                }
                let abeam = Position { longitude: self.centre.longitude, latitude: place.latitude };
                if place.distance_m(abeam) > width / 2.0 {
                    return None;
                }
                Some(self.centre.distance_m(place))
            }
        }
    }

    /// The farthest that a place within can be from the middle, in metres.
    pub(super) fn reach_m(&self) -> f64 {
        match self.extent {
            Extent::Radius(radius) => radius,
            Extent::Box(width, height) => ((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0)).sqrt(),
        }
    }

    /// Longitudes and latitudes between which it lies, on the side where meridians are farther apart.
    pub(super) fn bounds(&self) -> Area {
        let (width, height) = match self.extent {
            Extent::Radius(radius) => (radius, radius),
            Extent::Box(width, height) => (width / 2.0, height / 2.0),
        };
        let Position { longitude, latitude } = self.centre;
        let along = height / EARTH_RADIUS_M / DEGREE;
        let edge = if latitude < 0.0 { latitude - along } else { latitude + along };
        let across = width / EARTH_RADIUS_M / (edge * DEGREE).cos() / DEGREE;
        Area { west: longitude - across, east: longitude + across, south: latitude - along, north: latitude + along }
    }
}
