//! Reading manifests.

use std::io::{self, Read};

use bongsu_protocol::conf::split_words;
use thiserror::Error;

use super::{File, Manifest};

/// Bytes of the longest line, its end included: what Redis reads.
pub const LINE_LEN_MAX: usize = 1024;

/// Bytes of the longest manifest. A rewrite that fails adds a line; if one fails every minute, this is enough for months.
pub const BYTES_MAX: u64 = 16 << 20;

/// The highest number of a file. What any number of rewrites makes of it is a number still.
const SEQ_MAX: u64 = 1 << 62;

/// A manifest cannot be read. The texts are those that Redis logs.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// The reader failed.
    #[error("Read AOF manifest failed")]
    Io(#[from] io::Error),
    /// It is longer than [`BYTES_MAX`].
    #[error("The AOF manifest file is longer than {BYTES_MAX} bytes")]
    TooLong,
    /// There is not a single line in it.
    #[error("Found an empty AOF manifest")]
    Empty,
    /// A line is wrong.
    #[error("{fault}")]
    Line {
        /// Number of the line, counted from 1.
        number: usize,
        /// The line without blanks around it, or as much of it as one may be long.
        text: Vec<u8>,
        /// What is wrong.
        fault: Fault,
    },
}

/// What is wrong with a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Fault {
    /// It is longer than [`LINE_LEN_MAX`].
    #[error("The AOF manifest file contains too long line")]
    TooLong,
    /// It is the last one, and does not end.
    #[error("The AOF manifest file ends within a line")]
    NotEnded,
    /// It is no list of pairs, or has no name, no number above 0, or no kind.
    #[error("Invalid AOF manifest file format")]
    Format,
    /// The name leads out of the folder.
    #[error("File can't be a path, just a filename")]
    Path,
    /// A second base.
    #[error("Found duplicate base file information")]
    SecondBase,
    /// An incremental file whose number is not above that of the one before it.
    #[error("Found a non-monotonic sequence number")]
    NotMonotonic,
    /// Neither base nor incremental nor history.
    #[error("Unknown AOF file type")]
    UnknownKind,
}

impl Manifest {
    /// Reads a manifest to its end.
    pub fn read(reader: impl Read) -> Result<Self, ManifestError> {
        let mut text = Vec::new();
        reader.take(BYTES_MAX + 1).read_to_end(&mut text)?;
        Self::parse(&text)
    }

    /// From its text.
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        if text.len() as u64 > BYTES_MAX {
            return Err(ManifestError::TooLong);
        }
        if text.is_empty() {
            return Err(ManifestError::Empty);
        }
        let mut manifest = Self::new();
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            manifest.take_line(line).map_err(|fault| ManifestError::Line {
                number: index + 1,
                text: line[..line.len().min(LINE_LEN_MAX)].trim_ascii().to_vec(),
                fault,
            })?;
        }
        Ok(manifest)
    }

    fn take_line(&mut self, line: &[u8]) -> Result<(), Fault> {
        if line.starts_with(b"#") {
            return Ok(());
        }
        if line.len() > LINE_LEN_MAX {
            return Err(Fault::TooLong);
        }
        if !line.ends_with(b"\n") {
            return Err(Fault::NotEnded);
        }
        let (kind, file) = entry(line)?;
        match kind {
            b'b' if self.base.is_some() => return Err(Fault::SecondBase),
            b'b' => {
                self.base_seq = file.seq;
                self.base = Some(file);
            }
            b'h' => self.history.push(file),
            b'i' if file.seq <= self.incremental_seq => return Err(Fault::NotMonotonic),
            b'i' => {
                self.incremental_seq = file.seq;
                self.incremental.push(file);
            }
            _ => return Err(Fault::UnknownKind),
        }
        Ok(())
    }
}

/// The first letter of the kind, and the file.
fn entry(line: &[u8]) -> Result<(u8, File), Fault> {
    let words = split_words(line).map_err(|_| Fault::Format)?;
    let (pairs, []) = words.as_chunks::<2>() else { return Err(Fault::Format) };
    let (mut name, mut seq, mut kind, mut extra) = (None, None, None, Vec::new());
    for [key, value] in pairs {
        if key.eq_ignore_ascii_case(b"file") {
            name = Some(value);
        } else if key.eq_ignore_ascii_case(b"seq") {
            seq = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
        } else if key.eq_ignore_ascii_case(b"type") {
            kind = value.first().copied();
        } else {
            extra.push((key.clone(), value.clone()));
        }
    }
    let name = name.filter(|name| !name.is_empty()).ok_or(Fault::Format)?;
    if name.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0)) || matches!(name.as_slice(), b"." | b"..") {
        return Err(Fault::Path);
    }
    let seq = seq.filter(|seq| (1..=SEQ_MAX).contains(seq)).ok_or(Fault::Format)?;
    let kind = kind.ok_or(Fault::Format)?;
    Ok((kind, File { name: name.clone(), seq, extra }))
}
