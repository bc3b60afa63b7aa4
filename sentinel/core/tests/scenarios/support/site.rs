//! Sentinels: their processes, and their disks.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sentinel_core::{
    Addr, Channel, Durable, Input, LinkFailure, LinkId, RunId, SaveSeq, Sentinel, Setup, Time, Tunables,
};

use super::World;
use super::network::Due;

pub(super) struct Site {
    pub(super) core: Sentinel,
    /// Where its peers reach it.
    pub(super) port: u16,
    pub(super) links: BTreeMap<LinkId, Addr>,
    pub(super) live: BTreeSet<(LinkId, Channel)>,
    pub(super) up: bool,
    /// It stands still before this time.
    pub(super) paused_until: u64,
    pub(super) disk: Durable,
    /// On the way to the disk; lost if the process dies first.
    pub(super) saving: BTreeMap<SaveSeq, Durable>,
    pub(super) disk_fails: bool,
}

impl Site {
    pub(super) fn boot(disk: Durable, port: u16, now: u64) -> Self {
        let setup = Setup {
            my_id: disk.my_id,
            current_epoch: disk.current_epoch,
            groups: disk.groups.clone(),
            tunables: Tunables::default(),
            announce_hostnames: false,
            seed: 7,
        };
        Self {
            core: Sentinel::new(Time::from_ms(now), setup),
            port,
            links: BTreeMap::new(),
            live: BTreeSet::new(),
            up: true,
            paused_until: 0,
            disk,
            saving: BTreeMap::new(),
            disk_fails: false,
        }
    }
}

impl World {
    pub(crate) fn kill_sentinel(&mut self, site: usize) {
        self.sites[site].up = false;
        let port = self.sites[site].port;
        self.break_links_to(port, LinkFailure::Closed);
        for n in self.nodes.values_mut() {
            n.subscribers.retain(|(s, _)| *s != site);
        }
    }

    /// Starts a killed sentinel from its disk.
    pub(crate) fn restart_sentinel(&mut self, site: usize) {
        let disk = self.sites[site].disk.clone();
        self.boot(site, disk);
    }

    /// Starts a killed sentinel from its disk, but with another identity.
    pub(crate) fn restart_sentinel_as(&mut self, site: usize, my_id: RunId) {
        let disk = Durable { my_id, ..self.sites[site].disk.clone() };
        self.boot(site, disk);
    }

    /// Starts a killed sentinel from its disk, at another address.
    pub(crate) fn restart_sentinel_at(&mut self, site: usize, port: u16) {
        self.sites[site].port = port;
        self.restart_sentinel(site);
    }

    fn boot(&mut self, site: usize, disk: Durable) {
        self.sites[site] = Site::boot(disk, self.sites[site].port, self.now);
        self.drain(site);
    }

    /// Epoch of the configuration that a restart would find.
    pub(crate) fn config_epoch_on_disk(&self, site: usize) -> u64 {
        self.sites[site].disk.groups[0].config_epoch.0
    }

    pub(crate) fn fail_disk(&mut self, site: usize, fails: bool) {
        self.sites[site].disk_fails = fails;
    }

    /// Keeps a sentinel from running; its inputs pile up.
    pub(crate) fn pause_sentinel_for(&mut self, site: usize, ms: u64) {
        self.sites[site].paused_until = self.now + ms;
        self.run_for(ms);
    }

    pub(super) fn save(&mut self, site: usize, seq: SaveSeq) {
        let input = if self.sites[site].disk_fails {
            Input::SaveFailed { seq }
        } else {
            let state = self.sites[site].core.durable();
            self.sites[site].saving.insert(seq, state);
            Input::Saved { seq }
        };
        self.push(self.now + self.save_ms, Due::Input(site, input));
    }
}
