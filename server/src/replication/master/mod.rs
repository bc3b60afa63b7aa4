//! The master's side: who follows this server, and how far they are.
//!
//! The stream of changes is kept once, for all replicas: each has a position in it, and is sent what lies behind that straight from
//! there. One that is too far behind is given up rather than kept for.

mod acks;
mod attach;
mod failover;
mod feeding;
mod introduce;
mod replica;
mod slow;
mod stray;
mod sync;
mod upkeep;

use std::collections::HashMap;

use bongsu_protocol::session::ClientId;

use failover::Failover;
pub(crate) use failover::FailoverRequest;
pub(crate) use feeding::Piece;
pub(crate) use introduce::Answer;
pub(crate) use replica::{Introduction, Replica, State};
use sync::Syncs;

/// How often replicas came, and how they were served.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Counts {
    /// Those who were sent everything.
    pub(crate) full: u64,
    /// Those who were sent what they had missed.
    pub(crate) partial: u64,
    /// Those who asked for what they had missed, when that was not there any more.
    pub(crate) refused: u64,
    /// Bytes that replicas were sent.
    pub(crate) sent_bytes: u64,
}

/// Those who follow this server.
#[derive(Default)]
pub(crate) struct Master {
    /// In the order in which they came.
    replicas: Vec<Replica>,
    /// What connections have told of themselves that follow nobody yet.
    introductions: HashMap<ClientId, Introduction>,
    pub(crate) counts: Counts,
    /// Images on their way to replicas.
    syncs: Syncs,
    /// Replicas that may be relied on (`min-replicas-max-lag`).
    pub(crate) good: usize,
    /// All replicas are to be asked how far they are.
    pub(crate) wants_acks: bool,
    /// A replica is taking over.
    failover: Option<Failover>,
    /// Since when there are no replicas, in microseconds since the start.
    alone_since_us: Option<u64>,
    /// When time is looked at again, in microseconds since the start.
    next_look_us: u64,
    /// When replicas were last sent something for its own sake, in microseconds since the start.
    pinged_us: u64,
}

impl Master {
    /// Those who follow, in the order in which they came.
    pub(crate) fn replicas(&self) -> &[Replica] {
        &self.replicas
    }

    /// One of them.
    pub(crate) fn get(&self, client: ClientId) -> Option<&Replica> {
        self.replicas.iter().find(|replica| replica.client == client)
    }

    fn get_mut(&mut self, client: ClientId) -> Option<&mut Replica> {
        self.replicas.iter_mut().find(|replica| replica.client == client)
    }

    /// What a connection has told of itself.
    fn about_mut(&mut self, client: ClientId) -> &mut Introduction {
        match self.replicas.iter_mut().position(|replica| replica.client == client) {
            Some(index) => &mut self.replicas[index].about,
            None => self.introductions.entry(client).or_default(),
        }
    }

    /// An image for replicas is being made.
    pub(crate) fn is_saving(&self) -> bool {
        self.syncs.is_making()
    }

    /// An image for replicas can go on at once.
    pub(crate) fn can_go_on(&self) -> bool {
        self.syncs.can_walk()
    }

    /// What a replica is sent comes from a file.
    pub(crate) fn sends_file(&self, replica: &Replica) -> bool {
        matches!(&replica.state, State::Receives(transfer) if self.syncs.sends_file(transfer.sync))
    }

    /// How many are sent the stream and have run it up to an offset.
    pub(crate) fn count_at(&self, offset: u64) -> usize {
        self.count(|replica| replica.acknowledged >= offset)
    }

    /// How many are sent the stream and have it on disk up to an offset.
    pub(crate) fn count_on_disk_at(&self, offset: u64) -> usize {
        self.count(|replica| replica.on_disk >= offset)
    }

    fn count(&self, is_counted: impl Fn(&Replica) -> bool) -> usize {
        self.replicas.iter().filter(|replica| replica.state == State::Online && is_counted(replica)).count()
    }
}
