//! How the files of a log are called.

use super::super::Format;

/// Names of files, made from `appendfilename`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    stem: Vec<u8>,
}

impl Names {
    /// From the value of `appendfilename`.
    pub fn new(append_file_name: &[u8]) -> Self {
        Self { stem: append_file_name.to_vec() }
    }

    /// The single file that logs consisted of before there were manifests.
    pub fn single(&self) -> &[u8] {
        &self.stem
    }

    /// The manifest.
    pub fn manifest(&self) -> Vec<u8> {
        self.with("", ".manifest")
    }

    /// The manifest while it is being written.
    pub fn temporary_manifest(&self) -> Vec<u8> {
        self.with("temp-", ".manifest")
    }

    /// The base of this number.
    pub fn base(&self, seq: u64, format: Format) -> Vec<u8> {
        self.with("", &format!(".{seq}.base{}", format.suffix()))
    }

    /// A base while it is being written.
    pub fn temporary_base(&self) -> Vec<u8> {
        self.with("temp-", ".base")
    }

    /// The incremental file of this number.
    pub fn incremental(&self, seq: u64) -> Vec<u8> {
        self.with("", &format!(".{seq}.incr.aof"))
    }

    /// An incremental file that no manifest names yet, because the base that it belongs to is being written.
    pub fn temporary_incremental(&self) -> Vec<u8> {
        self.with("temp-", ".incr")
    }

    fn with(&self, prefix: &str, suffix: &str) -> Vec<u8> {
        [prefix.as_bytes(), &self.stem, suffix.as_bytes()].concat()
    }
}
