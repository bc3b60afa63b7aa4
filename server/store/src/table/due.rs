//! When entries are due. A segment knows before when none of its entries is, so that those that have none are passed over without
//! reading an entry, and no second table is needed.

use super::segment::NEVER;
use super::{Place, Table};
use crate::arena::Handle;

impl Table {
    /// Marks the entry there as due at this time, in whatever unit the owner chooses.
    pub fn mark(&mut self, place: Place, at: u32) {
        let segment = &mut self.segments[place.segment as usize];
        segment.soonest = segment.soonest.min(at.min(NEVER - 1));
    }

    /// The first segment from `from` on in which an entry may be due by `now`.
    pub fn due_segment(&self, from: usize, now: u32) -> Option<usize> {
        let rest = self.segments.get(from..)?;
        rest.iter().position(|segment| segment.soonest <= now).map(|index| from + index)
    }

    /// The first segment from `from` on, and round from the beginning, in which an entry may be due at any time.
    pub fn marked_segment(&self, from: usize) -> Option<usize> {
        let is_marked = |index: &usize| self.segments[*index].soonest != NEVER;
        let count = self.segments.len();
        (from.min(count)..count).chain(0..from.min(count)).find(is_marked)
    }

    /// Segments.
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// The entries of a segment.
    pub fn segment_handles(&self, segment: usize) -> impl Iterator<Item = Handle> + '_ {
        self.segments.get(segment).into_iter().flat_map(super::Segment::handles)
    }

    /// Says when the first entry of a segment is due, `None` if none is.
    pub fn remark(&mut self, segment: usize, soonest: Option<u32>) {
        if let Some(segment) = self.segments.get_mut(segment) {
            segment.soonest = soonest.map_or(NEVER, |at| at.min(NEVER - 1));
        }
    }
}
