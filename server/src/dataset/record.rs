//! What a server writes down of itself, so that after a restart it can tell whether its data are there.

use std::fmt::Write as _;

use bongsu_persist::crc64::Crc64;

use super::lineage::{DatasetId, Lineage};
use crate::replication::ReplicationId;

/// The first word of the file, and the format of the rest.
const FORMAT: &str = "bongsu-node-state 1";

/// The longest file that is read: the replicas take most of it.
pub(crate) const BYTES_MAX: u64 = 64 * 1024;

/// Addresses of replicas that are remembered. No group has more, and that there was one is what matters.
pub(crate) const REPLICAS_MAX: usize = 64;

/// Where a server listens, as another one tells it.
pub(crate) type Address = (String, u16);

/// What a server knows of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) dataset: Option<Lineage>,
    pub(crate) replid: ReplicationId,
    pub(crate) offset: u64,
    /// Keys there were, about.
    pub(crate) keys: u64,
    /// What the files hold that outlive the process; `None` if there are none.
    pub(crate) durable: Option<Durable>,
    /// The master, if it is a replica.
    pub(crate) master: Option<Address>,
    /// The master whose data are here.
    pub(crate) synced_with: Option<Address>,
    /// Those who have followed this server.
    pub(crate) replicas: Vec<Address>,
    /// Nothing has happened since.
    pub(crate) is_clean: bool,
    /// The files of the data before these are kept until then, in seconds of the epoch; with 0, until others are complete.
    pub(crate) kept_until_s: Option<u64>,
}

/// What is on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Durable {
    pub(crate) keys: u64,
    pub(crate) offset: u64,
}

/// Why a file tells nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is of another format")]
    Format,
    #[error("its checksum is wrong")]
    Checksum,
    #[error("its replication ID is missing")]
    Incomplete,
}

impl Record {
    /// As a file.
    pub(crate) fn to_text(&self) -> String {
        let body = self.body();
        format!("{FORMAT}\nchecksum {:016x}\n{body}", Crc64::of(body.as_bytes()))
    }

    fn body(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            let _ = writeln!(text, "{name} {value}");
        };
        if let Some(Lineage { id, epoch }) = &self.dataset {
            line("dataset-id", id);
            line("epoch", epoch);
        }
        line("role", &if self.master.is_some() { "replica" } else { "master" });
        line("replid", &self.replid.as_str());
        line("offset", &self.offset);
        line("keys", &self.keys);
        if let Some(Durable { keys, offset }) = self.durable {
            line("saved-keys", &keys);
            line("saved-offset", &offset);
        }
        let mut address = |name, (host, port): &Address| line(name, &format_args!("{port} {host}"));
        self.master.iter().for_each(|master| address("master", master));
        self.synced_with.iter().for_each(|master| address("synced-with", master));
        self.replicas.iter().for_each(|replica| address("replica", replica));
        if let Some(at) = self.kept_until_s {
            line("previous-until", &at);
        }
        line("clean", &if self.is_clean { "yes" } else { "no" });
        text
    }

    /// From a file. Lines that mean nothing here are for others.
    pub(crate) fn parse(text: &str) -> Result<Self, Unreadable> {
        let rest = text.strip_prefix(FORMAT).and_then(|rest| rest.strip_prefix('\n')).ok_or(Unreadable::Format)?;
        let (sum, body) = rest.split_once('\n').ok_or(Unreadable::Checksum)?;
        let sum = sum.strip_prefix("checksum ").and_then(|sum| u64::from_str_radix(sum, 16).ok());
        if sum != Some(Crc64::of(body.as_bytes())) {
            return Err(Unreadable::Checksum);
        }
        let mut record = Self::empty();
        let (mut id, mut epoch, mut replid, mut saved) = (None, 0, None, (None, None));
        for (name, value) in body.lines().filter_map(|line| line.split_once(' ')) {
            let number = || value.parse::<u64>().ok();
            match name {
                "dataset-id" => id = DatasetId::parse(value.as_bytes()),
                "epoch" => epoch = number().unwrap_or(0),
                "replid" => replid = ReplicationId::parse(value.as_bytes()),
                "offset" => record.offset = number().unwrap_or(0),
                "keys" => record.keys = number().unwrap_or(0),
                "saved-keys" => saved.0 = number(),
                "saved-offset" => saved.1 = number(),
                "master" => record.master = address(value),
                "synced-with" => record.synced_with = address(value),
                "replica" if record.replicas.len() < REPLICAS_MAX => record.replicas.extend(address(value)),
                "previous-until" => record.kept_until_s = number(),
                "clean" => record.is_clean = value == "yes",
                _ => {}
            }
        }
        record.replid = replid.ok_or(Unreadable::Incomplete)?;
        record.dataset = id.map(|id| Lineage { id, epoch });
        record.durable = saved.0.zip(saved.1).map(|(keys, offset)| Durable { keys, offset });
        Ok(record)
    }

    /// Of a server without anything.
    pub(crate) fn empty() -> Self {
        Self {
            dataset: None,
            replid: ReplicationId::none(),
            offset: 0,
            keys: 0,
            durable: None,
            master: None,
            synced_with: None,
            replicas: Vec::new(),
            is_clean: false,
            kept_until_s: None,
        }
    }

    /// There are others who may have a copy of the data.
    pub(crate) const fn knows_others(&self) -> bool {
        !self.replicas.is_empty() || self.master.is_some()
    }
}

fn address(text: &str) -> Option<Address> {
    let (port, host) = text.split_once(' ')?;
    let is_host = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic());
    Some((host.to_owned(), port.parse().ok()?)).filter(|_| is_host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Record {
        Record {
            dataset: Some(Lineage { epoch: 3, ..Lineage::random() }),
            replid: ReplicationId::random(),
            offset: 1234,
            keys: 56,
            durable: Some(Durable { keys: 50, offset: 1200 }),
            master: Some(("10.0.0.1".to_owned(), 6379)),
            synced_with: Some(("::1".to_owned(), 1)),
            replicas: vec![("10.0.0.2".to_owned(), 6380), ("host.example".to_owned(), 6381)],
            is_clean: true,
            kept_until_s: Some(17),
        }
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        for record in [full(), Record { replid: ReplicationId::random(), ..Record::empty() }] {
            assert_eq!(Record::parse(&record.to_text()), Ok(record));
        }
        assert!(full().to_text().len() < 1024);
    }

    #[test]
    fn what_is_unknown_does_not_matter() {
        let body = format!("{}something new\nkeys\nreplica x y\n", full().body());
        let text = format!("{FORMAT}\nchecksum {:016x}\n{body}", Crc64::of(body.as_bytes()));
        assert_eq!(Record::parse(&text).map(|record| record.keys), Ok(56));
    }

    #[test]
    fn what_is_damaged_tells_nothing() {
        let text = full().to_text();
        for at in 0..text.len() {
            assert!(Record::parse(&text[..at]).is_err(), "{at}");
            let mut damaged = text.clone().into_bytes();
            damaged[at] ^= 1;
            assert!(Record::parse(&String::from_utf8_lossy(&damaged)).is_err(), "{at}");
        }
        assert_eq!(Record::parse(""), Err(Unreadable::Format));
        let body = "keys 1\n";
        let text = format!("{FORMAT}\nchecksum {:016x}\n{body}", Crc64::of(body.as_bytes()));
        assert_eq!(Record::parse(&text), Err(Unreadable::Incomplete));
    }
}
