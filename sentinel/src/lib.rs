//! The supervisor: a sentinel that watches groups of Redis-compatible data nodes and fails them over.
//!
//! [`shell`] owns the decision machine (`bongsu-sentinel-core`) and everything that touches the world.

pub mod config;
pub mod log;
pub mod shell;
