//! Named sections: lists of things that have a name and keys of their own, such as `hooks`.
//!
//! In YAML a section is a list at the top level whose entries are maps with `name` and further keys. In a `.conf` file the
//! same is said by lines `<word> <name> <key> <value ...>`. One [`NamedSection`] drives both, the errors, `bongsu config
//! convert` and the reference page. Such lines are the owner's alone: no command changes them, and a rewrite of the file
//! leaves them as they are.
//!
//! A further section is a static table of [`SectionKey`]s whose `store` parses an [`Entry`] into a struct of its own and puts
//! that into the settings, and a place in [`SECTIONS`].

mod collect;
mod entry;
mod hooks;
mod publish;

pub use entry::{Entry, Fault};
pub use hooks::{HookPhase, HookSettings, OnFailure};
pub use publish::{PublishSettings, TargetSettings, TargetType};

pub(super) use collect::Collected;

use super::settings::Settings;
use super::value::Syntax;

/// Every section, in the order in which they are applied and shown.
pub static SECTIONS: [&NamedSection; 2] = [&hooks::HOOKS, &publish::PUBLISH];

/// A list of named entries.
pub struct NamedSection {
    /// The key in YAML, such as `hooks`.
    pub yaml: &'static str,
    /// The first word of a line in a `.conf` file, such as `hook`.
    pub word: &'static str,
    /// Title and introduction on the reference page.
    pub title: &'static str,
    /// What an entry is for.
    pub help: &'static str,
    /// The keys besides `name`.
    pub keys: &'static [SectionKey],
    /// Parses a complete entry into the settings.
    pub(crate) store: fn(&mut Settings, &Entry) -> Result<(), Fault>,
}

/// One key of an entry.
#[derive(Debug)]
pub struct SectionKey {
    /// Its name.
    pub name: &'static str,
    /// How its words are read.
    pub takes: Takes,
    /// Its default, as it would be written; empty: none.
    pub default: &'static str,
    /// An entry without it is refused.
    pub required: bool,
    /// What it is for.
    pub help: &'static str,
}

/// How many values a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One value; the last line wins. For syntaxes of one word.
    One(Syntax),
    /// Any number of values: a sequence in YAML, the words of a line in a `.conf` file. Lines add up.
    Many(Syntax),
}

impl Takes {
    /// The syntax of one value.
    pub const fn syntax(self) -> Syntax {
        match self {
            Self::One(syntax) | Self::Many(syntax) => syntax,
        }
    }

    /// What may stand there.
    pub fn describe(self) -> String {
        match self {
            Self::One(syntax) => syntax.describe(),
            Self::Many(syntax) => format!("list of: {}", syntax.describe()),
        }
    }
}

impl NamedSection {
    /// The key of this name, whatever its case.
    pub fn key(&self, name: &str) -> Option<&'static SectionKey> {
        self.keys.iter().find(|key| key.name.eq_ignore_ascii_case(name))
    }
}

impl SectionKey {
    /// True if its value is never shown.
    pub fn is_secret(&self) -> bool {
        self.takes.syntax() == Syntax::Secret
    }
}

/// The section whose lines begin with this word.
pub(super) fn by_word(word: &str) -> Option<&'static NamedSection> {
    SECTIONS.into_iter().find(|section| section.word == word)
}

/// The section with this key in YAML.
pub(super) fn by_yaml(key: &str) -> Option<&'static NamedSection> {
    SECTIONS.into_iter().find(|section| section.yaml == key)
}

/// Longest name of an entry in bytes: it stands in events, replies and file names.
const NAME_BYTES_MAX: usize = 64;

/// What a name of an entry may be.
pub(super) const NAME_SYNTAX: &str = "1 to 64 letters, digits, dots, dashes and underscores";

/// True for what may name an entry.
pub(super) fn is_name(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(fine)
}

#[cfg(test)]
mod tests;
