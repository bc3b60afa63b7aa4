//! TILT: this process stood still, so what it believes to have observed is void.
//!
//! Sentinel stops acting for 30 s whenever its wall clock jumps. Here time is monotonic, so only a real pause counts, and only
//! our own observations are void: silence is counted anew, and after two heartbeats everything that still does not answer is
//! known to be silent again. TILT stays visible on the wire (`+tilt`, INFO, the vote call's first element).

use std::time::Duration;

use crate::event::{Event, Level};
use crate::machine::Sentinel;
use crate::reason::Reason;
use crate::time::Time;
use crate::timers::Timer;
use crate::view::TiltView;

/// Heartbeats after which observations are trusted again.
const HEARTBEATS_TO_TRUST: u32 = 2;

#[derive(Debug, Default)]
pub(crate) struct Tilt {
    since: Option<Time>,
    total: u64,
}

impl Tilt {
    pub(crate) const fn is_on(&self) -> bool {
        self.since.is_some()
    }
}

impl Sentinel {
    /// A deadline served much too late means that the process was paused.
    pub(crate) fn detect_pause(&mut self, now: Time) {
        let Some(due) = self.timers.first() else { return };
        let stalled = now.since(due);
        if stalled > self.tunables.tilt_trigger {
            self.begin_tilt(now, stalled);
        }
    }

    fn begin_tilt(&mut self, now: Time, stalled: Duration) {
        let until = now + self.tunables.tilt_period.min(self.tunables.ping_period * HEARTBEATS_TO_TRUST);
        self.tilt.since.get_or_insert(now);
        self.tilt.total += 1;
        self.timers.set(Timer::Tilt, Some(until));
        self.publish(Event::plain("+tilt", Level::Warning, "#tilt mode entered"));
        for node in self.nodes.values_mut() {
            node.link.forgive(now);
            node.writes.forgive(now);
        }
        for peer in self.peers.values_mut() {
            peer.link.forgive(now);
        }
        let groups: Vec<_> = self.groups.ids().collect();
        for id in groups {
            self.forgive_doubt(now, id);
            self.record(now, id, Reason::Paused { stalled });
        }
    }

    pub(crate) fn end_tilt(&mut self, now: Time) {
        if self.tilt.since.take().is_some() {
            self.publish(Event::plain("-tilt", Level::Warning, "#tilt mode exited"));
            let groups: Vec<_> = self.groups.ids().collect();
            for group in groups {
                self.run_group(now, group);
            }
        }
    }

    /// The state of TILT.
    pub const fn tilt(&self) -> TiltView {
        TiltView { since: self.tilt.since, total: self.tilt.total }
    }
}
