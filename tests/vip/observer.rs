//! What the watching host has seen.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::site::{DATA_PORT, HOSTS, VIP, VIP6};
use crate::support::network::{Network, address};
use crate::support::wait;

/// Milliseconds since the start of this machine.
pub(crate) fn boot_ms() -> f64 {
    let text = fs::read_to_string("/proc/uptime").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() * 1000.0
}

/// The watching process.
pub(crate) struct Observer {
    log: PathBuf,
}

/// One line.
pub(crate) struct Entry {
    pub(crate) t: f64,
    pub(crate) kind: String,
    fields: Value,
}

impl Entry {
    pub(crate) fn text(&self, field: &str) -> &str {
        self.fields[field].as_str().unwrap_or_default()
    }

    pub(crate) fn number(&self, field: &str) -> u64 {
        self.fields[field].as_u64().unwrap_or_default()
    }

    pub(crate) fn is(&self, field: &str) -> bool {
        self.fields[field] == true
    }

    pub(crate) fn hosts(&self) -> Vec<usize> {
        let hosts = self.fields["hosts"].as_array().unwrap();
        hosts.iter().map(|host| usize::try_from(host.as_u64().unwrap()).unwrap()).collect()
    }
}

/// All lines until now.
pub(crate) struct Seen {
    pub(crate) entries: Vec<Entry>,
}

impl Seen {
    /// The first of a kind after a time.
    pub(crate) fn first(&self, after: f64, kind: &str, is: impl Fn(&Entry) -> bool) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.t >= after && entry.kind == kind && is(entry))
    }

    pub(crate) fn last(&self, kind: &str, is: impl Fn(&Entry) -> bool) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.kind == kind && is(entry))
    }

    /// Two hosts never answered for the address, and never had it in their kernels.
    #[track_caller]
    pub(crate) fn assert_one_holder(&self) {
        let two = self.entries.iter().filter(|entry| entry.kind.starts_with("two-"));
        let two: Vec<_> = two.map(|entry| format!("{} {}", entry.t, entry.fields)).collect();
        assert!(two.is_empty(), "{} times, first: {:?}", two.len(), &two[..two.len().min(5)]);
    }
}

impl Observer {
    pub(crate) fn start(net: &mut Network) -> Self {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vip/observer.py");
        let mut command = net.on(HOSTS, "python3");
        let namespaces: Vec<String> = (0..HOSTS).map(|host| net.host(host)).collect();
        let sentinels: Vec<String> = (0..HOSTS).map(address).collect();
        command.args([program, VIP, VIP6, &DATA_PORT.to_string(), &namespaces.join(","), &sentinels.join(",")]);
        let log = net.dir.path().join("observer");
        net.run(HOSTS, command, &log);
        let me = Self { log };
        wait("the observer watches", || me.seen().last("ready", |_| true).map(|_| ()));
        me
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A line that is being written, or what Python complains of, is none.
    pub(crate) fn seen(&self) -> Seen {
        let text = self.text();
        let entries = text.lines().filter_map(|line| {
            let fields: Value = serde_json::from_str(line).ok()?;
            Some(Entry { t: fields["t"].as_f64()?, kind: fields["kind"].as_str()?.to_owned(), fields })
        });
        Seen { entries: entries.collect() }
    }
}
