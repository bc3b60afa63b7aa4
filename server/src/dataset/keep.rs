//! When the record is written.

use super::Lineage;
use super::record::{Durable, REPLICAS_MAX, Record};
use crate::config::Directive;
use crate::engine::Engine;
use crate::replication::{Replica, State};

/// How often it is looked whether something has changed, in microseconds.
const LOOK_EVERY_US: u64 = 100_000;

/// How often it is written, unless others rely on it.
const WRITE_EVERY_US: u64 = 1_000_000;

/// The number of keys has changed if it differs by one in so many.
const KEYS_SHARE: u64 = 16;

impl Engine {
    /// Keys in all databases.
    pub(crate) fn keys(&self) -> u64 {
        (0..self.shard.databases()).map(|db| self.shard.db(db).len() as u64).sum()
    }

    /// Does what is due: to be called after every turn.
    pub(crate) fn tend_dataset(&mut self) {
        if self.is_incomplete() {
            return;
        }
        if self.dataset.lineage.is_none() && self.changes > 0 {
            self.own_dataset();
        }
        let dataset = &mut self.dataset;
        if !dataset.is_urgent && self.clock.now_us < dataset.looked_us + LOOK_EVERY_US {
            return;
        }
        dataset.looked_us = self.clock.now_us;
        self.tend_doubt();
        self.tend_previous();
        self.remember_replicas();
        self.write_if_changed();
    }

    /// Which data are here, for replicas. What a master has gets a name with the first write, or when somebody asks.
    pub(crate) fn own_dataset(&mut self) -> Option<Lineage> {
        if self.dataset.lineage.is_none() && self.following.is_none() && !self.dataset.is_in_doubt() {
            self.dataset.lineage = Some(Lineage::random());
        }
        self.dataset.lineage
    }

    /// The replicas that are here are remembered.
    fn remember_replicas(&mut self) {
        // Tools that read the stream tell no port.
        let is_server = |replica: &&Replica| replica.state == State::Online && replica.about.port != 0;
        for replica in self.master.replicas().iter().filter(is_server) {
            let (host, port) = (replica.host(), replica.about.port);
            let known = &mut self.dataset.replicas;
            if known.iter().any(|(known, its_port)| (known.as_str(), *its_port) == (host, port)) {
                continue;
            }
            if known.len() >= REPLICAS_MAX {
                known.remove(0);
            }
            known.push((host.to_owned(), port));
            self.dataset.is_urgent = true;
        }
    }

    fn write_if_changed(&mut self) {
        self.complain_of_keeper();
        let is_urgent = std::mem::take(&mut self.dataset.is_urgent);
        if self.dataset.is_held && !self.is_cut_off() {
            self.dataset.is_held = false;
        }
        if self.dataset.is_held || self.dataset.is_in_doubt() {
            return;
        }
        let (now_us, record) = (self.clock.now_us, self.record(false));
        let dataset = &mut self.dataset;
        if dataset.written.as_ref().is_some_and(|before| before.is_like(&record)) {
            return;
        }
        if !is_urgent && dataset.written.is_some() && now_us < dataset.written_us + WRITE_EVERY_US {
            return;
        }
        self.write_record(record);
    }

    fn write_record(&mut self, record: Record) {
        let Some(path) = self.config.path(Directive::NodeStateFile) else { return };
        let Some(keeper) = &self.dataset.keeper else { return };
        keeper.write(path, record.to_text());
        self.dataset.written = Some(record);
        self.dataset.written_us = self.clock.now_us;
    }

    /// At the end: everything that is to be kept is on disk.
    pub(crate) fn close_record(&mut self) {
        if !self.dataset.is_held && !self.dataset.is_in_doubt() {
            self.remember_replicas();
            self.write_record(self.record(true));
        }
        if let Some(keeper) = &self.dataset.keeper {
            keeper.settle();
        }
        self.complain_of_keeper();
    }

    fn record(&self, is_clean: bool) -> Record {
        let keys = self.keys();
        let log = self.aof.as_ref().filter(|aof| !aof.needs_base());
        let of_log = log.map(|_| Durable { keys, offset: self.history.offset });
        Record {
            dataset: self.dataset.lineage,
            replid: self.history.id.clone(),
            offset: self.history.offset,
            keys,
            durable: of_log.or(self.dataset.durable),
            master: self.following.as_ref().map(|following| (following.host.clone(), following.port)),
            synced_with: self.synced_with.clone(),
            replicas: self.dataset.replicas.clone(),
            is_clean,
            kept_until_s: self.dataset.previous.until_s,
        }
    }

    fn complain_of_keeper(&mut self) {
        let failure = self.dataset.keeper.as_ref().and_then(super::Keeper::failure);
        if failure != self.dataset.failure {
            if let Some(failure) = &failure {
                self.log.warning(format_args!("What this server knows of itself cannot be written: {failure}"));
            }
            self.dataset.failure = failure;
        }
    }

    /// A snapshot of what is here now begins.
    pub(crate) fn note_snapshot_begun(&mut self) {
        self.dataset.saving = Some(Durable { keys: self.keys(), offset: self.history.offset });
    }

    /// It is on disk.
    pub(crate) fn note_snapshot_saved(&mut self) {
        self.dataset.durable = self.dataset.saving.take();
        if self.dataset.durable.is_some() {
            self.note_saved(false);
        }
        self.dataset.hurry();
    }

    /// The data are those of another server from now on.
    pub(crate) fn note_taken_over(&mut self) {
        // A snapshot under way is of other data.
        (self.dataset.durable, self.dataset.saving) = (None, None);
        self.dataset.lineage = None;
        self.dataset.hurry();
    }
}

impl Record {
    /// What differs does not matter.
    fn is_like(&self, other: &Self) -> bool {
        let is_about =
            self.keys.abs_diff(other.keys) <= self.keys / KEYS_SHARE && (self.keys == 0) == (other.keys == 0);
        let keys = |durable: Option<Durable>| durable.map(|durable| (durable.keys == 0, durable.offset));
        let rest = |record: &Self| Self { keys: 0, durable: None, ..record.clone() };
        is_about && keys(self.durable) == keys(other.durable) && rest(self) == rest(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_keys_more_or_less_do_not_matter() {
        let record = |keys| Record { keys, ..Record::empty() };
        assert!(record(160).is_like(&record(170)) && record(160).is_like(&record(150)));
        assert!(!record(160).is_like(&record(171)) && !record(0).is_like(&record(1)) && !record(1).is_like(&record(0)));
        assert!(!record(1).is_like(&Record { offset: 1, ..record(1) }));
    }
}
