//! A node's `INFO` in the core's terms.

use std::time::Duration;

use bongsu_protocol::info::{NodeInfo, NodeRole, ReplicaState};
use bongsu_sentinel_core::{Addr, InfoReport, ReplicaLine, Role, RunId};

pub(super) fn report(info: &NodeInfo) -> InfoReport {
    let link = &info.master_link;
    let id = |text: &Option<String>| text.as_deref().and_then(RunId::parse);
    let offset = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
    InfoReport {
        run_id: id(&info.run_id),
        role: info.role.map(|role| match role {
            NodeRole::Master => Role::Master,
            NodeRole::Replica => Role::Replica,
        }),
        replicas: info.replicas.iter().filter_map(replica_line).collect(),
        master: link.host.as_deref().zip(link.port).and_then(|(host, port)| Addr::new(host, port)),
        master_link_up: link.up,
        master_link_down: offset(link.down_since_seconds).map(Duration::from_secs),
        never_synced: link.down_since_seconds == Some(-1),
        sync_in_progress: link.sync_in_progress,
        priority: info.replica_priority,
        replica_offset: offset(info.replica_offset),
        announced: info.replica_announced,
        replid: id(&info.master_replid),
        replid2: id(&info.master_replid2),
        second_offset: offset(info.second_repl_offset),
        master_offset: offset(info.master_repl_offset),
        keys: info.keys,
        loading: info.loading == Some(true),
        amnesiac: info.amnesiac,
        failover_in_progress: info.master_failover_state.as_deref().is_some_and(|state| state != "no-failover"),
    }
}

fn replica_line(line: &bongsu_protocol::info::ReplicaLine) -> Option<ReplicaLine> {
    Some(ReplicaLine {
        addr: Addr::new(&line.host, line.port)?,
        online: line.state == ReplicaState::Online,
        offset: line.offset.and_then(|n| u64::try_from(n).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_replica_that_never_synced_is_told_from_one_that_lost_its_link() {
        let text = |since: &str| {
            format!(
                "# Replication\r\nrole:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:down\r\n\
                 master_link_down_since_seconds:{since}\r\nslave_priority:10\r\nmaster_replid:{ID}\r\n"
            )
        };
        let never = report(&NodeInfo::parse(text("-1").as_bytes()));
        assert!(never.never_synced && never.master_link_down.is_none() && !never.master_link_up);
        assert_eq!(never.replid, RunId::parse(ID));
        assert_eq!(never.master, Addr::new("10.0.0.1", 6379));
        let lost = report(&NodeInfo::parse(text("7").as_bytes()));
        assert_eq!((lost.never_synced, lost.master_link_down), (false, Some(Duration::from_secs(7))));
    }

    #[test]
    fn only_amnesia_is_amnesia() {
        for (text, expected) in [("dataset_state:amnesia\r\n", true), ("dataset_state:ok\r\n", false), ("", false)] {
            assert_eq!(report(&NodeInfo::parse(text.as_bytes())).amnesiac, expected, "{text}");
        }
    }

    #[test]
    fn a_master_lists_its_replicas() {
        let text = "role:master\r\nrun_id:0123456789abcdef0123456789abcdef01234567\r\n\
                    slave0:ip=10.0.0.2,port=6380,state=online,offset=42,lag=0\r\n\
                    slave1:ip=10.0.0.3,port=6381,state=wait_bgsave,offset=0,lag=1\r\n";
        let got = report(&NodeInfo::parse(text.as_bytes()));
        let line = |ip: &str, port, online, offset| ReplicaLine { addr: Addr::new(ip, port).unwrap(), online, offset };
        assert_eq!(got.role, Some(Role::Master));
        assert_eq!(got.run_id, RunId::parse(ID));
        let want = vec![line("10.0.0.2", 6380, true, Some(42)), line("10.0.0.3", 6381, false, Some(0))];
        assert_eq!(got.replicas, want);
    }
}
