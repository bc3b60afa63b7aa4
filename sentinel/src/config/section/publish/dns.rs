//! The settings of DNS.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bongsu_publish::dns;

use super::super::super::secret::Secret;
use super::super::super::settings::Settings;
use super::super::{Entry, Fault};

/// Our keys, and what the target calls them.
const KEYS: [(&str, &str); 16] = [
    ("servers", "server"),
    ("zone", "zone"),
    ("record", "name"),
    ("ttl-seconds", "ttl-s"),
    ("tsig-key-file", "key-file"),
    ("tsig-key-name", "key-name"),
    ("tsig-algorithm", "key-algorithm"),
    ("tsig-secret", "key-secret"),
    ("transport", "transport"),
    ("srv", "srv"),
    ("replica-addresses", "replicas"),
    ("adopt", "adopt"),
    ("authorities", "authorities"),
    ("authority-port", "authority-port"),
    ("resolvers", "resolvers"),
    ("timeout-milliseconds", "timeout-ms"),
];

pub(super) fn settings(settings: &Settings, entry: &Entry) -> Result<dns::Settings, Fault> {
    let mut values = BTreeMap::new();
    for (ours, words) in entry.words() {
        let Some((_, theirs)) = KEYS.iter().find(|(name, _)| *name == ours.name) else { continue };
        let words: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        values.insert((*theirs).to_owned(), words.join(" "));
    }
    if let Some(path) = entry.one::<Option<PathBuf>>("tsig-key-file")? {
        values.insert("key-file".to_owned(), settings.path(&path).display().to_string());
    }
    if let Some(secret) = entry.one::<Option<Secret>>("tsig-secret")? {
        values.insert("key-secret".to_owned(), String::from_utf8_lossy(secret.expose()).into_owned());
    }
    dns::Settings::from_keys(&values).map_err(|error| {
        let ours = KEYS.iter().find(|(_, theirs)| *theirs == error.key).map(|(ours, _)| *ours);
        Fault { key: ours, item: 0, reason: error.reason, hint: None }
    })
}
