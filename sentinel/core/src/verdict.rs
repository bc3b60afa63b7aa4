//! What the selection makes of a replica.

use std::fmt;
use std::time::Duration;

use crate::types::{Addr, NodeId};

/// What the selection made of one replica.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// The replica.
    pub node: NodeId,
    /// Its address.
    pub addr: Addr,
    /// Why it was passed over, or `None` if it could be promoted.
    pub rejected: Option<Rejection>,
    /// Its history is the master's.
    pub same_history: bool,
    /// `slave_priority`.
    pub priority: u32,
    /// `slave_repl_offset`.
    pub offset: u64,
    /// Bytes behind the master's last known offset, if known.
    pub lag_bytes: Option<u64>,
}

/// Why a replica cannot be promoted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rejection {
    /// It is sdown.
    Down,
    /// We have no link to it.
    Disconnected,
    /// No valid answer to a heartbeat for this long.
    StalePing(Duration),
    /// Its priority is 0.
    PriorityZero,
    /// Its INFO is older than allowed, or it never gave one.
    StaleInfo(Option<Duration>),
    /// Its link to the master broke too long before the master went down.
    LinkDownTooLong(Duration),
    /// It never finished a synchronisation.
    NeverSynced,
    /// It says that it is a master.
    NotAReplica,
    /// It says that it lost its data.
    Amnesiac,
    /// It has no data while another replica has some.
    Empty,
    /// It has another history than the master while another replica has the master's.
    ForeignHistory,
    /// It is further behind than `max-lag-on-failover`.
    TooFarBehind(u64),
    /// The master is down for its writes, and this one was this long ago.
    RefusedWrites(Duration),
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down => f.write_str("it is down"),
            Self::Disconnected => f.write_str("there is no link to it"),
            Self::StalePing(age) => write!(f, "its last valid answer is {} ms old", age.as_millis()),
            Self::PriorityZero => f.write_str("its priority is 0"),
            Self::StaleInfo(Some(age)) => write!(f, "its last INFO is {} ms old", age.as_millis()),
            Self::StaleInfo(None) => f.write_str("it never answered INFO"),
            Self::LinkDownTooLong(age) => {
                write!(f, "its link to the master has been down for {} ms", age.as_millis())
            }
            Self::NeverSynced => f.write_str("it never finished a synchronisation"),
            Self::NotAReplica => f.write_str("it says that it is a master"),
            Self::Amnesiac => f.write_str("it says that it lost its data"),
            Self::Empty => f.write_str("it is empty while another replica holds data"),
            Self::ForeignHistory => f.write_str("its replication history is not the master's"),
            Self::TooFarBehind(bytes) => write!(f, "it is {bytes} bytes behind"),
            Self::RefusedWrites(age) => write!(f, "it was down for its own writes {} s ago", age.as_secs()),
        }
    }
}
