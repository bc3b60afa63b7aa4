//! What can be wrong with a configuration, and how it is reported.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::value::Refusal;

/// Where a directive stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A file's path, `stdin`, `command line`, or the path of a state file.
    pub source: Arc<str>,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in bytes, counted from 1; 0 if unknown.
    pub column: usize,
    /// Path of keys, in YAML.
    pub key: Option<String>,
    /// White space before the directive, in bytes.
    pub(crate) indent: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.source, self.line)?;
        if self.column > 0 {
            write!(f, ", column {}", self.column)?;
        }
        match &self.key {
            Some(key) => write!(f, ", key {key}"),
            None => Ok(()),
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A directive is wrong.
    #[error("{place}: {reason}{}", hint_suffix(hint.as_deref()))]
    Directive {
        /// Where.
        place: Box<Place>,
        /// The line as written, secrets masked.
        text: String,
        /// What is wrong with it, in Redis' words where Redis has any.
        reason: String,
        /// What may have been meant, or what is allowed.
        hint: Option<String>,
    },
    /// A file cannot be read.
    #[error("Fatal error, can't open config file '{}': {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no file.
    #[error("Sentinel needs config file on disk to save state. Exiting...")]
    NoFile,
    /// The file could not be rewritten.
    #[error("Sentinel config file {} is not writable: {source}. Exiting...", path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The state directory of a YAML configuration cannot be used.
    #[error(transparent)]
    State(#[from] super::store::StateError),
    /// The journal that a crash left behind cannot be read.
    #[error("{0}. It may hold a vote that this sentinel has given")]
    Journal(#[from] super::store::SaveError),
}

fn hint_suffix(hint: Option<&str>) -> String {
    hint.map(|hint| format!(" ({hint})")).unwrap_or_default()
}

impl ConfigError {
    /// True if the configuration itself is at fault: Redis reports those on standard error and the others in the log.
    pub const fn is_in_the_text(&self) -> bool {
        matches!(self, Self::Directive { .. })
    }

    /// The report for people: place, reason, the line with a mark under the fault, and what may have been meant.
    pub fn report(&self) -> String {
        let Self::Directive { place, text, reason, hint } = self else { return format!("{self}\n") };
        let mut report = format!("{place}: {reason}\n    {}\n", text.trim_start());
        let indent = if place.key.is_some() { text.len() - text.trim_start().len() } else { place.indent };
        if let Some(mark) = place.column.checked_sub(indent + 1) {
            report.push_str(&format!("    {}^\n", " ".repeat(mark)));
        }
        if let Some(hint) = hint {
            report.push_str(&format!("{hint}\n"));
        }
        report
    }

    /// The report for standard error in Redis' form, with the exact place added. `version` is the announced version.
    pub fn fatal_block(&self, version: &str) -> String {
        let Self::Directive { place, text, reason, hint } = self else { return format!("{self}\n") };
        let mut block = format!(
            "\n*** FATAL CONFIG FILE ERROR (Redis {version}) ***\nReading the configuration file, at line {}\n>>> '{text}'\n{reason}\n",
            place.line
        );
        if let Some(hint) = hint {
            block.push_str(hint);
            block.push('\n');
        }
        block.push_str(&format!("({place})\n"));
        block
    }
}

/// Something worth telling that does not keep the sentinel from starting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where, if it has a place.
    pub place: Option<Place>,
    /// What.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// An error about the line at `place`, whose directive's words start after `name_words` words.
pub(crate) fn refused(
    line: &super::source::Line,
    name_words: usize,
    refusal: Refusal,
    hint: Option<String>,
) -> ConfigError {
    line.error_at(refusal.word.map(|word| name_words + word), refusal.reason, hint)
}
