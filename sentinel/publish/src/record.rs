//! What is published of a group.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Who the master of a group is, under which epoch, and who follows it. Written as one JSON object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Name of the group.
    pub group: String,
    /// Epoch of the configuration (config epoch). Of two records of a group the one with the higher epoch holds.
    pub epoch: u64,
    /// The master.
    pub primary: Member,
    /// Its replicas, in the order of their addresses.
    pub replicas: Vec<Member>,
    /// Why this configuration came to be, in one word: `failover`, `switchover`, `adopted`, `monitored` and so on.
    pub reason: String,
    /// When it was published, in milliseconds since 1970 on the publisher's clock. For people; nothing is decided by it.
    pub published_at_ms: u64,
    /// Who published it.
    pub publisher: Publisher,
}

/// A data node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Member {
    /// Host name, or the IP address where the node has no name.
    pub host: String,
    /// IP address, if known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ip: Option<IpAddr>,
    /// TCP port.
    pub port: u16,
    /// Run id, if known. It changes with every start of the node.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// Whether the port speaks TLS.
    pub tls: bool,
}

impl Member {
    fn has_plausible_host(&self) -> bool {
        let is_fine = |c: char| !c.is_whitespace() && !c.is_control();
        (1..=HOST_BYTES_MAX).contains(&self.host.len()) && self.host.chars().all(is_fine)
    }
}

/// `host:port`; an IPv6 address stands in brackets.
impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// The sentinel that published a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publisher {
    /// Its run id.
    pub id: String,
    /// Its address as other sentinels know it, `host:port`; empty if it does not know that itself.
    pub addr: String,
}

/// Why bytes are no record.
#[derive(Debug, Error)]
#[error("what is stored is no record of a group: {reason}")]
pub struct RecordError {
    /// What the parser did not like.
    pub reason: String,
}

/// The longest record that is read, in bytes; one with a thousand replicas is shorter.
pub const RECORD_MAX: usize = 256 * 1024;

/// Longest host: no name of the DNS is longer (RFC 1035, section 2.3.4), nor is any address.
const HOST_BYTES_MAX: usize = 255;

/// How much of a parser's complaint is kept, in characters.
const REASON_CHARS_MAX: usize = 200;

impl Record {
    /// The JSON text that is stored.
    pub fn to_json(&self) -> String {
        // A struct of strings and numbers has nothing that cannot be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what is stored.
    ///
    /// # Errors
    /// The bytes are too many, or not what [`Record::to_json`] writes; or a host cannot be one: hosts are logged and shown on terminals.
    /// Unknown members are skipped.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > RECORD_MAX {
            return Err(RecordError { reason: format!("{} bytes long", bytes.len()) });
        }
        let record: Self = serde_json::from_slice(bytes).map_err(|error| {
            // It quotes what it does not like, which may be all of it.
            RecordError { reason: error.to_string().chars().take(REASON_CHARS_MAX).collect() }
        })?;
        match std::iter::once(&record.primary).chain(&record.replicas).find(|member| !member.has_plausible_host()) {
            None => Ok(record),
            Some(_) => Err(RecordError { reason: "a host that is no name and no address".to_owned() }),
        }
    }

    /// Whether both tell clients the same: group, epoch, and where the nodes are. Run ids count, because tools tell restarted nodes
    /// by them; who published it, when and why does not.
    pub fn agrees(&self, other: &Self) -> bool {
        self.group == other.group
            && self.epoch == other.epoch
            && self.primary == other.primary
            && self.replicas == other.replicas
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            group: "mymaster".to_owned(),
            epoch: 7,
            primary: Member {
                host: "db2.example".to_owned(),
                ip: Some([10, 0, 0, 2].into()),
                port: 6379,
                id: Some("a".repeat(40)),
                tls: false,
            },
            replicas: vec![Member { host: "10.0.0.1".to_owned(), ip: None, port: 6379, id: None, tls: false }],
            reason: "failover".to_owned(),
            published_at_ms: 1,
            publisher: Publisher { id: "b".repeat(40), addr: "10.0.0.9:26379".to_owned() },
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let record = record();
        assert_eq!(Record::from_json(record.to_json().as_bytes()).unwrap(), record);
    }

    #[test]
    fn members_of_later_versions_are_skipped() {
        let text = record().to_json().replacen('{', r#"{"colour":"red","#, 1);
        assert_eq!(Record::from_json(text.as_bytes()).unwrap(), record());
    }

    #[test]
    fn anything_else_is_an_error() {
        for text in ["", "null", "{}", "10.0.0.1:6379", r#"{"epoch":"7"}"#] {
            assert!(Record::from_json(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Record::from_json(&vec![b' '; RECORD_MAX + 1]).is_err());
    }

    #[test]
    fn what_is_shown_to_people_is_short_and_harmless() {
        for host in [String::new(), "db\u{1b}[2J".to_owned(), "db 2".to_owned(), "d".repeat(256)] {
            let primary = Member { host: host.clone(), ..record().primary };
            let text = Record { primary, ..record() }.to_json();
            assert!(Record::from_json(text.as_bytes()).is_err(), "{host:?}");
        }
        let error = Record::from_json(format!("\"{}\"", "x".repeat(10_000)).as_bytes()).unwrap_err();
        assert!(error.reason.len() < 300, "{error}");
    }

    #[test]
    fn agreement_is_about_what_clients_are_told() {
        let one = record();
        let told_by_another = Record {
            reason: "adopted".to_owned(),
            published_at_ms: 2,
            publisher: Publisher { id: "c".repeat(40), addr: String::new() },
            ..one.clone()
        };
        assert!(one.agrees(&told_by_another));
        assert!(!one.agrees(&Record { epoch: 8, ..one.clone() }));
        assert!(!one.agrees(&Record { replicas: Vec::new(), ..one.clone() }));
    }
}
