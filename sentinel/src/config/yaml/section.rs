//! A named section: a list of maps with `name` and the keys of the section's table.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::super::section::{NAME_SYNTAX, NamedSection, SectionKey, Takes, is_name};
use super::super::value::Syntax;
use super::Context;
use super::key::Key;
use super::word::Words;

/// Reads the list of entries.
pub(super) struct Entries<'a> {
    pub(super) context: &'a Context,
    pub(super) section: &'static NamedSection,
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}, each with name and further keys", self.section.yaml)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let names = RefCell::default();
        let entry = |index: usize| EntryMap {
            context: self.context,
            section: self.section,
            path: format!("{}[{index}]", self.section.yaml),
            names: &names,
        };
        let mut index = 0;
        while list.next_element_seed(entry(index))?.is_some() {
            index += 1;
        }
        Ok(())
    }
}

/// Reads one entry.
struct EntryMap<'a> {
    context: &'a Context,
    section: &'static NamedSection,
    path: String,
    /// The names so far.
    names: &'a RefCell<BTreeSet<String>>,
}

impl<'de> DeserializeSeed<'de> for EntryMap<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EntryMap<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a map with name and the keys of {}", self.section.yaml)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let allowed: Vec<&'static str> =
            std::iter::once(NAME).chain(self.section.keys.iter().map(|key| key.name)).collect();
        let mut seen = BTreeSet::new();
        let mut name = None;
        let mut given: Vec<(&'static SectionKey, Vec<Item>)> = Vec::new();
        while let Some(word) = map.next_key_seed(Key { allowed: &allowed, seen: &mut seen })? {
            let path = format!("{}.{word}", self.path);
            match self.section.key(word) {
                Some(key) => {
                    let values = Values { context: self.context, path: &path, key };
                    given.push((key, map.next_value_seed(values)?));
                }
                None => {
                    let check = |words: &[Vec<u8>]| self.check_name(words);
                    let syntax = Some(Syntax::Text);
                    let words = Words { context: self.context, path: &path, syntax, repeats: false, check: &check };
                    name = Some(map.next_value_seed(words)?.concat().concat());
                }
            }
        }
        self.context.stop_at(&self.path)?;
        let name = name.ok_or_else(|| A::Error::custom("missing key `name`"))?;
        let has = |name: &str| given.iter().any(|(key, items)| key.name == name && !items.is_empty());
        if let Some(key) = self.section.keys.iter().find(|key| key.required && !has(key.name)) {
            return Err(A::Error::custom(format!("missing key `{}`", key.name)));
        }
        for (key, items) in given {
            self.push(&name, key, items);
        }
        Ok(())
    }
}

/// A key that every entry has.
const NAME: &str = "name";

/// A word, and the path of the key or item that it comes from.
type Item = (Vec<u8>, String);

impl EntryMap<'_> {
    fn check_name(&self, words: &[Vec<u8>]) -> Result<(), String> {
        let name = String::from_utf8_lossy(&words.concat()).into_owned();
        if !is_name(&name) {
            return Err(format!("not a name ({NAME_SYNTAX})"));
        }
        if !self.names.borrow_mut().insert(name) {
            return Err("two entries have this name".to_owned());
        }
        Ok(())
    }

    /// Hands over the line that says the same in a `.conf` file.
    fn push(&self, name: &[u8], key: &SectionKey, items: Vec<Item>) {
        // An empty list is as good as none.
        if items.is_empty() {
            return;
        }
        let mut words = vec![self.section.word.as_bytes().to_vec(), name.to_vec(), key.name.as_bytes().to_vec()];
        let mut keys = vec![self.path.clone(), format!("{}.{NAME}", self.path), format!("{}.{}", self.path, key.name)];
        for (word, path) in items {
            words.push(word);
            keys.push(path);
        }
        self.context.push(words, keys);
    }
}

/// Reads the value of a key: one, or a list.
struct Values<'a> {
    context: &'a Context,
    path: &'a str,
    key: &'static SectionKey,
}

impl Values<'_> {
    /// Reads one value at `path` with `read`.
    fn one<T, E>(&self, path: &str, read: impl FnOnce(Words<'_>) -> Result<T, E>) -> Result<T, E> {
        let syntax = self.key.takes.syntax();
        let check = |words: &[Vec<u8>]| syntax.parse(words).map(drop).map_err(|refusal| refusal.reason);
        read(Words { context: self.context, path, syntax: Some(syntax), repeats: false, check: &check })
    }

    fn scalar<E: Error>(&self, read: impl FnOnce(Words<'_>) -> Result<Vec<Vec<Vec<u8>>>, E>) -> Result<Vec<Item>, E> {
        let words = self.one(self.path, read)?.concat();
        Ok(words.into_iter().map(|word| (word, self.path.to_owned())).collect())
    }
}

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = Vec<Item>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = Vec<Item>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key.takes.describe())
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Self::Value, E> {
        self.scalar(|words| words.visit_bool(yes))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Self::Value, E> {
        self.scalar(|words| words.visit_u64(n))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Self::Value, E> {
        self.scalar(|words| words.visit_i64(n))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Self::Value, E> {
        self.scalar(|words| words.visit_f64(n))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.scalar(|words| words.visit_str(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        self.scalar(|words| words.visit_map(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        if let Takes::One(_) = self.key.takes {
            return self.scalar(|words| words.visit_seq(list));
        }
        self.context.stop_at(self.path)?;
        let mut items = Vec::new();
        loop {
            let path = format!("{}[{}]", self.path, items.len());
            let Some(lines) = self.one(&path, |words| list.next_element_seed(words))? else { break };
            items.extend(lines.concat().into_iter().map(|word| (word, path.clone())));
        }
        Ok(items)
    }
}
