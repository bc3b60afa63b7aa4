//! Which files a log consists of.
//!
//! ```text
//! file appendonly.aof.2.base.rdb seq 2 type b
//! file appendonly.aof.1.incr.aof seq 1 type h
//! file appendonly.aof.2.incr.aof seq 2 type i
//! ```
//! At most one base; history in any order; incremental files in the order in which they are to be executed. Each line may hold more
//! pairs, which are kept.
//!
//! A manifest is a value. Every change makes another one, which is in force once it has been written to a temporary file, synced, and
//! renamed over the old one.

mod change;
mod file;
mod names;
mod parse;
#[cfg(test)]
mod tests;

pub use file::{File, Origin, REPLICATION_ID_LEN};
pub use names::Names;
pub use parse::{BYTES_MAX, Fault, LINE_LEN_MAX, ManifestError};

/// The files of a log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Manifest {
    base: Option<File>,
    history: Vec<File>,
    incremental: Vec<File>,
    /// The highest numbers that have been given. They outlive the files that bore them.
    base_seq: u64,
    incremental_seq: u64,
}

impl Manifest {
    /// Without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Without files; the numbers up to this one are not given any more.
    pub fn after(seq: u64) -> Self {
        Self { base_seq: seq, incremental_seq: seq, ..Self::default() }
    }

    /// What the others build on.
    pub const fn base(&self) -> Option<&File> {
        self.base.as_ref()
    }

    /// What was executed since the base, oldest first.
    pub fn incremental(&self) -> &[File] {
        &self.incremental
    }

    /// What is no longer needed.
    pub fn history(&self) -> &[File] {
        &self.history
    }

    /// What is to be loaded, in this order.
    pub fn live(&self) -> impl Iterator<Item = &File> {
        self.base.iter().chain(&self.incremental)
    }

    /// The file that commands are appended to.
    pub fn last(&self) -> Option<&File> {
        self.incremental.last()
    }

    /// Nothing is to be loaded.
    pub const fn is_empty(&self) -> bool {
        self.base.is_none() && self.incremental.is_empty()
    }

    /// The text of the manifest.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let history = self.history.iter().map(|file| ('h', file));
        let incremental = self.incremental.iter().map(|file| ('i', file));
        for (kind, file) in self.base.iter().map(|file| ('b', file)).chain(history).chain(incremental) {
            file.push_line(&mut text, kind);
        }
        text
    }
}
