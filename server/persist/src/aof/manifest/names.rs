//! How the files of a log are called.

use super::super::Format;

/// No log is ever written anew so often.
const SEQ_MAX: u64 = u32::MAX as u64;

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

    /// A base while it is being written, the one of this number: one that was given up may still be in the hands of its writer.
    pub fn temporary_base(&self, number: u64) -> Vec<u8> {
        self.with("temp-", &format!(".{number}.base"))
    }

    /// The incremental file of this number.
    pub fn incremental(&self, seq: u64) -> Vec<u8> {
        self.with("", &format!(".{seq}.incr.aof"))
    }

    /// An incremental file that no manifest names yet, because the base that it belongs to is being written.
    pub fn temporary_incremental(&self) -> Vec<u8> {
        self.with("temp-", ".incr")
    }

    /// Whether this is a name of a file that no log needs once nobody writes it any more.
    pub fn is_temporary(&self, name: &[u8]) -> bool {
        let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        let is_base =
            |rest: &[u8]| rest.strip_prefix(b".").and_then(|rest| rest.strip_suffix(b".base")).is_some_and(is_number);
        let rest = name.strip_prefix(b"temp-").and_then(|name| name.strip_prefix(self.stem.as_slice()));
        rest.is_some_and(|rest| is_base(rest) || rest == b".incr" || rest == b".manifest")
    }

    /// The number in the name of a file that only a manifest says the meaning of.
    pub fn seq(&self, name: &[u8]) -> Option<u64> {
        let rest = name.strip_prefix(self.stem.as_slice())?.strip_prefix(b".")?;
        let kinds: [&[u8]; 3] = [b".base.rdb", b".base.aof", b".incr.aof"];
        let number = kinds.iter().find_map(|kind| rest.strip_suffix(*kind))?;
        let is_number = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
        let seq = is_number.then(|| std::str::from_utf8(number).ok()?.parse().ok())?;
        seq.filter(|seq| *seq <= SEQ_MAX)
    }

    fn with(&self, prefix: &str, suffix: &str) -> Vec<u8> {
        [prefix.as_bytes(), &self.stem, suffix.as_bytes()].concat()
    }
}
