//! The YAML form: keys are the names of directives, groups are listed under `masters`, users under `users`.
//!
//! Reading it gives the same lines as a `.conf` file would, so everything behind is shared. Values are checked while the
//! parser stands on them, inside a visitor, because only then does its error carry their exact place.

mod key;
mod master;
mod section;
mod top;
mod user;
mod word;

use std::cell::RefCell;
use std::sync::Arc;

use serde::de::DeserializeSeed;

use super::error::{ConfigError, Place};
use super::secret::Secret;
use super::section::SECTIONS;
use super::source::Line;

/// What the visitors share.
struct Context {
    source: Arc<str>,
    lines: RefCell<Vec<Line>>,
    /// Path at which to fail on purpose, to learn its place.
    fail_at: Option<String>,
}

impl Context {
    fn new(source: &str, fail_at: Option<String>) -> Self {
        Self { source: source.into(), lines: RefCell::default(), fail_at }
    }

    /// Adds a line. `keys` says where its words come from.
    fn push(&self, words: Vec<Vec<u8>>, keys: Vec<String>) {
        let text = bongsu_protocol::conf::join_words(&words);
        let line = Line {
            words,
            text,
            indent: 0,
            source: self.source.clone(),
            number: 0,
            yaml: Some(keys),
            from_state: false,
        };
        self.lines.borrow_mut().push(line);
    }

    /// Fails if this is the path whose place is wanted.
    fn stop_at<E: serde::de::Error>(&self, path: &str) -> Result<(), E> {
        match &self.fail_at {
            Some(wanted) if wanted == path => Err(E::custom("here")),
            _ => Ok(()),
        }
    }
}

/// The lines that a YAML text amounts to.
pub(crate) fn read(text: &str, source: &str) -> Result<Vec<Line>, ConfigError> {
    let context = Context::new(source, None);
    match top::Top(&context).deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(()) => Ok(context.lines.into_inner()),
        Err(error) => Err(report(&error, text, source)),
    }
}

/// Adds line and column to an error about a key, which was found after the text had been read: the text is read again
/// up to that key.
pub(crate) fn locate(error: ConfigError, text: &str, source: &str) -> ConfigError {
    let ConfigError::Directive { mut place, text: shown, reason, hint } = error else { return error };
    let Some(key) = place.key.clone().filter(|_| &*place.source == source) else {
        return ConfigError::Directive { place, text: shown, reason, hint };
    };
    let context = Context::new(source, Some(key));
    let stopped = top::Top(&context).deserialize(serde_yaml::Deserializer::from_str(text)).err();
    let location = stopped.and_then(|error| error.location());
    let text = match location {
        Some(location) => {
            (place.line, place.column) = (location.line(), location.column());
            excerpt(text, location.line())
        }
        None => shown,
    };
    ConfigError::Directive { place, text, reason, hint }
}

/// The parser's error with its place taken out of the message.
fn report(error: &serde_yaml::Error, text: &str, source: &str) -> ConfigError {
    let message = error.to_string();
    let (line, column) = error.location().map_or((0, 0), |location| (location.line(), location.column()));
    let reason = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
    let (key, reason) = match reason.split_once(": ") {
        Some((key, rest)) if !key.is_empty() && !key.contains([' ', '`']) => (Some(key.to_owned()), rest),
        _ => (None, reason),
    };
    ConfigError::Directive {
        place: Box::new(Place { source: source.into(), line, column, key, indent: 0 }),
        text: excerpt(text, line),
        reason: reason.to_owned(),
        hint: None,
    }
}

/// A line of the text, without what may be a password.
fn excerpt(text: &str, line: usize) -> String {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim_end();
    let lower = line.to_ascii_lowercase();
    let is_secret = |word: &str| lower.contains(word);
    let mut of_sections = SECTIONS.iter().flat_map(|section| section.keys).filter(|key| key.is_secret());
    if !is_secret("pass") && !line.contains('>') && !of_sections.any(|key| is_secret(key.name)) {
        return line.to_owned();
    }
    match line.split_once(':') {
        Some((key, _)) if !key.contains('>') => format!("{key}: {}", Secret::MASK),
        _ => Secret::MASK.to_owned(),
    }
}

#[cfg(test)]
mod tests;
