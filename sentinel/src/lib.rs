//! The supervisor: a sentinel that watches groups of Redis-compatible data nodes and fails them over.
//!
//! [`shell`] owns the decision machine (`bongsu-sentinel-core`) and everything that touches the world; [`front`] is what
//! clients and peers see; [`config`] reads and keeps the configuration; [`run`] is a whole sentinel process.

pub mod config;
mod daemon;
pub mod front;
pub mod shell;

pub use daemon::run;
