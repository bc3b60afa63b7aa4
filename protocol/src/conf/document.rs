//! A configuration file that can be written back without losing what its owner put into it.

use super::words::{SplitError, split_words};

/// White space that a line may have around it.
const AROUND_LINES: [char; 4] = [' ', '\t', '\r', '\0'];

/// The directives of a file with their places, and everything between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfDocument {
    lines: Vec<Line>,
}

/// One line, without the white space around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) content: Content,
}

/// What a line means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing: it is blank or a comment.
    Nothing,
    Directive(Vec<Vec<u8>>),
    Broken(SplitError),
}

/// One directive: its words with quotes and escapes resolved. There is at least one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive<'a> {
    /// Line of the file, counted from 1.
    pub line: usize,
    /// The line as it stands there, without the white space around it.
    pub text: &'a str,
    /// The words, the directive's name first.
    pub words: &'a [Vec<u8>],
}

impl<'a> Directive<'a> {
    /// The directive's name in lower case: names are compared without regard to case.
    pub fn name(&self) -> String {
        self.words.first().map(|word| lower_case(word)).unwrap_or_default()
    }

    /// The word at `index` if there is one and it is UTF-8; 0 is the name.
    pub fn str(&self, index: usize) -> Option<&'a str> {
        std::str::from_utf8(self.words.get(index)?).ok()
    }
}

/// A line that cannot be split into words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {reason}: {text}")]
pub struct ConfError {
    /// Line of the file, counted from 1.
    pub line: usize,
    /// Column of the file's line, in bytes counted from 1, and what is wrong there.
    pub reason: SplitError,
    /// The line, without the white space around it. It may hold a secret: show it to the file's owner only.
    pub text: String,
}

impl ConfDocument {
    /// Reads a whole file. Lines that cannot be understood are kept and reported by [`directives`](Self::directives).
    pub fn parse(text: &str) -> Self {
        // What follows the last line break counts as a line, so a rewrite ends in one blank line, as with Redis.
        Self { lines: text.split('\n').map(Line::parse).collect() }
    }

    /// The directives in the order of the file; an error for each line whose quotes are wrong.
    pub fn directives(&self) -> impl Iterator<Item = Result<Directive<'_>, ConfError>> {
        self.lines.iter().enumerate().filter_map(|(index, Line { text, content })| {
            let line = index + 1;
            match content {
                Content::Nothing => None,
                Content::Directive(words) => Some(Ok(Directive { line, text, words })),
                Content::Broken(reason) => Some(Err(ConfError { line, reason: *reason, text: text.clone() })),
            }
        })
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }
}

impl Line {
    fn parse(line: &str) -> Self {
        let unindented = line.trim_start_matches(AROUND_LINES);
        let indent = line.len() - unindented.len();
        let text = unindented.trim_end_matches(AROUND_LINES).to_owned();
        let content = if text.is_empty() || text.starts_with('#') {
            Content::Nothing
        } else {
            match split_words(text.as_bytes()) {
                // Possible with the rarer kinds of white space only.
                Ok(words) if words.is_empty() => Content::Nothing,
                Ok(words) => Content::Directive(words),
                Err(error) => Content::Broken(SplitError { column: error.column + indent, ..error }),
            }
        };
        Self { text, content }
    }
}

/// `word` as a name, in lower case.
pub(super) fn lower_case(word: &[u8]) -> String {
    String::from_utf8_lossy(word).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::SplitErrorKind;

    #[test]
    fn directives_with_their_lines() {
        let document = ConfDocument::parse("# c\n\nPORT 1\r\n  dir \"/a b\"\n#x\n\tbad 'x\n");
        let directives: Vec<_> = document.directives().collect();
        let [Ok(port), Ok(dir), Err(bad)] = directives.as_slice() else { panic!("{directives:?}") };
        assert_eq!((port.line, port.name().as_str(), port.str(1)), (3, "port", Some("1")));
        assert_eq!((dir.line, dir.str(1), dir.text), (4, Some("/a b"), "dir \"/a b\""));
        assert_eq!((bad.line, bad.reason.column, bad.reason.kind), (6, 6, SplitErrorKind::Unclosed));
        assert_eq!(bad.to_string(), "line 6, column 6: quote is not closed: bad 'x");
    }
}
