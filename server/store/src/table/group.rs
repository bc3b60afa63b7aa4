//! Entries in the order of their hashes, several buckets at a time.

use super::Table;
use crate::arena::Handle;

/// Entries of a few buckets. Whoever is going to read them all can wait for memory of all together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    handles: Vec<Handle>,
    /// Of each bucket, where among the handles its entries end, and the first hash that is beyond it (0 at the end of the table).
    ends: Vec<(usize, u64)>,
}

impl Group {
    /// All entries.
    pub(crate) fn handles(&self) -> &[Handle] {
        &self.handles
    }

    /// The entries of each bucket, and the cursor behind it as [`Table::scan`] gives it.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (&[Handle], u64)> + '_ {
        let mut start = 0;
        self.ends.iter().map(move |(end, cursor)| {
            let entries = &self.handles[start..*end];
            start = *end;
            (entries, *cursor)
        })
    }
}

impl Table {
    /// Takes the entries from `cursor` on into `group`, about `count` of them, as [`Table::scan`] would visit them.
    pub(crate) fn gather(&self, mut cursor: u64, count: usize, hash_of: impl Fn(Handle) -> u64, group: &mut Group) {
        group.handles.clear();
        group.ends.clear();
        loop {
            let segment = &self.segments[self.segment_of(cursor)];
            let bucket = segment.bucket_of(cursor);
            let residents = segment.residents(bucket);
            // Buckets may have become others since the cursor was given; only then have hashes to be looked at.
            if segment.start_of(bucket) == cursor {
                group.handles.extend(residents);
            } else {
                group.handles.extend(residents.filter(|handle| hash_of(*handle) >= cursor));
            }
            cursor = segment.end_of(bucket);
            group.ends.push((group.handles.len(), cursor));
            if cursor == 0 || group.handles.len() >= count {
                return;
            }
        }
    }
}
