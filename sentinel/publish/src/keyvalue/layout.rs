//! Where in a store the records lie.

use crate::{Record, SettingsError, TargetError};

/// Longest prefix, in bytes; with the longest name of a group a key stays below what the stores accept.
const PREFIX_MAX: usize = 256;
/// The keys of the parts, below that of the record. Each but the last is the parent of those after it, as ZooKeeper needs it.
const PARTS: [&str; 5] = ["primary", "primary/host", "primary/ip", "primary/port", "primary/epoch"];

/// A path in a store: one or more words between slashes. The slash at the beginning may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// Reads it.
    ///
    /// # Errors
    /// A word is empty, `.` or `..`, or holds white space or control characters; or it is longer than 256 bytes.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let error = |reason| SettingsError::Path { text: text.to_owned(), reason };
        let words = text.strip_prefix('/').unwrap_or(text);
        if words.len() > PREFIX_MAX {
            return Err(error("is longer than 256 bytes"));
        }
        if words.split('/').all(is_word) {
            Ok(Self(words.to_owned()))
        } else {
            Err(error("must be words between slashes, none of them empty, '.' or '..'"))
        }
    }

    /// The words with slashes between them, without one at the beginning.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("bongsu".to_owned())
    }
}

fn is_word(word: &str) -> bool {
    !matches!(word, "" | "." | "..") && !word.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Where the records of all groups lie, and in which form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// What stands before the name of the group; `bongsu` unless told.
    pub prefix: Prefix,
    /// Whether parts of the record are written under keys of their own as well, for consumers that do not read JSON:
    /// `primary` (`host:port`), `primary/host`, `primary/ip` (empty if it is not known), `primary/port` and `primary/epoch`.
    pub breakdown: bool,
}

impl Layout {
    /// The keys of a group.
    ///
    /// # Errors
    /// Its name cannot be a word of a path.
    pub(crate) fn keys(&self, group: &str) -> Result<Keys, TargetError> {
        if group.contains('/') || !is_word(group) {
            let reason = format!("the name of the group, '{}', cannot be a word of a path", group.escape_debug());
            return Err(TargetError::Unpublishable { reason });
        }
        let record = format!("{}/{group}", self.prefix.0);
        let parts = PARTS.iter().filter(|_| self.breakdown).map(|part| format!("{record}/{part}"));
        Ok(Keys { parts: parts.collect(), record })
    }
}

/// The keys of a group, without a slash at the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    record: String,
    parts: Vec<String>,
}

impl Keys {
    /// Most keys that there may be.
    pub(crate) const MAX: usize = 1 + PARTS.len();

    /// The key of the record.
    pub(crate) fn record(&self) -> &str {
        &self.record
    }

    /// What all keys of parts begin with, if there are any.
    pub(crate) fn parts_prefix(&self) -> Option<&str> {
        self.parts.first().map(String::as_str)
    }

    /// The key of the record, then those of the parts.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.record.as_str()).chain(self.parts.iter().map(String::as_str))
    }

    /// The values of the parts, in the order of their keys.
    pub(crate) fn parts_of(&self, record: &Record) -> Vec<String> {
        let primary = &record.primary;
        let ip = primary.ip.map(|ip| ip.to_string()).unwrap_or_default();
        let values: [String; PARTS.len()] =
            [primary.to_string(), primary.host.clone(), ip, primary.port.to_string(), record.epoch.to_string()];
        values.into_iter().take(self.parts.len()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_words_between_slashes() {
        assert_eq!(Prefix::parse("/service/redis").unwrap().as_str(), "service/redis");
        assert_eq!(Prefix::parse("redis").unwrap().as_str(), "redis");
        for bad in ["", "/", "//a", "a//b", "a/", "a/../b", "./a", "a b", "a\nb", &"x".repeat(257)] {
            assert!(Prefix::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_lie_below_the_one_of_the_record() {
        let layout = Layout { breakdown: true, ..Layout::default() };
        let keys = layout.keys("mymaster").unwrap();
        let all: Vec<_> = keys.all().collect();
        assert_eq!(all.len(), Keys::MAX);
        assert!(keys.parts_prefix().is_some_and(|prefix| all[1..].iter().all(|key| key.starts_with(prefix))));
        assert_eq!(all[..3], ["bongsu/mymaster", "bongsu/mymaster/primary", "bongsu/mymaster/primary/host"]);
        assert_eq!(Layout::default().keys("mymaster").unwrap().all().count(), 1);
    }

    #[test]
    fn a_group_cannot_leave_the_prefix() {
        for bad in ["..", ".", "a/b", ""] {
            assert!(matches!(Layout::default().keys(bad), Err(TargetError::Unpublishable { .. })), "{bad}");
        }
        assert!(Layout::default().keys("my:master?#%").is_ok());
    }
}
