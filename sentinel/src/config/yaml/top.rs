//! The outermost map.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::super::kept::KEPT_DIRECTIVES;
use super::super::section::{self, SECTIONS};
use super::super::sentinel::{SENTINEL_DIRECTIVES, sentinel_directive};
use super::super::server::{SERVER_DIRECTIVES, ServerSettings, server_directive};
use super::super::value::Syntax;
use super::Context;
use super::key::Key;
use super::master::Masters;
use super::section::Entries;
use super::user::Users;
use super::word::Words;

/// Generated directives of the whole sentinel that a configuration may seed; once there is state, the state decides.
const SEEDS: [&str; 2] = ["myid", "current-epoch"];

static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let settings = SENTINEL_DIRECTIVES.iter().filter(|directive| directive.setting.is_some());
    let server = SERVER_DIRECTIVES.iter().map(|directive| directive.name);
    let kept = KEPT_DIRECTIVES.iter().copied();
    ["masters", "users"]
        .into_iter()
        .chain(server)
        .chain(settings.map(|directive| directive.name))
        .chain(SEEDS)
        .chain(SECTIONS.iter().map(|section| section.yaml))
        .chain(kept)
        .collect()
});

/// Reads the whole text.
pub(super) struct Top<'a>(pub(super) &'a Context);

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of directives")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(name) = map.next_key_seed(Key { allowed: &KEYS, seen: &mut seen })? {
            match name {
                "masters" => map.next_value_seed(Masters(self.0))?,
                "users" => map.next_value_seed(Users(self.0))?,
                _ => match section::by_yaml(name) {
                    Some(section) => map.next_value_seed(Entries { context: self.0, section })?,
                    None => self.directive(name, &mut map)?,
                },
            }
        }
        Ok(())
    }
}

impl Top<'_> {
    fn directive<'de, A: MapAccess<'de>>(&self, name: &'static str, map: &mut A) -> Result<(), A::Error> {
        let server = server_directive(name);
        let setting = sentinel_directive(name).filter(|_| server.is_none());
        let syntax = match (server, setting) {
            (Some(directive), _) => Some(directive.syntax),
            (None, Some(directive)) => directive.setting.map(|setting| setting.syntax).or(Some(Syntax::Text)),
            (None, None) => None,
        };
        let check = |words: &[Vec<u8>]| match server {
            Some(directive) => directive.apply(&mut ServerSettings::default(), words).map_err(|e| e.reason),
            None => syntax.map_or(Ok(()), |syntax| syntax.parse(words).map(drop).map_err(|e| e.reason)),
        };
        let words = Words { context: self.0, path: name, syntax, repeats: false, check: &check };
        for line in map.next_value_seed(words)? {
            let head: &[&str] = if setting.is_some() { &["sentinel", name] } else { &[name] };
            let words = head.iter().map(|word| word.as_bytes().to_vec()).chain(line).collect();
            self.0.push(words, vec![name.to_owned()]);
        }
        Ok(())
    }
}
