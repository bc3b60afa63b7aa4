//! The clients of the node that a failover of ours took the place from.
//!
//! Its demotion cuts them. Where the group is published outside the sentinels (a DNS name, a key of a store), some of them look there
//! before the new master stands there, and come back to the old address. They are cut once more when it does, unless the demotion
//! itself came later than that. Only the leader does this; a leader that dies meanwhile leaves them to their own errors, since a
//! demoted node refuses their writes.

use crate::action::Request;
use crate::group::Group;
use crate::input::Reply;
use crate::link::{Owner, Purpose};
use crate::machine::Sentinel;
use crate::reason::Reason;
use crate::time::Time;
use crate::types::{Epoch, GroupId, LinkId, NodeId, RequestId, Role};

/// The master before the present one, until its clients need no more attention.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Displaced {
    node: NodeId,
    /// The epoch of the configuration that took its place from it.
    epoch: Epoch,
    /// It was asked then what it is: what it said before is outdated, as somebody may have promoted it again.
    asked: Option<RequestId>,
}

impl Group {
    /// Whatever shows the world the group's master shows at least the configuration of this epoch. True also if there is nothing that
    /// would show it.
    pub(crate) fn is_published(&self, epoch: Epoch) -> bool {
        !self.options.published || self.published >= epoch
    }
}

impl Sentinel {
    /// Our failover put another one in this node's place.
    pub(crate) fn displace(&mut self, id: GroupId, node: NodeId, epoch: Epoch) {
        if let Some(group) = self.groups.get_mut(id).filter(|g| g.options.published) {
            group.displaced = Some(Displaced { node, epoch, asked: None });
        }
    }

    /// All that shows the world where the group's master is shows the configuration of this epoch.
    pub(crate) fn on_published(&mut self, now: Time, id: GroupId, epoch: Epoch) {
        let Some(group) = self.groups.get_mut(id) else { return };
        group.published = group.published.max(epoch.min(group.config_epoch));
        let displaced = group.displaced.filter(|d| group.is_published(d.epoch));
        if let Some(link) = displaced.and_then(|d| self.nodes.get(d.node)).map(|n| n.link.id) {
            let asked = self.info_now(now, link);
            if let Some(displaced) = self.groups.get_mut(id).and_then(|g| g.displaced.as_mut()) {
                displaced.asked = asked;
            }
        }
        self.run_group(now, id);
    }

    /// A node was told to follow the master, and its clients are cut with that.
    pub(crate) fn displaced_is_told(&mut self, id: GroupId, node: NodeId) {
        let Some(group) = self.groups.get_mut(id) else { return };
        // Who comes back after a cut that follows the publication has not looked there.
        if group.displaced.is_some_and(|d| d.node == node && group.is_published(d.epoch)) {
            group.displaced = None;
        }
    }

    /// A replica has said what it is, whoever may have told it to be that.
    pub(crate) fn displaced_says(&mut self, now: Time, id: GroupId, node: NodeId, request: RequestId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(Displaced { epoch, asked, .. }) = group.displaced.filter(|d| d.node == node) else { return };
        let Some(n) = self.nodes.get(node) else { return };
        let follows = n.info.role == Some(Role::Replica) && !self.follows_wrong_master(group, n);
        let is_news = asked.is_none_or(|asked| request >= asked);
        if !follows || !is_news || group.master == node || !group.is_published(epoch) || self.tilt.is_on() {
            return;
        }
        let link = n.link.id;
        // One that is lost with its connection is followed by another.
        if !n.link.has_pending(|p| p.purpose == Purpose::Cut) {
            self.send(now, link, Purpose::Cut, Request::CutClients);
        }
    }

    /// Its clients are cut, or cannot be.
    pub(crate) fn on_cut_reply(&mut self, now: Time, link: LinkId, reply: &Reply) {
        let Some(Owner::Node(node)) = self.links.get(link).copied() else { return };
        let Some((id, addr)) = self.nodes.get(node).map(|n| (n.group, n.addr.clone())) else { return };
        let Some(group) = self.groups.get_mut(id) else { return };
        let Some(Displaced { epoch, .. }) = group.displaced.take_if(|d| d.node == node) else { return };
        if *reply == Reply::Done {
            self.record(now, id, Reason::ClientsCut { addr, epoch });
        }
    }
}
