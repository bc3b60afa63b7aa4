//! Leases: for how long a master may hold what only one node of its group may hold, such as an address.
//!
//! An agent beside each data node asks every sentinel for a lease for its node, again and again, and holds the address while a
//! majority of the sentinels has granted it one that has not run out. A sentinel grants one lease per group at a time, to the master
//! that it knows, and waits until it has run out or was given back before it grants another node one. Two majorities have a sentinel
//! in common, so two nodes never hold the address at once:
//!
//! - The sentinel counts from when it grants, the agent from before it asked, so that what the agent believes ends first.
//! - A sentinel that has just started does not know what it granted before, and grants nothing for as long as that may last. Leases
//!   are therefore not written to disk.
//! - Only a master whose configuration is durable gets one: a sentinel does not go back to an older one after a restart.
//! - The wall clock plays no part. Clocks that run at different speeds do, by which the agent has to shorten what it was granted.
//!
//! A lease ends no later than the master would become sdown if it said nothing more. By the time that a sentinel holds a master to
//! be down, the lease that it gave it has run out, and the next master does not have to wait for it.

mod grant;
mod holder;

pub(crate) use grant::Lease;
pub use holder::{Holder, Standing};

use std::time::Duration;

use crate::time::Time;
use crate::types::{Addr, Epoch, RunId};

/// The longest lease. Also the time during which a sentinel grants none after its start, so it is kept short.
pub const LEASE_MAX: Duration = Duration::from_secs(5);

/// An agent's request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaseCall {
    /// The agent. One that asks for the same node under another name is another one.
    pub holder: RunId,
    /// The node that it asks for, as sentinels know it.
    pub node: Addr,
    /// For how long; never granted for longer than [`LEASE_MAX`].
    pub wanted: Duration,
    /// When it asks, on its own clock, which only tells what it asked before it let go from what it asked afterwards.
    pub sent: Time,
}

/// A sentinel's answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaseAnswer {
    /// The epoch of the configuration that the answer rests on.
    pub epoch: Epoch,
    /// Sentinels known in the group, the answering one included; a majority of them has to grant.
    pub voters: u32,
    /// The lease, or why there is none.
    pub verdict: Result<Duration, LeaseRefusal>,
}

/// Why there is no lease.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LeaseRefusal {
    /// Another node is the group's master.
    NotMaster {
        /// That one.
        master: Addr,
    },
    /// Somebody else has one that has not run out.
    Held {
        /// For which node.
        node: Addr,
        /// How long it may still be.
        left: Duration,
    },
    /// The sentinel does not know yet what it granted before it was started.
    Started {
        /// How long that may still matter.
        left: Duration,
    },
    /// The sentinel does not hear the node.
    Silent,
    /// The sentinel stood still, and does not trust what it has seen.
    Tilt,
    /// The configuration that names the master is not on disk yet.
    NotDurable,
}

impl LeaseRefusal {
    /// One word for the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotMaster { .. } => "not-master",
            Self::Held { .. } => "held",
            Self::Started { .. } => "started",
            Self::Silent => "silent",
            Self::Tilt => "tilt",
            Self::NotDurable => "not-durable",
        }
    }

    /// When it may be worth asking again, if that is known.
    pub const fn left(&self) -> Option<Duration> {
        match self {
            Self::Held { left, .. } | Self::Started { left } => Some(*left),
            _ => None,
        }
    }
}

/// A lease as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaseView {
    /// Whose.
    pub holder: RunId,
    /// For which node.
    pub node: Addr,
    /// The epoch under which it was granted.
    pub epoch: Epoch,
    /// How long it lasts.
    pub left: Duration,
}
