//! Records in a key-value store: one key with the record, and, by choice, keys with its parts, all changed in one transaction
//! under the condition that each still has the revision that was read.

mod layout;

use std::future::Future;

pub(crate) use layout::Keys;
pub use layout::{Layout, Prefix};

use crate::net::http::shown;
use crate::{Holds, RECORD_MAX, Record, Seen, Target, TargetError, Witness, Written};

/// What a store must be able to do.
pub trait Store {
    /// What the store has under each of the keys, in their order, as a majority of its servers knows it.
    #[doc(hidden)]
    fn fetch(&self, keys: &Keys) -> impl Future<Output = Result<Vec<Option<Entry>>, TargetError>>;

    /// Writes all of them if all of them are as they were seen, else none.
    #[doc(hidden)]
    fn swap(&self, changes: &[Change]) -> impl Future<Output = Result<Written, TargetError>>;
}

/// What stands under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub(crate) value: Vec<u8>,
    /// What tells this value from the one before: `mod_revision`, `ModifyIndex`, `version`.
    pub(crate) revision: u64,
}

/// A new value for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
    /// Revision that it must have; `None` if there must be no such key.
    pub(crate) seen: Option<u64>,
}

/// The revisions of all keys of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revisions(Vec<Option<u64>>);

/// What a store holds for a group, as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing.
    Nothing,
    /// A record.
    Record(Box<Record>),
    /// Something that this program did not write.
    Foreign {
        /// A short description for the operator.
        what: String,
    },
}

/// Records in a store.
pub struct KeyValue<S> {
    store: S,
    layout: Layout,
}

impl<S: Store> KeyValue<S> {
    pub(crate) const fn over(store: S, layout: Layout) -> Self {
        Self { store, layout }
    }

    /// Reads the record of a group as it is stored. Its parts are not looked at.
    ///
    /// # Errors
    /// The store could not be asked, or refused.
    pub async fn stored(&self, group: &str) -> Result<Stored, TargetError> {
        let keys = Layout { breakdown: false, ..self.layout.clone() }.keys(group)?;
        let found = self.store.fetch(&keys).await?;
        Ok(interpret(group, found.first().and_then(Option::as_ref)))
    }
}

fn interpret(group: &str, entry: Option<&Entry>) -> Stored {
    let Some(entry) = entry else { return Stored::Nothing };
    match Record::from_json(&entry.value) {
        Ok(record) if record.group == group => Stored::Record(Box::new(record)),
        Ok(record) => Stored::Foreign { what: format!("a record of group '{}'", shown(record.group.as_bytes())) },
        Err(error) => Stored::Foreign { what: error.to_string() },
    }
}

impl<S: Store> Target for KeyValue<S> {
    type Token = Revisions;

    async fn read(&self, wanted: &Record) -> Result<Seen<Revisions>, TargetError> {
        let keys = self.layout.keys(&wanted.group)?;
        let found = self.store.fetch(&keys).await?;
        let holds = match interpret(&wanted.group, found.first().and_then(Option::as_ref)) {
            Stored::Nothing => Holds::Nothing,
            Stored::Foreign { what } => Holds::Foreign { what },
            Stored::Record(record) => {
                let parts = found.iter().skip(1).map(|entry| entry.as_ref().map(|entry| entry.value.as_slice()));
                let as_wanted = keys.parts_of(wanted);
                let agrees = record.agrees(wanted) && parts.eq(as_wanted.iter().map(|part| Some(part.as_bytes())));
                Holds::Record { epoch: record.epoch, primary: record.primary.to_string(), agrees }
            }
        };
        let revisions = found.iter().map(|entry| entry.as_ref().map(|entry| entry.revision));
        Ok(Seen { holds, token: Revisions(revisions.collect()) })
    }

    async fn write(&self, seen: &Revisions, record: &Record) -> Result<Written, TargetError> {
        let keys = self.layout.keys(&record.group)?;
        let json = record.to_json();
        if json.len() > RECORD_MAX {
            return Err(TargetError::Unpublishable { reason: format!("it is {} bytes long", json.len()) });
        }
        let values = std::iter::once(json).chain(keys.parts_of(record));
        let changes: Vec<Change> = keys
            .all()
            .zip(values)
            .zip(&seen.0)
            .map(|((key, value), seen)| Change { key: key.to_owned(), value: value.into_bytes(), seen: *seen })
            .collect();
        self.store.swap(&changes).await
    }

    /// The store itself is all there is.
    async fn witnesses(&self, _record: &Record) -> Vec<Witness> {
        Vec::new()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]
mod tests {
    use super::*;

    #[test]
    fn of_what_others_left_only_a_part_is_kept() {
        let member = r#"{"host":"a","port":1,"tls":false}"#;
        let group = "g".repeat(RECORD_MAX / 2);
        let text = format!(
            r#"{{"group":"{group}","epoch":1,"primary":{member},"replicas":[],"reason":"x","published_at_ms":1,"publisher":{{"id":"a","addr":""}}}}"#
        );
        for value in [text, format!("\"{group}\"")] {
            let entry = Entry { value: value.into_bytes(), revision: 1 };
            let Stored::Foreign { what } = interpret("g", Some(&entry)) else { panic!("it is foreign") };
            assert!(what.len() < 400, "{} bytes", what.len());
        }
    }
}
