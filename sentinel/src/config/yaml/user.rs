//! `users`: a list of `name rule ...` texts, or of maps with `name` and `rules`.

use std::collections::BTreeSet;
use std::fmt;

use bongsu_protocol::conf::split_words;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::Context;
use super::key::Key;
use super::word::Words;

/// Reads the list of users.
pub(super) struct Users<'a>(pub(super) &'a Context);

impl<'de> DeserializeSeed<'de> for Users<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Users<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        while list.next_element_seed(User { context: self.0, path: format!("users[{index}]") })?.is_some() {
            index += 1;
        }
        Ok(())
    }
}

struct User<'a> {
    context: &'a Context,
    path: String,
}

impl User<'_> {
    fn push(&self, words: Vec<Vec<u8>>) {
        let words = std::iter::once(b"user".to_vec()).chain(words).collect();
        self.context.push(words, vec![self.path.clone()]);
    }
}

impl<'de> DeserializeSeed<'de> for User<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for User<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`name rule ...` or a map with name and rules")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.context.stop_at(&self.path)?;
        let words = split_words(text.as_bytes()).map_err(E::custom)?;
        if words.is_empty() {
            return Err(E::custom("the name of the user is missing"));
        }
        self.push(words);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        let (mut name, mut rules) = (None, Vec::new());
        while let Some(key) = map.next_key_seed(Key { allowed: &["name", "rules"], seen: &mut seen })? {
            let path = format!("{}.{key}", self.path);
            let check = |_: &[Vec<u8>]| Ok(());
            let words = Words { context: self.context, path: &path, syntax: None, repeats: false, check: &check };
            let value = map.next_value_seed(words)?.concat();
            match key {
                "name" => name = Some(value.concat()),
                _ => rules = value,
            }
        }
        self.context.stop_at(&self.path)?;
        let name = name.ok_or_else(|| A::Error::custom("missing key `name`"))?;
        let mut words = vec![name];
        for rule in rules {
            words.extend(split_words(&rule).map_err(A::Error::custom)?);
        }
        self.push(words);
        Ok(())
    }
}
