//! Reading what was published.

use bongsu_sentinel_core::Event;

use super::World;

impl World {
    /// All events so far, one line each: milliseconds, sentinel, event, payload.
    pub(crate) fn transcript(&self) -> String {
        let line = |(at, site, e): &(u64, usize, Event)| format!("{at} s{site} {} {}\n", e.name, e.payload());
        self.events.iter().map(line).collect()
    }

    /// Names of the events of one sentinel, in order.
    pub(crate) fn names(&self, site: usize) -> Vec<&'static str> {
        self.events.iter().filter(|(_, s, _)| *s == site).map(|(_, _, e)| e.name).collect()
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.events.iter().filter(|(_, _, e)| e.name == name).count()
    }
}
