//! Which scores a search has to look at.

use std::ops::Range;

use super::cell::{Cell, STEPS_MAX};
use super::shape::Shape;

/// Half the earth's circumference on a Mercator map, in metres.
const MERCATOR_MAX_M: f64 = 20_037_726.37;

/// Cells of this latitude on are so narrow that larger ones are needed to cover a circle, and from the second on even larger ones.
const NARROW_FROM: [f64; 2] = [66.0, 80.0];

/// The cells around one, as steps to the east and to the north, in the order in which they are looked at: results that are not sorted
/// come in this order.
const AROUND: [(i8, i8); 8] = [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];

/// Ranges of scores that have all places of a shape, and others too.
pub fn cover(shape: &Shape) -> Vec<Range<f64>> {
    let bounds = shape.bounds();
    let mut centre = Cell::containing(shape.centre, steps(shape));
    let neighbour = |cell: Cell, (east, north)| cell.moved(east, north).area();
    let is_covered = neighbour(centre, (0, 1)).north >= bounds.north
        && neighbour(centre, (0, -1)).south <= bounds.south
        && neighbour(centre, (1, 0)).east >= bounds.east
        && neighbour(centre, (-1, 0)).west <= bounds.west;
    if !is_covered && centre.steps() > 1 {
        centre = Cell::containing(shape.centre, centre.steps() - 1);
    }
    let area = centre.area();
    let is_needed = |(east, north): (i8, i8)| {
        // The four cells of the first halving are each other's neighbours on both sides.
        centre.steps() < 2
            || ((north >= 0 || area.south >= bounds.south)
                && (north <= 0 || area.north <= bounds.north)
                && (east >= 0 || area.west >= bounds.west)
                && (east <= 0 || area.east <= bounds.east))
    };
    let mut cells = vec![centre];
    for (east, north) in AROUND.into_iter().filter(|side| is_needed(*side)) {
        let cell = centre.moved(east, north);
        // Of large cells one can be a neighbour on two sides.
        if cells.len() == 1 || cells.last() != Some(&cell) {
            cells.push(cell);
        }
    }
    cells.into_iter().map(|cell| cell.score()..cell.end()).collect()
}

/// How often coordinates are halved so that a cell and those around it cover the shape in most cases.
fn steps(shape: &Shape) -> u8 {
    let mut reach = shape.reach_m();
    if reach == 0.0 {
        return STEPS_MAX;
    }
    let mut steps = 1i32;
    while reach < MERCATOR_MAX_M {
        reach *= 2.0;
        steps += 1;
    }
    let latitude = shape.centre.latitude.abs();
    let narrow = NARROW_FROM.into_iter().filter(|from| latitude > *from).count() as i32;
    // Two less, so that the shape lies within the neighbours too.
    (steps - 2 - narrow).clamp(1, i32::from(STEPS_MAX)) as u8
}
