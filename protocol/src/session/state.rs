//! One connection.

use std::fmt;
use std::sync::Arc;

use super::{ReplyMode, Tracking};
use crate::acl::{Acl, DEFAULT_USER};
use crate::resp::Protocol;

/// The number of a connection: never reused while the server runs, 1 for the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u64);

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ClientId {
    /// As replies print it.
    #[must_use]
    pub fn as_integer(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// A positive integer; anything else names no client.
    #[must_use]
    pub fn from_integer(value: i64) -> Option<Self> {
        u64::try_from(value).ok().filter(|id| *id > 0).map(Self)
    }
}

/// What the peer of a connection is in replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ClientRole {
    /// An ordinary client.
    #[default]
    Normal,
    /// Our master.
    Master,
    /// One of our replicas.
    Replica,
    /// A client that watches all commands.
    Monitor,
}

/// The types that `CLIENT LIST TYPE` and `CLIENT KILL TYPE` tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientType {
    /// Neither of the others.
    Normal,
    /// Our master.
    Master,
    /// A replica.
    Replica,
    /// Has subscriptions.
    PubSub,
}

impl ClientType {
    /// The type called `name`, ignoring case.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Self> {
        match name.to_ascii_lowercase().as_slice() {
            b"normal" => Some(Self::Normal),
            b"master" => Some(Self::Master),
            b"slave" | b"replica" => Some(Self::Replica),
            b"pubsub" => Some(Self::PubSub),
            _ => None,
        }
    }
}

/// Numbers of subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Subscriptions {
    /// Channels.
    pub channels: usize,
    /// Patterns.
    pub patterns: usize,
    /// Sharded channels.
    pub shard_channels: usize,
}

impl Subscriptions {
    /// True if there is any.
    #[must_use]
    pub const fn any(self) -> bool {
        self.channels + self.patterns + self.shard_channels > 0
    }
}

/// Figures about buffers and the socket, kept up to date by the owner of the socket. Sizes are in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct IoFigures {
    /// File descriptor.
    pub fd: i64,
    /// Unread part of the query buffer.
    pub query_buffer: usize,
    /// Free part of the query buffer.
    pub query_buffer_free: usize,
    /// The request being run.
    pub request: usize,
    /// Requests queued by a transaction.
    pub queued_requests: usize,
    /// Size of the fixed reply buffer.
    pub reply_buffer: usize,
    /// Recent peak of the fixed reply buffer.
    pub reply_buffer_peak: usize,
    /// Used part of the fixed reply buffer.
    pub reply_buffer_used: usize,
    /// Number of blocks in the reply list.
    pub reply_blocks: usize,
    /// Size of the reply list.
    pub reply_list: usize,
    /// Everything the connection costs.
    pub total: usize,
    /// Waits to read.
    pub reads: bool,
    /// Waits to write.
    pub writes: bool,
    /// What is counted since the connection began, if anybody counts it.
    pub totals: Option<Totals>,
}

impl IoFigures {
    /// Counts something, if it is to be counted.
    #[inline]
    pub fn count(&mut self, add: impl FnOnce(&mut Totals)) {
        if let Some(totals) = &mut self.totals {
            add(totals);
        }
    }
}

/// Figures of a connection that the first versions of `CLIENT LIST` did not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Totals {
    /// Keys that it watches now.
    pub watched: usize,
    /// Bytes received.
    pub input_bytes: u64,
    /// Bytes sent.
    pub output_bytes: u64,
    /// Requests that were answered.
    pub requests: u64,
}

/// One client connection.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its number.
    pub id: ClientId,
    /// `ip:port` of the peer, IPv6 in brackets; `path:0` for a Unix socket.
    pub addr: String,
    /// `ip:port` of our side.
    pub laddr: String,
    /// Set by `CLIENT SETNAME`; empty for none.
    pub name: Vec<u8>,
    /// Client library, as it says.
    pub lib_name: Vec<u8>,
    /// Version of the client library, as it says.
    pub lib_ver: Vec<u8>,
    /// Who it acts as.
    pub user: Vec<u8>,
    /// False until the peer has proved who it is.
    pub authenticated: bool,
    /// Negotiated protocol.
    pub protocol: Protocol,
    /// When it was accepted, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it last sent something, in milliseconds since 1970.
    pub last_interaction_ms: u64,
    /// Its part in replication.
    pub role: ClientRole,
    /// Selected database.
    pub db: u32,
    /// Number of requests a transaction has queued, or `None` outside a transaction.
    pub queued: Option<usize>,
    /// A watched key has changed.
    pub dirty_transaction: bool,
    /// Waits in a blocking command, or for the end of a pause.
    pub blocked: bool,
    /// It is a pause that it waits for, so that nobody can end its waiting alone.
    pub paused: bool,
    /// Invalidations of other connections went to it at some time.
    pub hears_for_others: bool,
    /// Never closed to free memory.
    pub no_evict: bool,
    /// Does not change how recently keys were used.
    pub no_touch: bool,
    /// Reads from a replica in a cluster.
    pub readonly: bool,
    /// Came through a Unix socket.
    pub unix_socket: bool,
    /// Full name of the last command, `None` before the first.
    pub last_command: Option<Arc<str>>,
    /// To be closed once its replies are sent.
    pub close_after_reply: bool,
    /// To be closed now.
    pub close_now: bool,
    /// Which replies are sent.
    pub reply_mode: ReplyMode,
    /// Client-side caching.
    pub tracking: Option<Tracking>,
    /// Its subscriptions; the registry of channels keeps them up to date.
    pub subscriptions: Subscriptions,
    /// The offset of the stream of changes after what it wrote last.
    pub written_to: u64,
    /// The offset of the append-only file after what it wrote last.
    pub logged_to: u64,
    /// Buffers and socket.
    pub io: IoFigures,
}

impl Session {
    /// A connection accepted at `now_ms` (milliseconds since 1970). It acts as the default user at once if that needs
    /// no password.
    #[must_use]
    pub fn new(id: ClientId, addr: String, laddr: String, now_ms: u64, acl: &Acl) -> Self {
        Self {
            id,
            addr,
            laddr,
            name: Vec::new(),
            lib_name: Vec::new(),
            lib_ver: Vec::new(),
            user: DEFAULT_USER.to_vec(),
            authenticated: acl.default_needs_no_authentication(),
            protocol: Protocol::Resp2,
            created_ms: now_ms,
            last_interaction_ms: now_ms,
            role: ClientRole::Normal,
            db: 0,
            queued: None,
            dirty_transaction: false,
            blocked: false,
            paused: false,
            hears_for_others: false,
            no_evict: false,
            no_touch: false,
            readonly: false,
            unix_socket: false,
            last_command: None,
            close_after_reply: false,
            close_now: false,
            reply_mode: ReplyMode::On,
            tracking: None,
            subscriptions: Subscriptions::default(),
            written_to: 0,
            logged_to: 0,
            io: IoFigures { reads: true, ..IoFigures::default() },
        }
    }

    /// The type for filters.
    #[must_use]
    pub const fn client_type(&self) -> ClientType {
        match self.role {
            ClientRole::Master => ClientType::Master,
            ClientRole::Replica => ClientType::Replica,
            ClientRole::Normal | ClientRole::Monitor if self.subscriptions.any() => ClientType::PubSub,
            ClientRole::Normal | ClientRole::Monitor => ClientType::Normal,
        }
    }

    /// Age of the connection in whole seconds.
    #[must_use]
    pub const fn age_seconds(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.created_ms) / 1000
    }

    /// True if a connection of this state only carries messages and a few commands: RESP2 with subscriptions.
    #[must_use]
    pub fn is_subscribed_resp2(&self) -> bool {
        self.subscriptions.any() && self.protocol == Protocol::Resp2
    }
}

/// True for a text of printable ASCII characters without spaces, the only one allowed for names, since the lines of
/// `CLIENT LIST` are split at spaces.
pub(super) fn is_printable(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_graphic)
}
