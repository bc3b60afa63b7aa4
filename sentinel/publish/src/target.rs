//! What every target can do.

use std::future::Future;
use std::time::Duration;

use crate::{Record, TargetError};

/// A place that shows clients the master of a group.
///
/// One object serves all groups. Its futures are polled on one thread and may be dropped at any time: a write whose answer was not
/// waited for may have happened, which the next read shows.
pub trait Target {
    /// What a write is conditional on, such as a revision.
    type Token;

    /// Reads what the target holds for the group of `wanted`, from where it is decided (a linearizable read, the primary name server),
    /// and compares it with `wanted`.
    ///
    /// # Errors
    /// The target could not be asked, or refused.
    fn read(&self, wanted: &Record) -> impl Future<Output = Result<Seen<Self::Token>, TargetError>>;

    /// Writes `record`, all of its parts at one moment, if the target still holds what was seen.
    ///
    /// # Errors
    /// The target could not be asked, or refused. After [`TargetError::is_undecided`] the write may have happened.
    fn write(&self, seen: &Self::Token, record: &Record) -> impl Future<Output = Result<Written, TargetError>>;

    /// Asks everybody who serves the record to clients whether they have it: for DNS each authoritative name server and each
    /// configured resolver. Empty where the target itself is all there is.
    fn witnesses(&self, record: &Record) -> impl Future<Output = Vec<Witness>>;
}

/// The answer to a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    /// What is there.
    pub holds: Holds,
    /// What to write on the condition of.
    pub token: T,
}

/// What a target holds for a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nothing.
    Nothing,
    /// A record.
    Record {
        /// Its epoch.
        epoch: u64,
        /// Its master, as shown to people.
        primary: String,
        /// Whether it is the same as the wanted one in all that clients are told.
        agrees: bool,
    },
    /// Something that this program did not write; it is never overwritten unasked.
    Foreign {
        /// A short description for the operator.
        what: String,
    },
}

/// The answer to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is done.
    Done,
    /// The target does not hold any longer what was seen; it was not touched.
    Lost,
}

/// One who serves the record, and what it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Address or name.
    pub who: String,
    /// What kind.
    pub kind: WitnessKind,
    /// What it serves, or why it is not known.
    pub holds: Result<Holds, String>,
    /// How long clients may still be told what it serves now (the remaining TTL).
    pub ttl: Option<Duration>,
    /// The version of its copy of the data, where there are copies: the serial number of a zone at an authority. Those who lag have a
    /// lower one.
    pub serial: Option<u32>,
}

/// Kinds of witnesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WitnessKind {
    /// It answers from its own copy of the data: an authoritative name server.
    Authority,
    /// It answers from a cache: a resolver.
    Cache,
}

impl Witness {
    /// Whether it serves the wanted record.
    pub const fn agrees(&self) -> bool {
        matches!(self.holds, Ok(Holds::Record { agrees: true, .. }))
    }
}
