//! The keyspace of the bundled data server: memory, tables, types and commands.
//!
//! Everything here is a function of what it is given. Time and randomness come in as arguments; there are no sockets, files,
//! threads or clocks, so that any history can be replayed.
#![forbid(unsafe_code)]

pub mod arena;
pub mod audit;
pub mod call;
pub mod commands;
mod entry;
pub mod eviction;
pub mod geo;
pub mod hash;
pub mod hash_map;
pub mod hyperloglog;
pub mod image;
pub mod intset;
pub mod keyspace;
pub mod list;
pub mod listpack;
pub mod maintenance;
#[cfg(test)]
mod maintenance_tests;
pub mod members;
pub mod number;
pub mod random;
pub mod set;
pub mod settings;
pub mod shard;
pub mod table;
#[cfg(test)]
mod whole_tests;
pub mod zset;
