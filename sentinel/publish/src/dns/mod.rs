//! The master in DNS: dynamic updates (RFC 2136) signed with TSIG (RFC 8945).
//!
//! What is written for a group, in one message: the addresses of the master and, if wanted, its port and the addresses of its replicas;
//! beside them a guard, which says which epoch they belong to. The message's prerequisites are what was read before, which makes it a
//! compare-and-swap: of two publishers with the same view one succeeds, and the other has to look again.
//!
//! An alias (CNAME) at a name, or a wildcard over it, cannot be written over; the first is told, the second makes every write be lost.

mod answer;
mod contents;
mod exchange;
mod guard;
mod key;
mod message;
mod names;
mod settings;
mod sign;
mod witness;

use std::rc::Rc;
use std::time::SystemTime;

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RecordType};
use rand::random;

pub use key::{Algorithm, Key, KeyError};
pub use names::{NameError, NameTemplate, Naming, Zone};
pub use settings::{Authorities, Servers, ServersError, Settings, Transport, Ttl};
pub use sign::Clock;

use crate::{Holds, Record, Seen, Target, TargetError, Witness, Written};
use contents::{Contents, Source};
use exchange::Peer;
use message::Asked;
use sign::Sealer;

/// A zone that shows the masters of all groups.
pub struct DnsTarget {
    settings: Settings,
    clock: Rc<Clock>,
}

/// What an update is conditional on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Which server it was read from; the update goes to the same.
    server: usize,
    contents: Contents,
}

impl DnsTarget {
    /// A target that signs with the time of the system.
    pub fn new(settings: Settings) -> Self {
        Self::with_clock(settings, Rc::new(SystemTime::now))
    }

    /// A target that signs with the time of `clock`.
    pub fn with_clock(settings: Settings, clock: Rc<Clock>) -> Self {
        Self { settings, clock }
    }

    fn peer(&self, server: usize) -> Option<Peer> {
        let address = *self.settings.servers.addresses().get(server)?;
        Some(Peer { address, transport: self.settings.transport, limit: self.settings.limit })
    }

    fn sealer(&self) -> Sealer<'_> {
        Sealer(Some((&self.settings.key, &*self.clock)))
    }

    /// The RRsets of a record: their names, and what is wanted there.
    fn wanted(&self, record: &Record) -> Result<(Vec<(Name, RecordType)>, Contents), TargetError> {
        let names = self.settings.naming.names(&record.group)?;
        let sets = names.sets(self.settings.service, self.settings.replicas);
        let wanted = Contents::of(record, &names, &sets, self.settings.ttl.secs())?;
        Ok((sets, wanted))
    }

    /// Asks a server that takes updates for its own data.
    async fn read_from(&self, peer: Peer, sets: &[(Name, RecordType)]) -> Result<Contents, TargetError> {
        let answers = peer.exchange(message::queries(random(), Asked::Authority, sets), self.sealer()).await?;
        let who = peer.address.to_string();
        let own = |answer: &Message| answer::own_set(&who, answer);
        answers.iter().map(own).collect::<Result<_, _>>().map(Contents)
    }

    fn seen(&self, server: usize, contents: Contents, wanted: &Contents) -> Seen<Token> {
        let holds = match contents.judge(wanted, Source::Zone) {
            // The guard of another group is not taken over: both would write over each other for ever.
            Holds::Foreign { .. } if self.settings.adopt && contents.guard().is_none() => Holds::Nothing,
            holds => holds,
        };
        Seen { holds, token: Token { server, contents } }
    }
}

impl Target for DnsTarget {
    type Token = Token;

    async fn read(&self, wanted: &Record) -> Result<Seen<Token>, TargetError> {
        let (sets, wanted) = self.wanted(wanted)?;
        let mut first_error = None;
        for server in 0.. {
            let Some(peer) = self.peer(server) else { break };
            match self.read_from(peer, &sets).await {
                Ok(contents) => return Ok(self.seen(server, contents, &wanted)),
                // Another server would not know better what this one refuses.
                Err(error) if error.is_permanent() => return Err(first_error.unwrap_or(error)),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        let none = || TargetError::Unpublishable { reason: "no server takes updates".to_owned() };
        Err(first_error.unwrap_or_else(none))
    }

    async fn write(&self, seen: &Token, record: &Record) -> Result<Written, TargetError> {
        let (_, wanted) = self.wanted(record)?;
        let Some(peer) = self.peer(seen.server) else { return Ok(Written::Lost) };
        let update = message::update(random(), self.settings.naming.zone(), &seen.contents, &wanted);
        let answers = peer.exchange(vec![update], self.sealer()).await.map_err(|error| match error {
            // The token comes from an answer that this key was good for. Knot says BADKEY where its access lists do not permit it.
            TargetError::NotAuthenticated { who, reason } => {
                TargetError::NotPermitted { who, reason: format!("this key may read, but not write this: {reason}") }
            }
            error => error,
        })?;
        let who = peer.address.to_string();
        match answers.first() {
            Some(answer) => answer::written(who, answer),
            None => Err(TargetError::Protocol { who, reason: "it gave no answer".to_owned() }),
        }
    }

    async fn witnesses(&self, record: &Record) -> Vec<Witness> {
        witness::all(self, record).await
    }
}
