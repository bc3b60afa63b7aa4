//! What a supervisor wants to know of a data node.

use std::str::FromStr;

use super::lines::{InfoLine, info_lines};
use super::replica::{ReplicaLine, is_replica_field, parse_replica};

/// Most replicas taken from one master: the rest of a forged list is ignored.
const REPLICAS_MAX: usize = 1024;
/// Longest text value; host names have at most 255 bytes, ids and versions far less.
const TEXT_BYTES_MAX: usize = 512;
/// Length of a run id, as that of a replication id, in hexadecimal digits.
const ID_LEN: usize = 40;

/// What a node says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeRole {
    /// It takes writes.
    Master,
    /// It follows a master.
    Replica,
}

/// A replica's view of its master.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterLink {
    /// `master_host`.
    pub host: Option<String>,
    /// `master_port`.
    pub port: Option<u16>,
    /// `master_link_status` is `up`.
    pub up: bool,
    /// `master_link_down_since_seconds`; -1 if the link was never up, absent while it is up.
    pub down_since_seconds: Option<i64>,
    /// `master_sync_in_progress`: a full synchronisation is running.
    pub sync_in_progress: bool,
}

/// The facts of one `INFO` reply of a data node. A field is `None` if the node did not say it, or not intelligibly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeInfo {
    /// `redis_version`.
    pub redis_version: Option<String>,
    /// `valkey_version`.
    pub valkey_version: Option<String>,
    /// `run_id`, 40 characters: changes with every start of the process.
    pub run_id: Option<String>,
    /// `uptime_in_seconds`.
    pub uptime_seconds: Option<u64>,
    /// `loading`: the data set is being read from disk.
    pub loading: Option<bool>,
    /// `loading_eta_seconds`.
    pub loading_eta_seconds: Option<i64>,
    /// `dataset_state:amnesia`: the node knows that it lost its data, and waits to be told what to be.
    pub amnesiac: bool,
    /// `role`.
    pub role: Option<NodeRole>,
    /// The `master_*` fields, used only after the node said that it is a replica.
    pub master_link: MasterLink,
    /// `slave_priority`, 0 means never to be promoted.
    pub replica_priority: Option<u32>,
    /// `slave_repl_offset` in bytes.
    pub replica_offset: Option<i64>,
    /// `slave_read_only`.
    pub replica_read_only: Option<bool>,
    /// `replica_announced`; nodes that do not know it are announced.
    pub replica_announced: Option<bool>,
    /// `master_replid`: the history this node is in.
    pub master_replid: Option<String>,
    /// `master_replid2`: the history it was in before; absent if there is none.
    pub master_replid2: Option<String>,
    /// `second_repl_offset`: where it left that history; -1 if there is none.
    pub second_repl_offset: Option<i64>,
    /// `master_repl_offset` in bytes.
    pub master_repl_offset: Option<i64>,
    /// `master_failover_state`, of a coordinated failover: `no-failover` and others.
    pub master_failover_state: Option<String>,
    /// The `slaveN` lines, in order.
    pub replicas: Vec<ReplicaLine>,
    /// Keys in all databases; 0 if the `Keyspace` section lists none, `None` if it is missing.
    pub keys: Option<u64>,
    /// `aof_enabled`.
    pub aof_enabled: Option<bool>,
    /// `aof_last_write_status` is `ok`.
    pub aof_last_write_ok: Option<bool>,
    /// `rdb_last_bgsave_status` is `ok`.
    pub rdb_last_bgsave_ok: Option<bool>,
    /// `rdb_last_save_time`, seconds since 1970.
    pub rdb_last_save_unix_seconds: Option<i64>,
    /// `rdb_changes_since_last_save`.
    pub rdb_changes_since_last_save: Option<i64>,
}

impl NodeInfo {
    /// Reads the facts out of `text` in one pass. Never fails: what is not understood is left out.
    pub fn parse(text: &[u8]) -> Self {
        let mut info = Self::default();
        for line in info_lines(text) {
            match line {
                InfoLine::Section(b"Keyspace") => info.keys = info.keys.or(Some(0)),
                InfoLine::Section(_) => {}
                InfoLine::Field { name, value } => info.take_field(name, value),
            }
        }
        info
    }

    /// Hands a field to the reader of its family; most fields of an `INFO` belong to none.
    fn take_field(&mut self, name: &[u8], value: &[u8]) {
        match name.first() {
            Some(b'm') if name.starts_with(b"master_") => self.take_master_field(name, value),
            Some(b's') if name.starts_with(b"slave") => self.take_replica_field(name, value),
            Some(b'a' | b'r') if name.starts_with(b"aof_") || name.starts_with(b"rdb_") => {
                self.take_persistence_field(name, value);
            }
            Some(b'd') if is_database_field(name) => self.take_database(value),
            Some(b'd') if name == b"dataset_state" => self.amnesiac = value == b"amnesia",
            Some(b'r' | b'v' | b'u' | b'l' | b's') => self.take_general_field(name, value),
            _ => {}
        }
    }

    fn take_general_field(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"redis_version" => self.redis_version = text(value),
            b"valkey_version" => self.valkey_version = text(value),
            b"run_id" => self.run_id = id(value),
            b"uptime_in_seconds" => self.uptime_seconds = number(value),
            b"loading" => self.loading = flag(value),
            b"loading_eta_seconds" => self.loading_eta_seconds = number(value),
            b"role" => self.role = parse_role(value),
            b"replica_announced" => self.replica_announced = flag(value),
            b"second_repl_offset" => self.second_repl_offset = number(value),
            _ => {}
        }
    }

    fn take_master_field(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"master_replid" => self.master_replid = id(value),
            b"master_replid2" => self.master_replid2 = id(value).filter(|id| id.bytes().any(|byte| byte != b'0')),
            b"master_repl_offset" => self.master_repl_offset = number(value),
            b"master_failover_state" => self.master_failover_state = text(value),
            _ if self.role == Some(NodeRole::Replica) => self.take_link_field(name, value),
            _ => {}
        }
    }

    fn take_link_field(&mut self, name: &[u8], value: &[u8]) {
        let link = &mut self.master_link;
        match name {
            b"master_host" => link.host = text(value).filter(|host| !host.is_empty()),
            b"master_port" => link.port = number(value),
            b"master_link_status" => link.up = value == b"up",
            b"master_link_down_since_seconds" => link.down_since_seconds = number(value),
            b"master_sync_in_progress" => link.sync_in_progress = flag(value) == Some(true),
            _ => {}
        }
    }

    fn take_replica_field(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"slave_priority" => self.replica_priority = number(value),
            b"slave_repl_offset" => self.replica_offset = number(value),
            b"slave_read_only" => self.replica_read_only = flag(value),
            _ if is_replica_field(name) && self.replicas.len() < REPLICAS_MAX => {
                self.replicas.extend(parse_replica(value));
            }
            _ => {}
        }
    }

    fn take_persistence_field(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"aof_enabled" => self.aof_enabled = flag(value),
            b"aof_last_write_status" => self.aof_last_write_ok = Some(value == b"ok"),
            b"rdb_last_bgsave_status" => self.rdb_last_bgsave_ok = Some(value == b"ok"),
            b"rdb_last_save_time" => self.rdb_last_save_unix_seconds = number(value),
            b"rdb_changes_since_last_save" => self.rdb_changes_since_last_save = number(value),
            _ => {}
        }
    }

    /// Adds the keys of one `dbN:keys=..,expires=..` line.
    fn take_database(&mut self, value: &[u8]) {
        let count = value.strip_prefix(b"keys=").and_then(|rest| rest.split(|&byte| byte == b',').next());
        if let Some(count) = count.and_then(number::<u64>) {
            self.keys = Some(self.keys.unwrap_or(0).saturating_add(count));
        }
    }
}

/// A number in decimal that fits its type.
pub(super) fn number<T: FromStr>(value: &[u8]) -> Option<T> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Text of reasonable length without control characters, which have no place in hosts, ids and versions.
pub(super) fn text(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    (text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn id(value: &[u8]) -> Option<String> {
    text(value.get(..ID_LEN)?)
}

fn flag(value: &[u8]) -> Option<bool> {
    match value {
        b"0" => Some(false),
        b"1" => Some(true),
        _ => None,
    }
}

fn parse_role(value: &[u8]) -> Option<NodeRole> {
    match value {
        b"master" => Some(NodeRole::Master),
        b"slave" => Some(NodeRole::Replica),
        _ => None,
    }
}

fn is_database_field(name: &[u8]) -> bool {
    name.strip_prefix(b"db").is_some_and(|index| !index.is_empty() && index.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
#[path = "node_tests.rs"]
mod tests;
