//! Starts, crashes and the housekeeping of data nodes.

use bongsu_sentinel_core::RunId;

use crate::client::WriteId;
use crate::data::{Entry, Item, RestartKind, Upstream};
use crate::facts::Fact;
use crate::units::SEC;
use crate::world::{Job, Pid, World};

/// Crons between two keep-alives of the replication stream.
const KEEP_ALIVE_CRONS: u32 = 5;

impl World {
    pub(crate) fn data_crashed(&mut self, pid: Pid) {
        let node = self.data_mut(pid);
        node.upstream = Upstream::Down;
        node.replicas.clear();
        node.parked.clear();
        node.paused_until_us = None;
        node.loading = false;
        node.lie = None;
        node.slow_us = 0;
        node.kills += 1;
    }

    pub(crate) fn boot_data(&mut self, pid: Pid, kind: RestartKind) {
        let first = self.proc(pid).incarnation == 1;
        let fresh = RunId::from_bits(self.rng.bits160());
        let had_data = !self.data(pid).log.is_empty();
        self.data_mut(pid).run_id = RunId::from_bits(self.rng.bits160());
        match kind {
            RestartKind::Intact => {}
            RestartKind::TailLost(count) => self.lose_tail(pid, count),
            RestartKind::Empty => self.replace_dataset(pid, fresh, Vec::new(), 0),
            RestartKind::Foreign => self.become_foreign(pid, fresh),
        }
        let node = self.data_mut(pid);
        node.following = node.configured.clone();
        node.down_since_us = None;
        node.backlog_from = node.offset;
        let remembers = node.guarded && kind == RestartKind::Empty && (had_data || node.amnesiac);
        node.amnesiac = node.is_master() && (remembers || (node.amnesiac && node.log.is_empty()));
        if node.is_master() && matches!(kind, RestartKind::Intact | RestartKind::TailLost(_)) && !first {
            node.replid2 = Some((node.replid, node.offset + 1));
            node.replid = fresh;
        }
        if !self.data(pid).log.is_empty() {
            self.begin_loading(pid);
        }
        self.observe(&Fact::DataStarted { node: pid, kind });
        let incarnation = self.proc(pid).incarnation;
        self.at(0, Job::Cron { pid, incarnation });
    }

    fn lose_tail(&mut self, pid: Pid, count: usize) {
        let node = self.data_mut(pid);
        let keep = node.log.len().saturating_sub(count);
        node.log.truncate(keep);
        node.offset = node.log.last().map_or(0, |e| e.end);
        if node.replid2.is_some_and(|(_, until)| until > node.offset + 1) {
            node.replid2 = None;
        }
    }

    fn replace_dataset(&mut self, pid: Pid, replid: RunId, log: Vec<Entry>, offset: u64) {
        let node = self.data_mut(pid);
        node.replid = replid;
        node.replid2 = None;
        node.log = log;
        node.offset = offset;
    }

    fn become_foreign(&mut self, pid: Pid, replid: RunId) {
        let writes = self.rng.below(3000);
        let log = (1..=writes).map(|i| Entry { end: i * 100, write: WriteId::foreign(i) }).collect();
        self.replace_dataset(pid, replid, log, writes * 100);
        let node = self.data_mut(pid);
        node.configured = None;
        node.foreign = true;
    }

    pub(crate) fn cron(&mut self, pid: Pid) {
        if self.data(pid).is_master() {
            let node = self.data_mut(pid);
            node.crons += 1;
            if node.crons.is_multiple_of(KEEP_ALIVE_CRONS) && !node.replicas.is_empty() {
                self.feed(pid, 14, &Item::Nothing);
            }
        } else {
            self.check_upstream(pid);
        }
        let incarnation = self.proc(pid).incarnation;
        self.at(SEC, Job::Cron { pid, incarnation });
    }
}
