//! The shape of the table of directives.

use super::server::ServerSettings;
use super::value::{Refusal, Syntax, Value};

/// A part of the reference page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Listeners and clients.
    Network,
    /// TLS on the listener and on outgoing links.
    Tls,
    /// The process and its log.
    Process,
    /// Users and access.
    Access,
    /// The whole sentinel.
    Sentinel,
    /// One group.
    Group,
}

/// A directive of the whole process that has an effect.
pub struct Directive {
    /// Its name.
    pub name: &'static str,
    /// Where the reference page shows it.
    pub section: Section,
    /// How its words are read.
    pub syntax: Syntax,
    /// Its default, as it would be written.
    pub default: &'static str,
    /// What it is for.
    pub help: &'static str,
    pub(crate) assign: fn(&mut ServerSettings, Value) -> Result<(), Refusal>,
    pub(crate) lines: fn(&ServerSettings) -> Vec<String>,
}

impl Directive {
    /// Reads `words` and stores the value.
    pub(crate) fn apply(&self, settings: &mut ServerSettings, words: &[Vec<u8>]) -> Result<(), Refusal> {
        let value = self.syntax.parse(words)?;
        (self.assign)(settings, value)
    }
}
