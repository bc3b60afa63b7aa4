//! Being a replica: the link to the master, its data, and its stream.

mod apply;
mod dial;
mod failure;
mod gate;
mod guard;
mod handshake;
mod intake;
mod link;
mod load;
mod own_keys;
mod payload;
mod role;
mod spool;
mod sync;
mod vacancy;

use bongsu_protocol::session::ClientId;

use crate::dataset::Lineage;
use crate::engine::Engine;
use crate::net::conn::Conn;
use crate::net::listeners::LISTENERS;
use dial::Dial;
pub(crate) use failure::Failure;
use guard::Rejection;
use handshake::Handshake;
use own_keys::OwnKeys;
pub(crate) use role::Role;
use sync::FullSync;
pub(crate) use sync::SyncFigures;
pub(crate) use vacancy::{Vacancy, decides_role};

/// The token of the link to the master. Neither a connection nor a listener has it.
pub(crate) const MASTER: u64 = LISTENERS - 2;

/// The session of a link whose stream has not begun.
const NOBODY: ClientId = ClientId(0);

/// The master whose replica this server is.
pub(crate) struct Following {
    pub(crate) host: String,
    pub(crate) port: u16,
    stage: Stage,
    /// From the moment on at which it is being made.
    conn: Option<Conn>,
    /// The session of the stream.
    client: Option<ClientId>,
    /// When a link is to be made, in microseconds since the start.
    next_try_us: u64,
    /// When this stage began.
    since_us: u64,
    /// When the master was last heard of.
    heard_us: u64,
    /// When the master was last told that this server is there.
    told_us: u64,
    /// Since when there has been no stream.
    down_since_us: Option<u64>,
    /// What is here is the beginning of some stream, so that perhaps it can go on.
    has_history: bool,
    /// The master is a replica that is to take over from this server.
    hands_over: bool,
    /// Somebody chose it, and it is not the one whose data are here.
    is_chosen: bool,
    /// Which data the master has, if it says so.
    dataset: Option<Lineage>,
    /// The data of this master did not replace what is here, so often and because of that.
    refusals: u32,
    refused: Option<Rejection>,
    /// The database that was selected last in what was applied of the stream.
    db: u32,
    /// Bytes of the transaction that the stream is in.
    open: Vec<u8>,
    /// What the master would be answered, if it were.
    replies: Vec<u8>,
    /// The master wants to know how far this server is: as far as that.
    owes: Option<u64>,
    /// What has come was not applied, because of a pause.
    is_held: bool,
    own_keys: OwnKeys,
}

/// How far the link is.
enum Stage {
    /// It will be tried.
    Idle,
    Connecting(Box<Dial>),
    Talking(Box<Handshake>),
    Syncing(Box<FullSync>),
    Streaming,
}

impl Following {
    /// There is a stream.
    pub(crate) const fn is_linked(&self) -> bool {
        matches!(self.stage, Stage::Streaming)
    }

    /// The word of `ROLE`.
    pub(crate) const fn word(&self) -> &'static str {
        match self.stage {
            Stage::Idle => "connect",
            Stage::Connecting(_) => "connecting",
            Stage::Talking(_) => "handshake",
            Stage::Syncing(_) => "sync",
            Stage::Streaming => "connected",
        }
    }

    /// How long it has been without a stream, in microseconds. `None` if it has one.
    pub(crate) fn down_us(&self, now_us: u64) -> Option<u64> {
        self.down_since_us.map(|since| now_us.saturating_sub(since))
    }

    /// How long ago the master was heard of, in microseconds. `None` without a stream.
    pub(crate) fn silent_us(&self, now_us: u64) -> Option<u64> {
        self.is_linked().then(|| now_us.saturating_sub(self.heard_us))
    }

    /// Data that are on their way.
    pub(crate) fn sync_figures(&self, now_us: u64) -> Option<SyncFigures> {
        match &self.stage {
            Stage::Syncing(sync) => Some(sync.figures(now_us.saturating_sub(self.heard_us))),
            _ => None,
        }
    }

    /// Why the data of this master did not replace those that are here.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        self.refused.map(Rejection::word)
    }

    /// Bytes of the stream that have arrived and are not applied.
    pub(crate) fn unapplied(&self) -> usize {
        let waiting = if self.is_linked() { self.conn.as_ref().map_or(0, |conn| conn.input.len()) } else { 0 };
        self.open.len() + waiting
    }
}

impl Engine {
    /// It is a replica, with or without a link to its master.
    pub(crate) const fn is_replica(&self) -> bool {
        self.following.is_some()
    }

    /// The session of the master's stream, if there is one.
    pub(crate) fn master_client(&self) -> Option<ClientId> {
        self.following.as_ref().and_then(|following| following.client)
    }

    /// It is a replica without a link to its master.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.following.as_ref().is_some_and(|following| !following.is_linked())
    }
}
