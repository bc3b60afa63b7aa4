//! `masters`: a list of groups.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use bongsu_sentinel_core::{Addr, GroupName};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::super::group::{GROUP_OPTIONS, GroupOptionError, group_option};
use super::super::value::Syntax;
use super::Context;
use super::key::Key;
use super::word::Words;

/// The parts of `monitor`, in its order.
const MONITOR: [&str; 4] = ["name", "host", "port", "quorum"];
/// What a sentinel learns and a configuration may seed.
const SEEDS: [&str; 4] = ["config-epoch", "leader-epoch", "known-replica", "known-sentinel"];

static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let options = GROUP_OPTIONS
        .iter()
        .filter(|option| option.in_file)
        .flat_map(|option| std::iter::once(option.name).chain(option.aliases.iter().copied()));
    MONITOR.into_iter().chain(options).chain(SEEDS).collect()
});

/// Reads the list of groups.
pub(super) struct Masters<'a>(pub(super) &'a Context);

impl<'de> DeserializeSeed<'de> for Masters<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Masters<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of groups, each with name, host, port and quorum")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        while list.next_element_seed(Master { context: self.0, path: format!("masters[{index}]") })?.is_some() {
            index += 1;
        }
        Ok(())
    }
}

/// Reads one group.
struct Master<'a> {
    context: &'a Context,
    path: String,
}

impl<'de> DeserializeSeed<'de> for Master<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Master<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with name, host, port, quorum and options of a group")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        let mut monitor: BTreeMap<&'static str, Vec<u8>> = BTreeMap::new();
        let mut others: Vec<(&'static str, Vec<Vec<u8>>)> = Vec::new();
        while let Some(key) = map.next_key_seed(Key { allowed: &KEYS, seen: &mut seen })? {
            let path = format!("{}.{key}", self.path);
            let syntax = syntax_of(key);
            let check = |words: &[Vec<u8>]| check(key, syntax, words);
            let repeats = SEEDS[2..].contains(&key);
            let lines =
                map.next_value_seed(Words { context: self.context, path: &path, syntax, repeats, check: &check })?;
            if MONITOR.contains(&key) {
                monitor.insert(key, lines.concat().concat());
            } else {
                others.extend(lines.into_iter().map(|words| (key, words)));
            }
        }
        self.context.stop_at(&self.path)?;
        self.push_lines(&monitor, others).map_err(|key| A::Error::custom(format!("missing key `{key}`")))
    }
}

impl Master<'_> {
    /// Hands the group's lines over; the error is a part of `monitor` that is missing.
    fn push_lines(
        &self,
        monitor: &BTreeMap<&'static str, Vec<u8>>,
        others: Vec<(&'static str, Vec<Vec<u8>>)>,
    ) -> Result<(), &'static str> {
        let mut words = vec![b"sentinel".to_vec(), b"monitor".to_vec()];
        let mut keys = vec![self.path.clone(); 2];
        for key in MONITOR {
            words.push(monitor.get(key).ok_or(key)?.clone());
            keys.push(format!("{}.{key}", self.path));
        }
        let name = words[2].clone();
        self.context.push(words, keys);
        for (key, values) in others {
            let mut words = vec![b"sentinel".to_vec(), key.as_bytes().to_vec(), name.clone()];
            words.extend(values);
            self.context.push(words, vec![format!("{}.{key}", self.path)]);
        }
        Ok(())
    }
}

fn syntax_of(key: &str) -> Option<Syntax> {
    match key {
        "name" | "host" => Some(Syntax::Text),
        "port" => Some(Syntax::Int(0, 65535)),
        "config-epoch" | "leader-epoch" => Some(Syntax::Int(0, i64::MAX)),
        _ => group_option(key).map(|option| option.syntax),
    }
}

fn check(key: &str, syntax: Option<Syntax>, words: &[Vec<u8>]) -> Result<(), String> {
    let text = || String::from_utf8_lossy(&words.concat()).into_owned();
    match key {
        "name" if GroupName::parse(&text()).is_none() => Err("Invalid master name.".to_owned()),
        "host" if Addr::new(&text(), 0).is_none() => Err("Can't resolve instance hostname.".to_owned()),
        _ => match group_option(key) {
            Some(option) => option.parse(words).map(drop).map_err(|error| match error {
                GroupOptionError::Unknown => "wrong number of arguments".to_owned(),
                GroupOptionError::Invalid { reason, .. } => reason,
            }),
            None => syntax.map_or(Ok(()), |syntax| syntax.parse(words).map(drop).map_err(|refusal| refusal.reason)),
        },
    }
}
