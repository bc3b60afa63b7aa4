//! What a node says of itself, and the ways in which it says it wrong.

use std::time::Duration;

use bongsu_sentinel_core::{Addr, InfoReport, ReplicaLine, Role};

use crate::data::{DataNode, Upstream};
use crate::units::SEC;
use crate::world::{Pid, World};

/// A wrong INFO.
#[derive(Clone, Debug)]
pub(crate) enum Lie {
    /// The same old report again and again.
    Stale(Box<InfoReport>),
    /// Written by an old server: no replication ids, no key counts.
    Terse,
    /// An offset that is too high by this much.
    Boast(u64),
    /// The other role.
    WrongRole,
}

impl World {
    /// The report as sent, lies included.
    pub(crate) fn info(&self, pid: Pid) -> InfoReport {
        let node = self.data(pid);
        let mut report = self.true_info(pid);
        match &node.lie {
            None => {}
            Some(Lie::Stale(old)) => report = (**old).clone(),
            Some(Lie::Terse) => {
                report.replid = None;
                report.replid2 = None;
                report.second_offset = None;
                report.keys = None;
            }
            Some(Lie::Boast(by)) => {
                report.replica_offset = report.replica_offset.map(|o| o + by);
                report.master_offset = report.master_offset.map(|o| o + by);
            }
            Some(Lie::WrongRole) => {
                report.role = match report.role {
                    Some(Role::Master) => Some(Role::Replica),
                    _ => Some(Role::Master),
                };
            }
        }
        report
    }

    pub(crate) fn true_info(&self, pid: Pid) -> InfoReport {
        let node = self.data(pid);
        let replicas = node.replicas.iter().filter_map(|(conn, r)| {
            let replica = self.net.conn(*conn).client()?;
            Some(ReplicaLine { addr: self.proc(replica).addr.clone(), online: r.online, offset: Some(r.acked) })
        });
        let mut report = InfoReport {
            run_id: Some(node.run_id),
            role: Some(if node.is_master() { Role::Master } else { Role::Replica }),
            replicas: replicas.collect(),
            replid: Some(node.replid),
            replid2: node.replid2.map(|(id, _)| id),
            second_offset: node.replid2.map(|(_, at)| at),
            master_offset: Some(node.offset),
            keys: Some(node.log.len() as u64),
            loading: node.loading,
            amnesiac: node.amnesiac,
            ..InfoReport::default()
        };
        if let Some(master) = &node.following {
            self.add_replica_part(node, master, &mut report);
        }
        report
    }

    fn add_replica_part(&self, node: &DataNode, master: &Addr, report: &mut InfoReport) {
        report.master = Some(master.clone());
        report.master_link_up = node.link_up();
        report.sync_in_progress = matches!(node.upstream, Upstream::Transfer(_));
        report.priority = Some(node.priority);
        // A server that has no history yet says 1.
        report.replica_offset = Some(node.offset.max(u64::from(!node.link_up())));
        report.announced = Some(true);
        if !node.link_up() {
            report.never_synced = node.down_since_us.is_none();
            let whole_seconds = |since: u64| Duration::from_secs(self.now_us.saturating_sub(since) / SEC);
            report.master_link_down = node.down_since_us.map(whole_seconds);
        }
    }
}
