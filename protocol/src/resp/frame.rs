//! Where a reply ends.

use super::number::parse_integer;
use super::reply::{ReplyError, ReplyErrorKind, ReplyLimits};

/// Longest line of a reply; errors and statuses are lines, and none of Redis comes near.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// The first line of a value.
pub(super) enum Element<'a> {
    /// The line is the value.
    Line { kind: u8, text: &'a [u8] },
    /// `len` bytes and CR LF follow.
    Blob { kind: u8, len: usize },
    /// The null that RESP2 writes as a negative length.
    Null,
    /// `len` values follow.
    Aggregate { kind: u8, len: usize },
}

/// Reads the first line of the value at `start`: the element and the bytes of that line. `None` if it has not arrived.
pub(super) fn read_element(buf: &[u8], start: usize) -> Result<Option<(Element<'_>, usize)>, ReplyError> {
    let rest = buf.get(start..).unwrap_or_default();
    let element = read_line(rest, 0).and_then(|line| line.map(parse_element).transpose());
    element.map_err(|kind| ReplyError { offset: start, kind })
}

/// The line at the start of `rest`, without CR LF; `scanned` bytes are known to hold no line end.
fn read_line(rest: &[u8], scanned: usize) -> Result<Option<&[u8]>, ReplyErrorKind> {
    if let Some(&kind) = rest.first().filter(|kind| !b"+-:$*_,#(!=%~>|".contains(kind)) {
        return Err(ReplyErrorKind::UnknownType(kind));
    }
    let from = scanned.min(rest.len());
    match memchr::memchr(b'\n', &rest[from..]) {
        Some(at) if from + at <= LINE_BYTES_MAX => {
            rest[..from + at].strip_suffix(b"\r").map(Some).ok_or(ReplyErrorKind::MissingLineEnd)
        }
        None if rest.len() <= LINE_BYTES_MAX => Ok(None),
        _ => Err(ReplyErrorKind::TooLong),
    }
}

fn parse_element(line: &[u8]) -> Result<(Element<'_>, usize), ReplyErrorKind> {
    let used = line.len() + 2;
    let (&kind, text) = line.split_first().ok_or(ReplyErrorKind::MissingLineEnd)?;
    let element = match kind {
        b'$' | b'*' if text == b"-1" => Element::Null,
        b'$' | b'!' | b'=' => Element::Blob { kind, len: parse_len(text)? },
        b'*' | b'~' | b'>' => Element::Aggregate { kind, len: parse_len(text)? },
        b'%' | b'|' => {
            let len = parse_len(text)?.checked_mul(2).ok_or(ReplyErrorKind::TooManyElements)?;
            Element::Aggregate { kind, len }
        }
        _ => Element::Line { kind, text },
    };
    Ok((element, used))
}

fn parse_len(text: &[u8]) -> Result<usize, ReplyErrorKind> {
    parse_integer(text).and_then(|len| usize::try_from(len).ok()).ok_or(ReplyErrorKind::InvalidNumber)
}

/// An aggregate that is not complete.
#[derive(Debug)]
struct Open {
    elements_left: usize,
    /// An attribute is followed by the value it belongs to, so it is no element of what it stands in.
    attribute: bool,
}

/// Finds the end of a reply, going on where the last call stopped.
#[derive(Debug, Default)]
pub(super) struct FrameScanner {
    /// Bytes whose elements are known.
    position: usize,
    /// Bytes after `position` in which no line end was found.
    scanned: usize,
    /// End of the string that starts at `position`, its CR LF included.
    blob_end: Option<usize>,
    elements: usize,
    open: Vec<Open>,
}

impl FrameScanner {
    /// Length of the reply at the start of `buf`, or `None` if it has not arrived completely.
    pub(super) fn scan(&mut self, buf: &[u8], limits: &ReplyLimits) -> Result<Option<usize>, ReplyError> {
        loop {
            let step = self.step(buf, limits).map_err(|kind| ReplyError { offset: self.position, kind })?;
            match step {
                Step::More => {}
                Step::Wait => return Ok(None),
                Step::Done => return Ok(Some(self.position)),
            }
        }
    }

    /// Least length of the buffer that lets [`scan`](Self::scan) go on.
    pub(super) fn len_needed(&self) -> usize {
        self.blob_end.unwrap_or(0)
    }

    fn step(&mut self, buf: &[u8], limits: &ReplyLimits) -> Result<Step, ReplyErrorKind> {
        if let Some(end) = self.blob_end {
            return self.finish_blob(buf, end);
        }
        let rest = buf.get(self.position..).unwrap_or_default();
        let Some(line) = read_line(rest, self.scanned)? else {
            self.scanned = rest.len();
            return if buf.len() > limits.bytes_max { Err(ReplyErrorKind::TooLong) } else { Ok(Step::Wait) };
        };
        let (element, used) = parse_element(line)?;
        let after = self.position + used;
        let end = match element {
            Element::Blob { len, .. } => after.saturating_add(len).saturating_add(2),
            _ => after,
        };
        if end > limits.bytes_max {
            return Err(ReplyErrorKind::TooLong);
        }
        let step = match element {
            Element::Blob { .. } => {
                self.blob_end = Some(end);
                Step::More
            }
            Element::Aggregate { kind, len } => self.open(kind, len, limits)?,
            Element::Line { .. } | Element::Null => self.complete_element(),
        };
        self.position = after;
        self.scanned = 0;
        Ok(step)
    }

    fn finish_blob(&mut self, buf: &[u8], end: usize) -> Result<Step, ReplyErrorKind> {
        let Some(line_end) = buf.get(end - 2..end) else { return Ok(Step::Wait) };
        if line_end != b"\r\n" {
            return Err(ReplyErrorKind::MissingLineEnd);
        }
        self.position = end;
        self.blob_end = None;
        Ok(self.complete_element())
    }

    fn open(&mut self, kind: u8, len: usize, limits: &ReplyLimits) -> Result<Step, ReplyErrorKind> {
        self.elements = self.elements.saturating_add(len);
        if self.elements > limits.elements_max {
            return Err(ReplyErrorKind::TooManyElements);
        }
        let attribute = kind == b'|';
        if len == 0 {
            return Ok(if attribute { Step::More } else { self.complete_element() });
        }
        if self.open.len() >= limits.nesting_max {
            return Err(ReplyErrorKind::TooDeep);
        }
        self.open.push(Open { elements_left: len, attribute });
        Ok(Step::More)
    }

    /// Counts one value, and the aggregates that become complete with it.
    fn complete_element(&mut self) -> Step {
        while let Some(top) = self.open.last_mut() {
            top.elements_left -= 1;
            if top.elements_left > 0 {
                return Step::More;
            }
            let attribute = top.attribute;
            self.open.pop();
            if attribute {
                return Step::More;
            }
        }
        Step::Done
    }
}

enum Step {
    More,
    Wait,
    Done,
}
