//! Why a configuration cannot be used.

use std::io;
use std::path::PathBuf;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A line is wrong.
    #[error("line {line}: {reason}: {text}")]
    Line {
        /// Counted from 1 in its own file; those of the command line come after those of the file.
        line: usize,
        /// The line, secrets masked.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The lines do not fit together or do not fit this machine.
    #[error("{0}")]
    Whole(String),
    /// A file cannot be read.
    #[error("Fatal error, can't open config file '{}': {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl LoadError {
    /// The report for standard error, in the form that people and scripts know; none for what belongs into the log. `version` is
    /// the version of Redis that is announced.
    pub fn fatal_block(&self, version: &str) -> Option<String> {
        let head = format!("\n*** FATAL CONFIG FILE ERROR (Redis {version}) ***\n");
        match self {
            Self::Line { line, text, reason } => {
                Some(format!("{head}Reading the configuration file, at line {line}\n>>> '{text}'\n{reason}\n"))
            }
            Self::Whole(reason) => Some(format!("{head}{reason}\n")),
            Self::Unreadable { .. } => None,
        }
    }
}
