//! What the world should know of a group, and when it has changed.
//!
//! Whatever keeps records of a group outside the sentinels is told by [`Action::Configured`] that there is something new, and reads it
//! with [`Sentinel::configuration`]. Nothing here waits for it.

use crate::action::{Action, SaveNeed};
use crate::group::{Group, Node};
use crate::machine::Sentinel;
use crate::types::{Addr, Epoch, GroupId, GroupName, RunId};

/// How a configuration came to be, or what has changed in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Configured {
    /// The group is watched from now on: at the start with what is remembered of it, later as an operator says.
    Monitored,
    /// A failover that we led has a new master. Told at the moment of the promotion, before the configuration is durable.
    Led {
        /// Nothing was lost in it: the old master was reachable and stood still.
        planned: bool,
    },
    /// A peer told us of a newer configuration, which may name the same master.
    Adopted {
        /// The peer.
        from: RunId,
    },
    /// We gave the same master a higher epoch.
    Renewed,
    /// The configuration that was told of before may now be relied upon by others. Not told where it was durable from the start.
    Durable,
    /// The master is the same under the same epoch; members came or went, or have another address or run id. At most once per input.
    Members,
    /// The group is watched no more, and has no configuration.
    Removed,
}

/// A data node, as the world should know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Its address, with its host as it was written and its IP as far as it is known.
    pub addr: Addr,
    /// Its run id, as soon as it has said it.
    pub run_id: Option<RunId>,
    /// We hold it to be down.
    pub is_sdown: bool,
}

/// What the world should know of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Configuration {
    /// The group.
    pub group: GroupName,
    /// The epoch under which the master was configured.
    pub epoch: Epoch,
    /// Others may rely on the epoch: it is on disk, or the disk fails and there is nothing to wait for, as with hellos.
    pub is_durable: bool,
    /// The master.
    pub master: Member,
    /// The replicas, in the order in which they became known.
    pub replicas: Vec<Member>,
    /// Our place among the sentinels of the group that we hold to be alive, ourselves included, by run id; from 0.
    pub rank: u32,
    /// How many these are.
    pub alive: u32,
}

impl Sentinel {
    /// What the world should know of a group; `None` if the group is gone.
    pub fn configuration(&self, id: GroupId) -> Option<Configuration> {
        let group = self.groups.get(id)?;
        let master = self.master_of(group)?;
        let replicas = group.replicas.iter().filter_map(|r| self.nodes.get(*r));
        let alive = group.peers.iter().filter(|(peer, entry)| self.is_alive(**peer, entry)).count();
        Some(Configuration {
            group: group.name.clone(),
            epoch: group.config_epoch,
            is_durable: self.may_be_told(group),
            master: Member::of(master),
            replicas: replicas.map(|n| Member::of(n)).collect(),
            rank: self.rank(group),
            alive: u32::try_from(alive).unwrap_or(u32::MAX).saturating_add(1),
        })
    }

    /// The group's configuration is durable, or cannot be made so at present.
    pub(crate) fn may_be_told(&self, group: &Group) -> bool {
        self.saves.covers(group.config_saved_by) || self.saves.is_failing()
    }

    /// The group has another configuration.
    pub(crate) fn tell_configured(&mut self, id: GroupId, how: Configured) {
        // Whoever reads it sees the members too.
        self.changed.remove(&id);
        self.actions.push_back(Action::Configured { group: id, how });
    }

    /// A configuration that was told of before it was durable.
    pub(crate) fn tell_durable(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(id) else { return };
        if std::mem::take(&mut group.durable_pending) {
            self.tell_configured(id, Configured::Durable);
        }
    }

    /// Members of the group are not what they were before this input.
    pub(crate) fn note_members(&mut self, id: GroupId) {
        self.changed.insert(id);
    }

    /// Tells of the members that the present input has changed.
    pub(crate) fn tell_members(&mut self) {
        while let Some(id) = self.changed.pop_first() {
            if self.groups.contains(id) {
                self.actions.push_back(Action::Configured { group: id, how: Configured::Members });
            }
        }
    }

    /// A new configuration: other sentinels are told once it is durable.
    pub(crate) fn note_new_config(&mut self, id: GroupId, tell: bool) {
        let seq = self.save(SaveNeed::Group(id));
        if let Some(group) = self.groups.get_mut(id) {
            group.config_saved_by = seq;
            group.announce_pending |= tell;
            group.durable_pending = true;
        }
    }
}

impl Member {
    pub(crate) fn of(node: &Node) -> Self {
        Self { addr: node.addr.clone(), run_id: node.info.run_id, is_sdown: node.down.is_down() }
    }
}
