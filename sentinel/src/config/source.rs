//! Where lines of configuration come from: files, files they include, standard input, the command line.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bongsu_process::include;
use bongsu_protocol::conf::{ConfDocument, join_words};

use super::error::{ConfigError, Place};
use super::secret::Secret;
use super::section;

/// Deepest nesting of `include`: enough for any layout, and it stops a file that includes itself.
const INCLUDE_DEPTH_MAX: usize = 16;
/// Largest configuration read: a file with 10 000 groups and their replicas stays below.
pub(crate) const FILE_BYTES_MAX: u64 = 64 << 20;

/// One directive with its place.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// The words; at least one.
    pub(crate) words: Vec<Vec<u8>>,
    /// The line as written, without the white space around it.
    pub(crate) text: String,
    /// Bytes of white space before it.
    pub(crate) indent: usize,
    pub(crate) source: Arc<str>,
    pub(crate) number: usize,
    /// Where each word comes from, if it comes from YAML: paths of keys, the first being that of the whole.
    pub(crate) yaml: Option<Vec<String>>,
    /// Written by a sentinel rather than by its owner: wrong lines of this kind are skipped.
    pub(crate) from_state: bool,
}

impl Line {
    /// The word at `index` in lower case; empty if there is none.
    pub(crate) fn lower(&self, index: usize) -> String {
        self.words.get(index).map(|word| String::from_utf8_lossy(word).to_ascii_lowercase()).unwrap_or_default()
    }

    /// The word at `index` as text; empty if there is none.
    pub(crate) fn text_of(&self, index: usize) -> String {
        self.words.get(index).map(|word| String::from_utf8_lossy(word).into_owned()).unwrap_or_default()
    }

    /// The place of a word, or of the line.
    pub(crate) fn place(&self, word: Option<usize>) -> Place {
        let source = self.source.clone();
        match &self.yaml {
            Some(keys) => {
                let index = word.map_or(0, |word| word.min(keys.len().saturating_sub(1)));
                Place { source, line: 0, column: 0, key: keys.get(index).cloned(), indent: 0 }
            }
            None => {
                let column =
                    word.and_then(|word| word_starts(&self.text).get(word).map(|start| self.indent + start + 1));
                Place { source, line: self.number, column: column.unwrap_or(0), key: None, indent: self.indent }
            }
        }
    }

    /// An error in this line, at one of its words if it is that word's fault.
    pub(crate) fn error_at(&self, word: Option<usize>, reason: impl Into<String>, hint: Option<String>) -> ConfigError {
        ConfigError::Directive {
            place: Box::new(self.place(word)),
            text: masked(&self.text),
            reason: reason.into(),
            hint,
        }
    }
}

/// Where words start, in bytes. A rough lexer is enough: the line has been split before.
fn word_starts(text: &str) -> Vec<usize> {
    let (mut starts, mut quote, mut in_word, mut escaped) = (Vec::new(), None, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if byte == b'\\' => escaped = true,
            Some(open) if open == byte => quote = None,
            Some(_) => {}
            None if byte.is_ascii_whitespace() => in_word = false,
            None => {
                if !in_word {
                    starts.push(at);
                }
                in_word = true;
                quote = matches!(byte, b'"' | b'\'').then_some(byte);
            }
        }
    }
    starts
}

/// The line with passwords replaced, for messages.
impl Line {
    /// The line as it was written, secrets masked.
    pub(super) fn shown(&self) -> String {
        masked(&self.text)
    }
}

fn masked(text: &str) -> String {
    let starts = word_starts(text);
    let word = |index: usize| {
        let end = starts.get(index + 1).copied().unwrap_or(text.len());
        starts.get(index).map(|start| text[*start..end].trim().to_ascii_lowercase()).unwrap_or_default()
    };
    let from = match word(0).as_str() {
        "requirepass" | "masterauth" | "primaryauth" | "tls-key-file-pass" | "tls-client-key-file-pass" => 1,
        "user" => 2,
        "sentinel" => match word(1).as_str() {
            "sentinel-pass" => 2,
            "auth-pass" => 3,
            _ => return text.to_owned(),
        },
        first => match section::by_word(first).and_then(|section| section.key(&word(2))) {
            Some(key) if key.is_secret() => 3,
            _ => return text.to_owned(),
        },
    };
    match starts.get(from) {
        Some(start) => format!("{}{}", &text[..*start], Secret::MASK),
        None => text.to_owned(),
    }
}

/// The lines of a text, includes resolved.
pub(crate) fn read_text(text: &str, source: &str, depth: usize) -> Result<Vec<Line>, ConfigError> {
    let source: Arc<str> = source.into();
    let document = ConfDocument::parse(text);
    let indents: Vec<usize> = text.split('\n').map(|line| line.len() - line.trim_start().len()).collect();
    let mut lines = Vec::new();
    for directive in document.directives() {
        let directive = directive.map_err(|error| ConfigError::Directive {
            place: Box::new(Place {
                source: source.clone(),
                line: error.line,
                column: error.reason.column,
                key: None,
                indent: indents.get(error.line - 1).copied().unwrap_or(0),
            }),
            text: masked(&error.text),
            reason: "Unbalanced quotes in configuration line".to_owned(),
            hint: Some(error.reason.kind.to_string()),
        })?;
        let line = Line {
            words: directive.words.to_vec(),
            text: directive.text.to_owned(),
            indent: indents.get(directive.line - 1).copied().unwrap_or(0),
            source: source.clone(),
            number: directive.line,
            yaml: None,
            from_state: false,
        };
        if line.lower(0) == "include" {
            include(&line, depth, &mut lines)?;
        } else {
            lines.push(line);
        }
    }
    Ok(lines)
}

fn include(line: &Line, depth: usize, lines: &mut Vec<Line>) -> Result<(), ConfigError> {
    if line.words.len() != 2 {
        return Err(line.error_at(None, "wrong number of arguments", None));
    }
    if depth >= INCLUDE_DEPTH_MAX {
        return Err(line.error_at(None, format!("include is nested deeper than {INCLUDE_DEPTH_MAX} levels"), None));
    }
    for path in include::expand(Path::new(""), &line.text_of(1)) {
        let text = read_file(&path)?;
        lines.extend(read_text(&text, &path.display().to_string(), depth + 1)?);
    }
    Ok(())
}

/// Reads a configuration file, up to [`FILE_BYTES_MAX`].
pub(crate) fn read_file(path: &Path) -> Result<String, ConfigError> {
    let read = || -> io::Result<Vec<u8>> {
        let length = fs::metadata(path)?.len();
        if length > FILE_BYTES_MAX {
            return Err(io::Error::other(format!("{length} bytes are more than the {FILE_BYTES_MAX} allowed")));
        }
        fs::read(path)
    };
    let bytes = read().map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    String::from_utf8(bytes).map_err(|error| not_text(path, error.as_bytes(), error.utf8_error().valid_up_to()))
}

/// The error of a file whose first `valid` bytes only are text.
fn not_text(path: &Path, bytes: &[u8], valid: usize) -> ConfigError {
    let start = bytes[..valid].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let line: Vec<u8> = bytes[start..].iter().copied().take_while(|byte| *byte != b'\n').collect();
    let place = Place {
        source: path.display().to_string().into(),
        line: bytes[..start].iter().filter(|byte| **byte == b'\n').count() + 1,
        column: valid - start + 1,
        key: None,
        indent: 0,
    };
    ConfigError::Directive {
        place: Box::new(place),
        text: masked(&String::from_utf8_lossy(&line)),
        reason: "not UTF-8 text".to_owned(),
        hint: None,
    }
}

/// Lines from the command line: one per directive, its words taken as they are.
pub(crate) fn from_arguments(directives: &[Vec<String>]) -> Vec<Line> {
    let source: Arc<str> = "command line".into();
    let line = |(index, words): (usize, &Vec<String>)| Line {
        words: words.iter().map(|word| word.clone().into_bytes()).collect(),
        text: join_words(words),
        indent: 0,
        source: source.clone(),
        number: index + 1,
        yaml: None,
        from_state: false,
    };
    directives.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_masks() {
        assert_eq!(word_starts(r#"a "b c" d"#), [0, 2, 8]);
        assert_eq!(masked("requirepass \"x y\""), "requirepass ******");
        assert_eq!(masked("sentinel auth-pass m secret"), "sentinel auth-pass m ******");
        assert_eq!(masked("user a on >b"), "user a ******");
        assert_eq!(masked("port 1"), "port 1");
    }

    #[test]
    fn includes_nest_match_and_end() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = |name: &str| dir.path().join(name);
        fs::write(path("a.conf"), format!("port 1\ninclude {}\n", path("x*.inc").display())).expect("written");
        fs::write(path("x2.inc"), "port 3\n").expect("written");
        fs::write(path("x1.inc"), "port 2\n").expect("written");
        let lines = read_text(&read_file(&path("a.conf")).expect("read"), "a.conf", 0).expect("parsed");
        let ports: Vec<_> = lines.iter().map(|line| line.text_of(1)).collect();
        assert_eq!(ports, ["1", "2", "3"]);

        fs::write(path("loop.conf"), format!("include {}\n", path("loop.conf").display())).expect("written");
        let error = read_text(&read_file(&path("loop.conf")).expect("read"), "loop.conf", 0).expect_err("must end");
        assert!(error.to_string().contains("nested deeper than 16"), "{error}");
    }
}
