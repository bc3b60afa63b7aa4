//! What outlives the process: snapshots and the append-only file.

pub(crate) mod aof;
mod errands;
mod files;
pub(crate) mod loading;
mod previous;
mod rdb_file;
mod snapshots;
mod tend;

pub(crate) use files::unseen_file;
pub(crate) use previous::Previous;
pub(crate) use rdb_file::sizes_of;
pub(crate) use snapshots::Snapshots;
