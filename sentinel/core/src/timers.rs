//! Deadlines: one per key, the earliest first.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::Time;
use crate::types::{GroupId, LinkId};

/// Whose deadline it is. The order breaks ties between equal times.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Timer {
    /// End of TILT.
    Tilt,
    /// Periodic requests, reconnection and silence of one link.
    Link(LinkId),
    /// Detection, elections and failover of one group.
    Group(GroupId),
}

/// All deadlines.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_key: BTreeMap<Timer, Time>,
    by_time: BTreeSet<(Time, Timer)>,
}

impl Timers {
    /// Sets, moves or (with `None`) removes a deadline.
    pub(crate) fn set(&mut self, key: Timer, at: Option<Time>) {
        let before = match at {
            Some(at) => self.by_key.insert(key, at),
            None => self.by_key.remove(&key),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, key));
        }
        if let Some(at) = at {
            self.by_time.insert((at, key));
        }
    }

    /// Moves a deadline to `at` if that is earlier.
    pub(crate) fn at_latest(&mut self, key: Timer, at: Time) {
        if self.by_key.get(&key).is_none_or(|t| *t > at) {
            self.set(key, Some(at));
        }
    }

    /// The earliest deadline.
    pub(crate) fn first(&self) -> Option<Time> {
        self.by_time.first().map(|(t, _)| *t)
    }

    /// Takes the earliest deadline that is due.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<Timer> {
        let (at, key) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.set(key, None);
        Some(key)
    }
}
