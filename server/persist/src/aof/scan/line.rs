//! Lines: lengths, and what is no command.

/// What the annotation of a time begins with.
const TIMESTAMP: &[u8] = b"#TS:";

/// A line that is no command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Annotation<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) offset: u64,
}

impl<'a> Annotation<'a> {
    /// The whole line, its end included.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where it begins.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether it is one that says when the commands behind it were executed.
    pub fn is_timestamp(&self) -> bool {
        self.bytes.starts_with(TIMESTAMP)
    }

    /// When the commands behind it were executed, in seconds of the epoch.
    pub fn timestamp(&self) -> Option<i64> {
        let digits = self.bytes.strip_prefix(TIMESTAMP)?.strip_suffix(b"\r\n")?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }
}

/// Digits of the longest length.
const DIGITS_MAX: usize = 20;

/// A letter, digits, and the end of the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LengthLine {
    /// It is all there.
    Whole {
        /// The number.
        value: usize,
        /// Bytes of the line.
        len: usize,
    },
    /// As far as it is there it can be one.
    Partial,
    /// It is none.
    No,
}

impl LengthLine {
    /// What begins with these bytes, of which the first is not looked at.
    #[inline]
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut value: usize = 0;
        for (index, byte) in bytes.iter().enumerate().skip(1) {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 && index <= DIGITS_MAX {
                let longer = value.checked_mul(10).and_then(|value| value.checked_add(usize::from(digit)));
                let Some(longer) = longer else { return Self::No };
                value = longer;
                continue;
            }
            return match (byte, bytes.get(index + 1)) {
                (b'\r', Some(b'\n')) if index > 1 => Self::Whole { value, len: index + 2 },
                (b'\r', None) if index > 1 => Self::Partial,
                _ => Self::No,
            };
        }
        Self::Partial
    }
}
