//! What every daemon of this workspace needs of its machine: files, the log, signals, the life of a process.
#![forbid(unsafe_code)]

pub mod atomic;
pub mod include;
