//! How a publication stands, for people and for what follows from it.

use super::{Accord, Goal, Held};
use crate::time::Time;
use crate::types::Epoch;

/// When the present goal reached each of its phases.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Phases {
    /// It was asked for.
    pub requested: Option<Time>,
    /// The target took it, or was found to hold it.
    pub accepted: Option<Time>,
    /// All who answer from their own data have it.
    pub authoritative: Option<Time>,
    /// All who answer from a cache have it.
    pub converged: Option<Time>,
}

/// In one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PublicationState {
    /// Nothing is known of the target yet: others are given the time to publish.
    Waiting,
    /// Being read or written for the first time since the goal changed, or the others' content is given time to change.
    Pending,
    /// The target holds it, but not all who serve it do.
    Spreading,
    /// The target and all who serve it hold it.
    InSync,
    /// The target cannot be read or written, or loses every write.
    Failing,
    /// The target holds a higher epoch.
    Superseded,
    /// The target holds something that no sentinel wrote.
    Foreign,
}

impl PublicationState {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Pending => "pending",
            Self::Spreading => "spreading",
            Self::InSync => "in-sync",
            Self::Failing => "failing",
            Self::Superseded => "superseded",
            Self::Foreign => "foreign",
        }
    }
}

/// How a publication stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicationView {
    /// What the target should show.
    pub goal: Option<Goal>,
    /// What it held when it was read or written last, and when that was.
    pub held: Option<(Held, Time)>,
    /// The last epoch that the target, and all who answer from their own data, were seen with. Its members may have changed since.
    pub shown: Option<Epoch>,
    /// In one word.
    pub state: PublicationState,
    /// When the goal reached each phase.
    pub phases: Phases,
    /// What those who serve it said last.
    pub accord: Option<Accord>,
    /// Steps that failed one after the other.
    pub failures: u32,
    /// Writes that were lost one after the other, because the target did not hold what was read.
    pub losses: u32,
}
