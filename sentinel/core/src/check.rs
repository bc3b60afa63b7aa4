//! Assertions on the machine's own state, in release builds too: a sentinel that contradicts itself must not decide.

use crate::machine::Sentinel;

impl Sentinel {
    /// Checked after every input. Cheap: it looks at counts, not at every member.
    pub(crate) fn check(&self) {
        assert_eq!(self.names.len(), self.groups.len(), "every group has one name");
        assert_eq!(self.links.len(), self.nodes.len() + self.peers.len(), "every link has one owner");
        assert!(self.durable_epoch() <= self.current_epoch, "what is durable was current once");
    }

    /// Checks one group thoroughly. For tests and the simulator.
    pub fn audit(&self, name: &str) {
        let Some(group) = self.group_by_name(name) else { return };
        assert!(!group.replicas.contains(&group.master), "a master is no replica of its group");
        assert!(group.leader_epoch <= self.current_epoch, "a vote is given in a known epoch");
        assert!(group.members().all(|id| self.nodes.get(id).is_some_and(|n| n.group == group.id)), "members are nodes");
        assert!(
            group.peers.keys().all(|p| self.peers.get(p).is_some_and(|p| p.groups.contains(&group.id))),
            "peers know their groups"
        );
        if let Some(f) = &group.failover {
            assert!(f.epoch <= self.current_epoch, "a failover has a known epoch");
            assert!(f.candidate.is_none_or(|c| self.nodes.contains(c)), "a candidate is a node");
        }
    }
}
