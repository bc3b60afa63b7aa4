//! Keys, which must be known and must not repeat.

use std::collections::BTreeSet;
use std::fmt;

use bongsu_protocol::conf::closest;
use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

/// How many names an error lists at most: the rest is in the reference page.
const LISTED_MAX: usize = 20;

/// Reads one key of a map.
pub(super) struct Key<'a> {
    /// The keys that are allowed.
    pub(super) allowed: &'a [&'static str],
    /// The keys that the map had so far.
    pub(super) seen: &'a mut BTreeSet<&'static str>,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a directive")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let Some(name) = self.allowed.iter().find(|name| name.eq_ignore_ascii_case(text)) else {
            return Err(E::custom(unknown(text, self.allowed)));
        };
        if !self.seen.insert(name) {
            return Err(E::custom(format!("key `{name}` is given twice")));
        }
        Ok(name)
    }
}

fn unknown(text: &str, allowed: &[&'static str]) -> String {
    if let Some(name) = closest(text, allowed.iter().copied()) {
        return format!("unknown key `{text}`, did you mean `{name}`?");
    }
    if allowed.len() > LISTED_MAX {
        return format!("unknown key `{text}`, allowed are the directives listed by `bongsu config reference`");
    }
    format!("unknown key `{text}`, allowed: {}", allowed.join(", "))
}
