//! What travels on a connection.

use std::rc::Rc;

use bongsu_sentinel_core::{Channel, Hello, LinkId, Reply, Request, RunId};

use crate::data::{Entry, Item};

/// Identifies a connection for the whole run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct ConnId(pub(crate) usize);

/// The two ends of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    /// Who connected.
    Client = 0,
    /// Who listened.
    Server = 1,
}

impl Side {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What the client end uses a connection for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Use {
    /// A link of a core.
    Core(LinkId, Channel),
    /// A link of a modelled real sentinel; the number is its instance.
    Real(u32, Channel),
    /// A replica's link to its master.
    Replication,
}

impl Use {
    pub(crate) const fn is_pubsub(self) -> bool {
        matches!(self, Self::Core(_, Channel::PubSub) | Self::Real(_, Channel::PubSub))
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Msg {
    /// The connection is established.
    Accepted,
    /// Nobody listens.
    Refused,
    /// The other end closed, or was reset.
    Fin,
    Ask {
        id: u64,
        request: Request,
    },
    Answer {
        id: u64,
        reply: Reply,
    },
    /// A message on the hello channel.
    Push(Rc<Hello>),
    /// A replica asks to go on from here.
    Psync {
        replid: RunId,
        offset: u64,
    },
    /// The master cannot serve replicas now.
    Nak,
    Continue {
        replid: RunId,
    },
    FullStart,
    FullData(Rc<Snapshot>),
    /// One step of the replication stream, up to this offset.
    Stream {
        end: u64,
        item: Item,
    },
    /// A replica has everything up to this offset.
    Ack(u64),
}

/// What a full synchronisation carries.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) replid: RunId,
    pub(crate) offset: u64,
    pub(crate) log: Vec<Entry>,
}
