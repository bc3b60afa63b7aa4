//! The `slaveN` lines of a master.

use super::node::{number, text};

/// One replica as its master describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicaLine {
    /// Address or host name the replica announces, or the one it connects from.
    pub host: String,
    /// Its port; never 0.
    pub port: u16,
    /// How far its synchronisation is.
    pub state: ReplicaState,
    /// Last replication offset it acknowledged, in bytes; `None` before Redis 2.8.
    pub offset: Option<i64>,
    /// Seconds since that acknowledgement; `None` before Redis 2.8.
    pub lag_seconds: Option<i64>,
}

/// How far the synchronisation of a replica is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplicaState {
    /// It waits for the snapshot to be made.
    WaitBgsave,
    /// It receives the snapshot.
    SendBulk,
    /// It receives the stream of writes.
    Online,
    /// The master says something else or nothing.
    #[default]
    Unknown,
}

impl ReplicaState {
    fn parse(value: &[u8]) -> Self {
        match value {
            b"wait_bgsave" => Self::WaitBgsave,
            b"send_bulk" => Self::SendBulk,
            b"online" => Self::Online,
            _ => Self::Unknown,
        }
    }
}

/// Whether `name` is `slave` and a number.
pub(super) fn is_replica_field(name: &[u8]) -> bool {
    name.strip_prefix(b"slave").is_some_and(|index| !index.is_empty() && index.iter().all(u8::is_ascii_digit))
}

/// Reads `ip=..,port=..,state=..,offset=..,lag=..` or, as before Redis 2.8, `ip,port,state`; `None` without an address.
pub(super) fn parse_replica(value: &[u8]) -> Option<ReplicaLine> {
    let mut replica = ReplicaLine::default();
    let is_named = value.starts_with(b"ip=");
    for (index, part) in value.split(|&byte| byte == b',').enumerate() {
        let (key, value) = match (is_named, part.iter().position(|&byte| byte == b'=')) {
            (true, Some(at)) => (&part[..at], &part[at + 1..]),
            (true, None) => continue,
            (false, _) => (*[&b"ip"[..], b"port", b"state"].get(index)?, part),
        };
        match key {
            b"ip" => replica.host = text(value)?,
            b"port" => replica.port = number(value)?,
            b"state" => replica.state = ReplicaState::parse(value),
            b"offset" => replica.offset = number(value),
            b"lag" => replica.lag_seconds = number(value),
            _ => {}
        }
    }
    (!replica.host.is_empty() && replica.port != 0).then_some(replica)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let new = parse_replica(b"ip=::1,port=6380,state=online,offset=42,lag=1,type=replica");
        let expected = ReplicaLine {
            host: "::1".to_owned(),
            port: 6380,
            state: ReplicaState::Online,
            offset: Some(42),
            lag_seconds: Some(1),
        };
        assert_eq!(new, Some(expected.clone()));
        let old = parse_replica(b"::1,6380,online");
        assert_eq!(old, Some(ReplicaLine { offset: None, lag_seconds: None, ..expected }));
    }

    #[test]
    fn lines_without_an_address_are_ignored() {
        for value in ["", "ip=", "ip=a", "ip=,port=1", "ip=a,port=0", "ip=a,port=65536", "a,b,c", "a,1,online,x"] {
            assert_eq!(parse_replica(value.as_bytes()), None, "{value}");
        }
    }
}
