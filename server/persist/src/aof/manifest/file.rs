//! One file of a log.

use bongsu_protocol::conf::push_word;

use super::LINE_LEN_MAX;

/// Characters of a replication id.
pub const REPLICATION_ID_LEN: usize = 40;

/// What a replication id stands behind.
const ID_KEY: &str = "replid";
/// What a replication offset stands behind.
const OFFSET_KEY: &str = "offset";

/// Where in the history of replication a file begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The replication id, in hexadecimal digits.
    pub id: [u8; REPLICATION_ID_LEN],
    /// The replication offset before the first command of the file.
    pub offset: u64,
}

/// A file of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    pub(super) name: Vec<u8>,
    pub(super) seq: u64,
    /// Pairs that are not the name, the number or the kind.
    pub(super) extra: Vec<(Vec<u8>, Vec<u8>)>,
}

impl File {
    pub(super) const fn new(name: Vec<u8>, seq: u64) -> Self {
        Self { name, seq, extra: Vec::new() }
    }

    /// Its name in the folder of the log: never a path.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Its number among the files of its kind.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Where in the history of replication it begins, if the manifest says so.
    pub fn origin(&self) -> Option<Origin> {
        let id = self.extra(ID_KEY)?;
        let id = <[u8; REPLICATION_ID_LEN]>::try_from(id).ok().filter(|id| id.iter().all(u8::is_ascii_hexdigit))?;
        let offset = std::str::from_utf8(self.extra(OFFSET_KEY)?).ok()?.parse().ok()?;
        Some(Origin { id, offset })
    }

    fn extra(&self, key: &str) -> Option<&[u8]> {
        let (_, value) = self.extra.iter().find(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes()))?;
        Some(value)
    }

    pub(super) fn with_origin(mut self, origin: Origin) -> Self {
        self.extra.push((ID_KEY.into(), origin.id.to_vec()));
        self.extra.push((OFFSET_KEY.into(), origin.offset.to_string().into_bytes()));
        self
    }

    pub(super) fn fits_line(&self) -> bool {
        let mut line = String::new();
        self.push_line(&mut line, 'i');
        line.len() <= LINE_LEN_MAX
    }

    /// Appends the line of this file, of the given kind.
    pub(super) fn push_line(&self, text: &mut String, kind: char) {
        text.push_str("file ");
        push_word(text, &self.name);
        text.push_str(&format!(" seq {} type {kind}", self.seq));
        for word in self.extra.iter().flat_map(|(key, value)| [key, value]) {
            text.push(' ');
            push_word(text, word);
        }
        text.push('\n');
    }
}
