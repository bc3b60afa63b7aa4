//! World time is counted in microseconds from the start of the run.

pub(crate) const MS: u64 = 1_000;
pub(crate) const SEC: u64 = 1_000 * MS;
