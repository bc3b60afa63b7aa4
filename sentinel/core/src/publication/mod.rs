//! Publications: what one target (a name in DNS, a key in etcd, ...) is to show of one group, and what is to be done about it.
//!
//! A target holds a record with the epoch of the configuration that it shows. Each sentinel compares that with what it knows, and
//! writes under the condition that the target still holds what was read. So several sentinels may work on the same target, and stand
//! still between any two of their steps: a record gives way to one with a higher epoch and to none with a lower one.
//!
//! - Who led the failover looks at once. The others look after a while, each at another moment ([`Patience`]), and mostly find it done.
//! - Everybody goes on looking from time to time, so that a target which could not be reached, lost a write, or was wiped gets what it
//!   should hold, whoever is still there to write it.
//! - Two sentinels may see different replicas under the same epoch. The first in rank keeps the record up to date; another one steps
//!   in only if the difference lasts, and each time it is contradicted waits twice as long.
//! - What somebody else put there is not overwritten, nor is a record with a higher epoch, unless an operator says so.
//!
//! Publishing follows from decisions and is never waited for by one.

mod machine;
mod view;

pub use machine::Publication;
pub use view::{Phases, PublicationState, PublicationView};

use std::time::Duration;

use crate::time::Time;
use crate::types::Epoch;

/// What the target should show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Goal {
    /// Epoch of the configuration.
    pub epoch: Epoch,
    /// Tells two contents under one epoch apart. Any number will do that changes with the content.
    pub content: u64,
}

/// How long this sentinel leaves it to others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// Until it looks at the target at all after the goal has changed.
    pub first_look: Duration,
    /// For how long a record with the right epoch and another content has to stand until it is replaced.
    pub refresh: Duration,
}

impl Patience {
    /// Time for whoever led the failover to publish it. The next in rank waits as long again.
    const STEP: Duration = Duration::from_secs(2);

    /// A difference in content that has stood for so long is not about to be mended by the one before in rank.
    const REFRESH_STEP: Duration = Duration::from_secs(60);

    /// Several changes of the content often come together, such as replicas that are discovered.
    const SETTLE: Duration = Duration::from_secs(1);

    /// No sentinel waits longer than the twentieth one.
    const RANK_MAX: u32 = 20;

    /// Of the sentinel that led the failover.
    pub const fn of_leader() -> Self {
        Self { first_look: Duration::ZERO, refresh: Duration::ZERO }
    }

    /// Of a sentinel with so many living ones before it (their order is that of their run ids).
    pub fn of_rank(rank: u32) -> Self {
        let rank = rank.min(Self::RANK_MAX);
        Self { first_look: Self::STEP * (rank + 1), refresh: Self::SETTLE + Self::REFRESH_STEP * rank }
    }
}

/// The next thing to do. Everything but resting is answered by [`Publication::answered`], failure included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Read the target, and keep the token for a write.
    Read,
    /// Write the present goal, if the target still holds what was read last.
    Write,
    /// Ask those who serve the record to clients.
    Ask,
    /// Nothing until then, or until the goal changes; nothing at all without a goal or while an answer is awaited.
    Rest(Option<Time>),
}

/// What came of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// To [`Step::Read`].
    Read(Result<Held, Failure>),
    /// To [`Step::Write`].
    Written(Result<Outcome, Failure>),
    /// To [`Step::Ask`].
    Asked(Accord),
}

/// What the target holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    /// Nothing.
    Nothing,
    /// A record.
    Record {
        /// Its epoch.
        epoch: Epoch,
        /// Whether its content is that of the goal.
        agrees: bool,
    },
    /// Something that no sentinel wrote.
    Foreign,
}

/// What became of a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is there.
    Done,
    /// The target holds something else than what was read, and was left as it is.
    Lost,
}

/// Why a step failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// It may go away by itself.
    Passing,
    /// Somebody has to change something.
    Lasting,
}

/// Whether those who serve the record have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accord {
    /// All that answer from their own data.
    pub authorities: bool,
    /// All that answer from a cache.
    pub caches: bool,
}

impl Accord {
    /// Everybody has it.
    pub const FULL: Self = Self { authorities: true, caches: true };
}
