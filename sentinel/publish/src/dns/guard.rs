//! The guard: a TXT record beside the addresses that says which epoch they belong to.
//!
//! Its strings, in this order, each at most 255 bytes:
//!
//! ```text
//! "v1" "epoch=42" "group=mymaster" "primary=10.0.0.2:6379" "id=<run id>" "by=<publisher's run id>"
//! ```
//!
//! `id` is left out where it is not known. Readers skip strings with other keys.

use hickory_proto::rr::rdata::TXT;

use crate::{Record, TargetError};

/// The first string. Another one is another layout.
const VERSION: &str = "v1";

/// The longest string of a TXT record, in bytes (RFC 1035, section 3.3).
const STRING_MAX: usize = 255;

/// What a guard says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Guard {
    /// Epoch of the configuration that the addresses show.
    pub(super) epoch: u64,
    /// Name of the group.
    pub(super) group: String,
    /// The master, `address:port`.
    pub(super) primary: String,
    /// Run id of the master, if known.
    pub(super) id: Option<String>,
    /// Run id of the sentinel that wrote it.
    pub(super) by: String,
}

impl Guard {
    /// The guard of `record`; `primary` is the master as `address:port`.
    pub(super) fn of(record: &Record, primary: String) -> Self {
        Self {
            epoch: record.epoch,
            group: record.group.clone(),
            primary,
            id: record.primary.id.clone(),
            by: record.publisher.id.clone(),
        }
    }

    /// Whether both tell readers the same; who wrote it does not count.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        (self.epoch, &self.group, &self.primary, &self.id) == (other.epoch, &other.group, &other.primary, &other.id)
    }

    /// The record's data.
    ///
    /// # Errors
    /// [`TargetError::Unpublishable`] if a part does not fit into a string.
    pub(super) fn to_txt(&self) -> Result<TXT, TargetError> {
        let mut strings = vec![
            VERSION.to_owned(),
            format!("epoch={}", self.epoch),
            format!("group={}", self.group),
            format!("primary={}", self.primary),
        ];
        strings.extend(self.id.iter().map(|id| format!("id={id}")));
        strings.push(format!("by={}", self.by));
        match strings.iter().find(|string| string.len() > STRING_MAX) {
            None => Ok(TXT::new(strings)),
            Some(long) => Err(TargetError::Unpublishable { reason: format!("{long:?} is too long for a TXT record") }),
        }
    }

    /// Reads what a TXT record says; `None` if it is no guard.
    pub(super) fn from_txt(txt: &TXT) -> Option<Self> {
        let mut strings = txt.txt_data.iter().map(|string| std::str::from_utf8(string).ok());
        if strings.next()?? != VERSION {
            return None;
        }
        let (mut epoch, mut group, mut primary, mut id, mut by) = (None, None, None, None, None);
        for string in strings {
            let (key, value) = string?.split_once('=')?;
            // It is shown to people and logged.
            if value.contains(char::is_control) {
                return None;
            }
            match key {
                "epoch" => epoch = Some(value.parse().ok()?),
                "group" => group = Some(value.to_owned()),
                "primary" => primary = Some(value.to_owned()),
                "id" => id = Some(value.to_owned()),
                "by" => by = Some(value.to_owned()),
                _ => {}
            }
        }
        Some(Self { epoch: epoch?, group: group?, primary: primary?, id, by: by.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        Guard {
            epoch: 42,
            group: "mymaster".to_owned(),
            primary: "[2001:db8::1]:6379".to_owned(),
            id: Some("a".repeat(40)),
            by: "b".repeat(40),
        }
    }

    fn txt(strings: &[&str]) -> TXT {
        TXT::new(strings.iter().map(|&string| string.to_owned()).collect())
    }

    #[test]
    fn what_is_written_is_read() {
        for guard in [guard(), Guard { id: None, ..guard() }] {
            assert_eq!(Guard::from_txt(&guard.to_txt().unwrap()), Some(guard));
        }
    }

    #[test]
    fn strings_of_later_versions_are_skipped_and_other_texts_are_no_guards() {
        let known = ["v1", "colour=red", "epoch=3", "group=g", "primary=10.0.0.1:1"];
        assert_eq!(Guard::from_txt(&txt(&known)).unwrap().epoch, 3);
        for other in [
            &["v2", "epoch=3"][..],
            &["v=spf1 -all"],
            &["v1"],
            &["v1", "epoch=x", "group=g", "primary=p"],
            &["v1", "epoch=1", "group=g", "primary=p\u{1b}[2J"],
            &[],
        ] {
            assert_eq!(Guard::from_txt(&txt(other)), None, "{other:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Guard { by: "x".repeat(253), ..guard() }.to_txt().is_err());
    }
}
