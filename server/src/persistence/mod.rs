//! What outlives the process: snapshots and the append-only file.

pub(crate) mod aof;
