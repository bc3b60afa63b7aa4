//! Deadlines: one per key, the earliest first.

use std::collections::BTreeMap;

use crate::slots::Id as _;
use crate::time::Time;
use crate::types::{GroupId, LinkId};

/// Whose deadline it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Timer {
    /// End of TILT.
    Tilt,
    /// Periodic requests, reconnection and silence of one link.
    Link(LinkId),
    /// Detection, elections and failover of one group.
    Group(GroupId),
}

/// All deadlines.
///
/// Most deadlines move later before they come due. The queue keeps the earlier time of such a key, finds when it comes that
/// nothing is due yet, and puts the key back at its present deadline; only a deadline that moves earlier is queued anew. So
/// a key has at most one entry that counts, and [`Timers::first`] is never later than the earliest deadline.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    tilt: Slot,
    links: Vec<Slot>,
    groups: Vec<Slot>,
    /// Links come due in crowds, at a rounded time: few times, many keys.
    queue: BTreeMap<Time, Vec<Timer>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    due: Option<Time>,
    /// The entry of the queue that counts.
    queued: Option<Time>,
}

impl Timers {
    /// Sets, moves or (with `None`) removes a deadline.
    pub(crate) fn set(&mut self, key: Timer, at: Option<Time>) {
        let slot = self.slot(key);
        slot.due = at;
        let Some(at) = at else { return };
        if slot.queued.is_none_or(|queued| at < queued) {
            slot.queued = Some(at);
            self.queue.entry(at).or_default().push(key);
        }
    }

    /// Moves a deadline to `at` if that is earlier.
    pub(crate) fn at_latest(&mut self, key: Timer, at: Time) {
        if self.slot(key).due.is_none_or(|t| t > at) {
            self.set(key, Some(at));
        }
    }

    /// When to call [`Timers::pop_due`]: the earliest deadline, or earlier if a deadline has been moved.
    pub(crate) fn first(&self) -> Option<Time> {
        self.queue.first_key_value().map(|(t, _)| *t)
    }

    /// Takes the earliest deadline that is due.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<Timer> {
        while let Some(mut crowd) = self.queue.first_entry().filter(|crowd| *crowd.key() <= now) {
            let at = *crowd.key();
            let Some(key) = crowd.get_mut().pop() else {
                crowd.remove();
                continue;
            };
            let slot = self.slot(key);
            if slot.queued != Some(at) {
                continue;
            }
            slot.queued = None;
            match slot.due {
                Some(due) if due <= now => {
                    slot.due = None;
                    return Some(key);
                }
                Some(due) => self.set(key, Some(due)),
                None => {}
            }
        }
        None
    }

    fn slot(&mut self, key: Timer) -> &mut Slot {
        let (slots, index) = match key {
            Timer::Tilt => return &mut self.tilt,
            Timer::Link(id) => (&mut self.links, id.index()),
            Timer::Group(id) => (&mut self.groups, id.index()),
        };
        if slots.len() <= index {
            slots.resize(index + 1, Slot::default());
        }
        &mut slots[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Timer = Timer::Link(LinkId(0));
    const B: Timer = Timer::Group(GroupId(3));

    fn at(ms: u64) -> Time {
        Time::from_ms(ms)
    }

    #[test]
    fn deadlines_come_in_order_and_once() {
        let mut timers = Timers::default();
        timers.set(B, Some(at(20)));
        timers.set(A, Some(at(10)));
        assert_eq!(timers.first(), Some(at(10)));
        assert_eq!(timers.pop_due(at(9)), None);
        assert_eq!(timers.pop_due(at(30)), Some(A));
        assert_eq!(timers.pop_due(at(30)), Some(B));
        assert_eq!((timers.pop_due(at(30)), timers.first()), (None, None));
    }

    #[test]
    fn a_moved_deadline_comes_when_it_was_moved_to() {
        let mut timers = Timers::default();
        timers.set(A, Some(at(10)));
        timers.set(A, Some(at(50)));
        assert_eq!(timers.pop_due(at(20)), None);
        assert_eq!(timers.first(), Some(at(50)));
        timers.set(A, Some(at(30)));
        assert_eq!(timers.pop_due(at(30)), Some(A));
        assert_eq!(timers.pop_due(at(99)), None, "what was left of the old deadlines is gone");
        timers.set(A, Some(at(100)));
        timers.set(A, None);
        assert_eq!(timers.pop_due(at(200)), None);
        timers.set(A, Some(at(40)));
        timers.at_latest(A, at(60));
        assert_eq!(timers.pop_due(at(40)), Some(A));
    }
}
