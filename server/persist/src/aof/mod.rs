//! Append-only files: the commands that changed the data, one behind the other, so that running them makes it anew.
//!
//! A log consists of several files in one folder. A *base* holds the data as of some moment, as an RDB file or as commands;
//! *incremental* files hold what was executed since then, and *history* files are those that a newer base has replaced.
//! The [`manifest`] says which file is what. [`scan`] reads the commands of one file and finds where they stop to make sense;
//! [`commands`] makes the commands of a base from the parts of an image.

pub mod commands;
pub mod manifest;
mod preamble;
pub mod scan;

pub use preamble::{Format, MAGIC_LEN};

/// Appends the annotation that says when the commands behind it were executed, in seconds of the epoch.
pub fn push_timestamp(out: &mut Vec<u8>, unix_seconds: i64) {
    out.extend_from_slice(format!("#TS:{unix_seconds}\r\n").as_bytes());
}
