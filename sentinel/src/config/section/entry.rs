//! One entry of a section, its values checked one by one.

use std::fmt;

use bongsu_sentinel_core::GroupName;

use super::super::field::Field;
use super::super::secret::Secret;
use super::super::value::{Syntax, Value, show_memory};
use super::{NamedSection, SectionKey};

/// An entry: a name, and values that obey the syntax of their keys.
#[derive(Clone)]
pub struct Entry {
    section: &'static NamedSection,
    name: String,
    given: Vec<(&'static SectionKey, Vec<Value>)>,
}

/// Why an entry is refused although each of its values is well-formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    /// The key at fault; `None`: the entry as a whole.
    pub key: Option<&'static str>,
    /// Which of its values, counted from 0.
    pub item: usize,
    /// What is wrong, without the place.
    pub reason: String,
    /// What is allowed.
    pub hint: Option<String>,
}

impl Fault {
    /// One of the values of `key` is wrong.
    pub fn at(key: &'static str, item: usize, reason: impl Into<String>) -> Self {
        Self { key: Some(key), item, reason: reason.into(), hint: None }
    }

    /// The entry as a whole is wrong.
    pub fn whole(reason: impl Into<String>) -> Self {
        Self { key: None, item: 0, reason: reason.into(), hint: None }
    }

    /// Adds what is allowed.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Entry {
    pub(super) const fn new(section: &'static NamedSection, name: String) -> Self {
        Self { section, name, given: Vec::new() }
    }

    /// The values of a key, to be added to or replaced.
    pub(super) fn values_mut(&mut self, key: &'static SectionKey) -> &mut Vec<Value> {
        let at = self.given.iter().position(|(known, _)| known.name == key.name).unwrap_or_else(|| {
            self.given.push((key, Vec::new()));
            self.given.len() - 1
        });
        &mut self.given[at].1
    }

    /// The section that it belongs to.
    pub const fn section(&self) -> &'static NamedSection {
        self.section
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True if the key was given.
    pub fn has(&self, key: &str) -> bool {
        self.values(key).is_some()
    }

    fn values(&self, key: &str) -> Option<&[Value]> {
        self.given.iter().find(|(known, _)| known.name == key).map(|(_, values)| values.as_slice())
    }

    /// The value of a key, else its default, else that of `T`.
    pub(crate) fn one<T: Field + Default>(&self, key: &'static str) -> Result<T, Fault> {
        let default = || {
            let known = self.section.key(key).filter(|known| !known.default.is_empty())?;
            known.takes.syntax().parse(&[known.default.as_bytes().to_vec()]).ok()
        };
        let mut field = T::default();
        let value = self.values(key).and_then(<[Value]>::last).cloned().or_else(default);
        if let Some(value) = value {
            field.assign(value).map_err(|refusal| Fault::at(key, 0, refusal.reason))?;
        }
        Ok(field)
    }

    /// The values of a key; none if it was not given.
    pub(crate) fn many<T: Field + Default>(&self, key: &'static str) -> Result<Vec<T>, Fault> {
        let value = |(item, value): (usize, &Value)| {
            let mut field = T::default();
            field.assign(value.clone()).map_err(|refusal| Fault::at(key, item, refusal.reason))?;
            Ok(field)
        };
        self.values(key).unwrap_or_default().iter().enumerate().map(value).collect()
    }

    /// The groups that it is for; none: all.
    pub(crate) fn groups(&self) -> Result<Vec<GroupName>, Fault> {
        const KEY: &str = "groups";
        let parse = |(item, name): (usize, &String)| {
            GroupName::parse(name).ok_or_else(|| Fault::at(KEY, item, format!("'{name}' cannot name a group")))
        };
        self.many::<String>(KEY)?.iter().enumerate().map(parse).collect()
    }

    /// What was given, in the order of the table, as words of a `.conf` file.
    pub(crate) fn words(&self) -> impl Iterator<Item = (&'static SectionKey, Vec<Vec<u8>>)> {
        let keys = self.section.keys.iter();
        keys.filter_map(|key| {
            let values = self.values(key.name)?;
            Some((key, values.iter().map(|value| word_of(key.takes.syntax(), value)).collect()))
        })
    }

    /// What was given, on one line, secrets masked.
    pub fn summary(&self) -> String {
        let shown = self.words().map(|(key, words)| {
            let text = if key.is_secret() { Secret::MASK.to_owned() } else { bongsu_protocol::conf::join_words(words) };
            format!("{} {text}", key.name)
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.section.yaml == other.section.yaml
            && self.name == other.name
            && self
                .words()
                .map(|(key, words)| (key.name, words))
                .eq(other.words().map(|(key, words)| (key.name, words)))
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.section.word, self.name, self.summary())
    }
}

/// A value as the word that it was read from, or one that means the same.
fn word_of(syntax: Syntax, value: &Value) -> Vec<u8> {
    match (syntax, value) {
        (_, Value::Bool(yes)) => if *yes { "yes" } else { "no" }.into(),
        (Syntax::Mode, Value::Int(n)) => format!("{n:o}").into_bytes(),
        (Syntax::Memory(..), Value::Int(n)) => show_memory(u64::try_from(*n).unwrap_or(0)).into_bytes(),
        (_, Value::Int(n)) => n.to_string().into_bytes(),
        (_, Value::Text(text)) => text.clone().into_bytes(),
        (_, Value::Secret(secret)) => secret.as_ref().map(Secret::expose).unwrap_or_default().to_vec(),
        (_, Value::Words(words)) => words.join(" ").into_bytes(),
    }
}
