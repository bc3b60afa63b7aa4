//! Reading what was published.

use bongsu_sentinel_core::{Event, Subject};

use super::World;

impl World {
    /// What one sentinel published, one line each: the event, whom it is about, what it adds. Nodes go by their port,
    /// sentinels by their number.
    pub(crate) fn heard(&self, site: usize) -> Vec<String> {
        self.events.iter().filter(|(_, s, _)| *s == site).map(|(_, _, e)| self.brief(e)).collect()
    }

    /// Lines of `heard` that begin with one of these.
    pub(crate) fn heard_of(&self, site: usize, starts: &[&str]) -> Vec<String> {
        self.heard(site).into_iter().filter(|line| starts.iter().any(|s| line.starts_with(s))).collect()
    }

    fn brief(&self, event: &Event) -> String {
        let subject = match &event.subject {
            None => String::new(),
            Some(Subject::Master { addr, .. }) => format!(" master {}", addr.port),
            Some(Subject::Replica { addr, .. }) => format!(" slave {}", addr.port),
            Some(Subject::Sentinel { run_id, .. }) => {
                let site = self.sites.iter().position(|site| site.core.my_id() == *run_id);
                site.map_or_else(|| format!(" sentinel {run_id}"), |site| format!(" sentinel {site}"))
            }
        };
        let gap = if event.detail.is_empty() { "" } else { " " };
        format!("{}{subject}{gap}{}", event.name, event.detail)
    }

    /// What was published so far is of no interest.
    pub(crate) fn forget(&mut self) {
        self.events.clear();
        self.decisions.clear();
        self.told.clear();
        self.greeted.clear();
        self.pinged.clear();
        self.scripts.clear();
        self.cuts.clear();
        self.configured.clear();
    }

    /// All events so far, one line each: milliseconds, sentinel, event, payload.
    pub(crate) fn transcript(&self) -> String {
        let line = |(at, site, e): &(u64, usize, Event)| format!("{at} s{site} {} {}\n", e.name, e.payload());
        self.events.iter().map(line).collect()
    }

    /// Names of the events of one sentinel, in order.
    pub(crate) fn names(&self, site: usize) -> Vec<&'static str> {
        self.events.iter().filter(|(_, s, _)| *s == site).map(|(_, _, e)| e.name).collect()
    }

    /// How many heartbeats this address was sent.
    pub(crate) fn pinged(&self, port: u16) -> usize {
        self.pinged.get(&port).copied().unwrap_or(0)
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.events.iter().filter(|(_, _, e)| e.name == name).count()
    }
}
