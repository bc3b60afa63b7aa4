//! Reading the commands of a file, and finding where they stop to make sense.
//!
//! A file ends well between two commands that are not within a transaction. One that ends elsewhere has been cut off, by a crash or a
//! full disk, and can be cut back to [`Scanner::good_until`]; one whose bytes cannot be what a server wrote is damaged.

mod command;
mod error;
mod line;
#[cfg(test)]
mod tests;
mod window;

use std::io::Read;

pub use command::{Arguments, Command};
pub use error::{Damage, Missing, ScanError};
pub use line::Annotation;

use line::LengthLine;
use window::Window;

/// Bytes of the longest annotation, its end included.
pub const ANNOTATION_LEN_MAX: usize = 1024;

/// Arguments whose places are worth keeping room for.
const ARGUMENTS_KEPT: usize = 1 << 16;

/// Far above any limit, and so low that sums of some such numbers are numbers.
const LEN_MAX: usize = 1 << 48;

/// What one command may be. Nothing is set aside for what a file only announces: memory grows with the bytes that are there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Arguments of a command.
    pub arguments: usize,
    /// Bytes of an argument.
    pub argument_bytes: usize,
    /// Bytes of a command.
    pub command_bytes: usize,
}

impl Default for Limits {
    /// What no server lets a client send: arguments are counted in 31 bits, `proto-max-bulk-len` is 512 MiB, the buffer of a request
    /// 1 GiB; each with room for directives that were set higher.
    fn default() -> Self {
        Self { arguments: i32::MAX as usize, argument_bytes: 4 << 30, command_bytes: 8 << 30 }
    }
}

/// What a file consists of.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// A command.
    Command(Command<'a>),
    /// A line that is no command.
    Annotation(Annotation<'a>),
}

/// Where a command has been read up to, in bytes since its beginning.
#[derive(Debug, Default)]
struct Partial {
    /// The next byte to be looked at.
    at: usize,
    /// Arguments that are still to come; `None` until the number is known.
    missing: Option<usize>,
    /// The bytes of the argument whose length has been read.
    argument: Option<usize>,
}

/// Reads the entries of a file, one after the other.
#[derive(Debug)]
pub struct Scanner<R> {
    window: Window<R>,
    limits: Limits,
    /// Offset of the entry that is read next.
    offset: u64,
    good_until: u64,
    line: u64,
    is_in_transaction: bool,
    partial: Partial,
    /// Where the arguments of the command lie, since its beginning.
    ranges: Vec<(usize, usize)>,
    /// Bytes of the entry that was handed out last.
    handed_out: usize,
    is_over: bool,
}

enum Step {
    Done,
    Needs(usize),
}

impl<R: Read> Scanner<R> {
    /// Of a file whose first `offset` bytes have been read otherwise, as those of an RDB file.
    pub fn new(reader: R, offset: u64) -> Self {
        Self::with_limits(reader, offset, Limits::default())
    }

    /// As [`Self::new`], with other limits.
    pub fn with_limits(reader: R, offset: u64, mut limits: Limits) -> Self {
        limits.argument_bytes = limits.argument_bytes.min(LEN_MAX);
        Self {
            window: Window::new(reader),
            limits,
            offset,
            good_until: offset,
            line: 1,
            is_in_transaction: false,
            partial: Partial::default(),
            ranges: Vec::new(),
            handed_out: 0,
            is_over: false,
        }
    }

    /// Offset of the entry that comes next.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Offset behind the last command, or the last transaction, that is complete. The file can be cut off there and be loaded.
    pub const fn good_until(&self) -> u64 {
        self.good_until
    }

    /// Number of the line up to which the file makes sense, counted from 1. Line breaks within arguments do not count.
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Whether a `MULTI` has been read whose `EXEC` has not.
    pub const fn is_in_transaction(&self) -> bool {
        self.is_in_transaction
    }

    /// The next entry; `None` at a good end. After an error there is nothing more.
    #[expect(clippy::should_implement_trait, reason = "what it gives lies in the buffer")]
    pub fn next(&mut self) -> Option<Result<Entry<'_>, ScanError>> {
        if self.is_over {
            return None;
        }
        self.window.discard(self.handed_out);
        self.handed_out = 0;
        match self.read() {
            Ok(Some(kind)) => Some(Ok(self.entry(kind))),
            Ok(None) => {
                self.is_over = true;
                None
            }
            Err(error) => {
                self.is_over = true;
                Some(Err(error))
            }
        }
    }

    /// Reads an entry into the window; its first byte.
    fn read(&mut self) -> Result<Option<u8>, ScanError> {
        if !self.window.fill(1)? {
            if self.is_in_transaction {
                return Err(self.cut_off(self.offset, Missing::Exec));
            }
            return Ok(None);
        }
        let kind = self.window.bytes()[0];
        let len = match kind {
            b'#' => self.read_annotation()?,
            b'*' => self.read_command()?,
            found => return Err(self.damaged(0, Damage::NoEntry { found })),
        };
        if kind == b'*' {
            self.note_transaction()?;
        }
        self.offset += len as u64;
        self.handed_out = len;
        if !self.is_in_transaction {
            self.good_until = self.offset;
        }
        Ok(Some(kind))
    }

    fn entry(&self, kind: u8) -> Entry<'_> {
        let bytes = &self.window.bytes()[..self.handed_out];
        let offset = self.offset - self.handed_out as u64;
        match kind {
            b'#' => Entry::Annotation(Annotation { bytes, offset }),
            _ => Entry::Command(Command::new(bytes, &self.ranges, offset)),
        }
    }

    fn read_annotation(&mut self) -> Result<usize, ScanError> {
        loop {
            let bytes = self.window.bytes();
            let seen = &bytes[..bytes.len().min(ANNOTATION_LEN_MAX)];
            if let Some(end) = seen.iter().position(|byte| *byte == b'\n') {
                self.line += 1;
                return Ok(end + 1);
            }
            if seen.len() == ANNOTATION_LEN_MAX {
                return Err(self.damaged(0, Damage::LongAnnotation));
            }
            let len = seen.len() + 1;
            if !self.window.fill(len)? {
                return Err(self.cut_off(self.offset, Missing::LineEnd));
            }
        }
    }

    fn read_command(&mut self) -> Result<usize, ScanError> {
        self.partial = Partial::default();
        self.ranges.clear();
        self.ranges.shrink_to(ARGUMENTS_KEPT);
        loop {
            match self.advance()? {
                Step::Done => return Ok(self.partial.at),
                Step::Needs(len) => {
                    if !self.window.fill(len)? {
                        return Err(self.end_within_command(len));
                    }
                }
            }
        }
    }

    /// Goes on with the command as far as its bytes are there.
    fn advance(&mut self) -> Result<Step, ScanError> {
        loop {
            let bytes = self.window.bytes();
            let at = self.partial.at;
            if let Some(len) = self.partial.argument {
                let end = at + len;
                if end + 2 > self.limits.command_bytes {
                    return Err(self.damaged(at, Damage::LongCommand));
                }
                match bytes.get(end..end + 2) {
                    None => return Ok(Step::Needs(end + 2)),
                    Some(b"\r\n") => {}
                    Some(found) => {
                        let found = [found[0], found[1]];
                        return Err(self.damaged(end, Damage::NoLineEnd { found }));
                    }
                }
                self.ranges.push((at, end));
                self.partial.at = end + 2;
                self.partial.argument = None;
                self.line += 1;
                continue;
            }
            if self.partial.missing == Some(self.ranges.len()) {
                return Ok(Step::Done);
            }
            let expected = if self.partial.missing.is_some() { b'$' } else { b'*' };
            let rest = &bytes[at..];
            match rest.first() {
                None => return Ok(Step::Needs(at + 1)),
                Some(&found) if found != expected => return Err(self.damaged(at, Damage::Prefix { expected, found })),
                Some(_) => {}
            }
            let (value, len) = match LengthLine::of(rest) {
                LengthLine::Whole { value, len } => (value, len),
                LengthLine::Partial => return Ok(Step::Needs(bytes.len() + 1)),
                LengthLine::No => return Err(self.damaged(at, Damage::Length)),
            };
            self.take_length(at, value)?;
            self.partial.at = at + len;
            self.line += 1;
        }
    }

    fn take_length(&mut self, at: usize, len: usize) -> Result<(), ScanError> {
        if self.partial.missing.is_none() {
            if len == 0 {
                return Err(self.damaged(at, Damage::NoArguments));
            }
            if len > self.limits.arguments {
                return Err(self.damaged(at, Damage::ManyArguments { count: len }));
            }
            self.partial.missing = Some(len);
        } else {
            if len > self.limits.argument_bytes {
                return Err(self.damaged(at, Damage::LongArgument { len }));
            }
            self.partial.argument = Some(len);
        }
        Ok(())
    }

    /// Keeps count of transactions, once a whole command has been read.
    fn note_transaction(&mut self) -> Result<(), ScanError> {
        let bytes = self.window.bytes();
        let (start, end) = self.ranges[0];
        // Most commands have another length than both.
        let name = &bytes[start..end];
        if name.len() == 5 && name.eq_ignore_ascii_case(b"multi") {
            if self.is_in_transaction {
                return Err(self.damaged(0, Damage::NestedMulti));
            }
            self.is_in_transaction = true;
        } else if name.len() == 4 && name.eq_ignore_ascii_case(b"exec") {
            if !self.is_in_transaction {
                return Err(self.damaged(0, Damage::LoneExec));
            }
            self.is_in_transaction = false;
        }
        Ok(())
    }

    fn end_within_command(&self, needed: usize) -> ScanError {
        let there = self.window.bytes().len();
        match self.partial.argument {
            Some(len) => {
                let at = self.partial.at;
                let missing = Missing::Bytes { expected: len + 2, there: there - at };
                self.cut_off(self.offset + at as u64, missing)
            }
            None if needed > there && there > self.partial.at => {
                self.cut_off(self.offset + self.partial.at as u64, Missing::LineEnd)
            }
            None => self.cut_off(self.offset + self.partial.at as u64, Missing::Argument),
        }
    }

    fn cut_off(&self, offset: u64, missing: Missing) -> ScanError {
        ScanError::CutOff { offset, missing }
    }

    fn damaged(&self, at: usize, damage: Damage) -> ScanError {
        ScanError::Damaged { offset: self.offset + at as u64, damage }
    }
}
