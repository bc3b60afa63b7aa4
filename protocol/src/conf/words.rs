//! Words of a configuration line or an inline command, and their quoting.
//!
//! The rules: words are separated by white space. Inside double quotes `\n \r \t \b \a`, `\xHH` and `\` before any
//! other byte are escapes; inside single quotes only `\'` is. A closing quote must end the word. Everything else,
//! `#` included, stands for itself.

use std::ops::Range;

/// Why a line cannot be split into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {kind}")]
pub struct SplitError {
    /// Column of the offending quote, in bytes, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: SplitErrorKind,
}

/// The two ways in which quoting can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitErrorKind {
    /// The quote opened at this column is never closed.
    #[error("quote is not closed")]
    Unclosed,
    /// The quote closed at this column is followed by more text of the same word.
    #[error("closing quote is followed by text, a space is needed")]
    TextAfterQuote,
}

/// Splits `line` into its words, with quotes and escapes resolved.
pub fn split_words(line: &[u8]) -> Result<Vec<Vec<u8>>, SplitError> {
    let mut words = Words::default();
    words.split(line)?;
    Ok(words.iter().map(<[u8]>::to_vec).collect())
}

/// Appends `word` to `out`, quoted if it would not otherwise be read back as the same single word.
pub fn push_word(out: &mut String, word: &[u8]) {
    if !needs_quotes(word) {
        out.extend(word.iter().map(|&byte| char::from(byte)));
        return;
    }
    push_quoted(out, word);
}

/// Appends `word` to `out` in double quotes, whether it needs them or not.
pub fn push_quoted(out: &mut String, word: &[u8]) {
    out.push('"');
    for &byte in word {
        match byte {
            b'\\' | b'"' => out.extend(['\\', char::from(byte)]),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x07 => out.push_str("\\a"),
            0x08 => out.push_str("\\b"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.extend(['\\', 'x', hex_digit(byte >> 4), hex_digit(byte & 15)]),
        }
    }
    out.push('"');
}

/// One configuration line out of its words, each quoted if needed.
pub fn join_words<W: AsRef<[u8]>>(words: impl IntoIterator<Item = W>) -> String {
    let mut line = String::new();
    for (index, word) in words.into_iter().enumerate() {
        if index > 0 {
            line.push(' ');
        }
        push_word(&mut line, word.as_ref());
    }
    line
}

/// Words of one line in buffers that are reused for the next line.
#[derive(Debug, Default)]
pub(crate) struct Words {
    text: Vec<u8>,
    ranges: Vec<Range<usize>>,
}

impl Words {
    /// Replaces the contents by the words of `line`.
    pub(crate) fn split(&mut self, line: &[u8]) -> Result<(), SplitError> {
        self.text.clear();
        self.ranges.clear();
        let mut at = 0;
        loop {
            while line.get(at).is_some_and(|&byte| is_blank(byte)) {
                at += 1;
            }
            if at >= line.len() {
                return Ok(());
            }
            let start = self.text.len();
            at = self.take_word(line, at)?;
            self.ranges.push(start..self.text.len());
        }
    }

    /// The words, in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.ranges.iter().map(|range| &self.text[range.clone()])
    }

    /// The bytes the ranges point into.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where each word lies in the text.
    pub(crate) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Appends the word that starts at `at` to the text and returns the place after it.
    fn take_word(&mut self, line: &[u8], mut at: usize) -> Result<usize, SplitError> {
        while let Some(&byte) = line.get(at) {
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' | 0 => break,
                b'"' | b'\'' => {
                    let after = self.take_quoted(line, at, byte)?;
                    return match line.get(after) {
                        Some(&next) if !is_blank(next) => {
                            Err(SplitError { column: after, kind: SplitErrorKind::TextAfterQuote })
                        }
                        _ => Ok(after),
                    };
                }
                _ => {
                    self.text.push(byte);
                    at += 1;
                }
            }
        }
        Ok(at)
    }

    /// Appends what stands between the quote at `open` and its partner; returns the place after the partner.
    fn take_quoted(&mut self, line: &[u8], open: usize, quote: u8) -> Result<usize, SplitError> {
        let mut rest = &line[open + 1..];
        loop {
            let (byte, used) = match *rest {
                [first, ..] if first == quote => return Ok(line.len() - rest.len() + 1),
                [b'\\', b'x', high, low, ..] if quote == b'"' && is_hex(high) && is_hex(low) => {
                    (hex_value(high) << 4 | hex_value(low), 4)
                }
                [b'\\', escaped, ..] if quote == b'"' => (unescape(escaped), 2),
                [b'\\', b'\'', ..] => (b'\'', 2),
                [first, ..] => (first, 1),
                [] => return Err(SplitError { column: open + 1, kind: SplitErrorKind::Unclosed }),
            };
            self.text.push(byte);
            rest = &rest[used..];
        }
    }
}

fn needs_quotes(word: &[u8]) -> bool {
    word.is_empty() || word.iter().any(|&byte| !byte.is_ascii_graphic() || matches!(byte, b'"' | b'\'' | b'\\'))
}

/// White space between words; a NUL byte ends a line in C programs and separates here.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0)
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A') + 10,
    }
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value & 15), 16).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        let words = split_words(line.as_bytes()).expect("line splits");
        let words: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        assert_eq!(words, expected, "{line:?}");
    }

    #[track_caller]
    fn check_error(line: &str, column: usize, kind: SplitErrorKind) {
        assert_eq!(split_words(line.as_bytes()), Err(SplitError { column, kind }), "{line:?}");
    }

    #[test]
    fn words_and_quotes() {
        check("", &[]);
        check("  \t ", &[]);
        check("set  a\tb\r\n", &["set", "a", "b"]);
        check(r#"a "b c" 'd e'"#, &["a", "b c", "d e"]);
        check(r#""\x41\n\r\t\b\a\q\"\\""#, &["A\n\r\t\u{8}\u{7}q\"\\"]);
        check(r#"'a\'b\n"'"#, &["a'b\\n\""]);
        check(r#""" ''"#, &["", ""]);
        check(r#"dir"/x y""#, &["dir/x y"]);
        check(r#"a#b # c"#, &["a#b", "#", "c"]);
        check(r#""\xZZ\x4""#, &["xZZx4"]);
    }

    #[test]
    fn errors_name_the_column() {
        check_error(r#"a "b"#, 3, SplitErrorKind::Unclosed);
        check_error("'", 1, SplitErrorKind::Unclosed);
        check_error(r#"a "b\""#, 3, SplitErrorKind::Unclosed);
        check_error(r#"a "b"c"#, 5, SplitErrorKind::TextAfterQuote);
        check_error("'a''b'", 3, SplitErrorKind::TextAfterQuote);
    }

    #[test]
    fn quoting_is_used_only_where_needed() {
        assert_eq!(
            join_words(["plain", "", "a b", "q\"\\", "it's", "\u{e9}\n\0"]),
            r#"plain "" "a b" "q\"\\" "it's" "\xc3\xa9\n\x00""#
        );
    }
}
