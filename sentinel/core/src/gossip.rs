//! Hello messages: telling who we are and what we hold to be true, and learning from others.

use crate::action::{HelloOut, Request, SaveNeed};
use crate::event::Level;
use crate::group::{Group, Peer, PeerEntry};
use crate::hello::Hello;
use crate::link::{Link, Owner, Purpose};
use crate::machine::{MAX_PEERS, Sentinel};
use crate::time::Time;
use crate::timers::Timer;
use crate::types::{Addr, Epoch, GroupId, LinkId, NodeId, RunId};

impl Sentinel {
    // --- telling --------------------------------------------------------------------------------------------------

    /// What we say of a group; nothing while it is not durable.
    fn hello_of(&self, group: &Group) -> Option<HelloOut> {
        self.may_be_told(group).then_some(())?;
        Some(HelloOut {
            current_epoch: self.durable_epoch(),
            group: group.name.clone(),
            master: self.master_of(group)?.addr.clone(),
            config_epoch: group.config_epoch,
        })
    }

    /// Sends a hello to a data node.
    pub(crate) fn greet_node(&mut self, now: Time, node: NodeId) -> bool {
        // A paused master would hold the message, and every later answer with it, until the pause ends.
        if self.is_paused(node) {
            return false;
        }
        let Some(n) = self.nodes.get(node) else { return false };
        let link = n.link.id;
        let Some(hello) = self.groups.get(n.group).and_then(|g| self.hello_of(g)) else { return false };
        let purpose = Purpose::Hello { group: n.group };
        self.send(now, link, purpose, Request::Hello(hello)).is_some()
    }

    /// Sends hellos to the peers when they are due.
    pub(crate) fn greet_peers_if_due(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        if group.next_peer_hello <= now {
            let period = self.peer_hello_period(now, group);
            self.greet_peers(now, id);
            if let Some(group) = self.groups.get_mut(id) {
                group.next_peer_hello = now + period;
            }
        }
    }

    fn greet_peers(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(hello) = self.hello_of(group) else { return };
        let links: Vec<LinkId> = group.peers.keys().filter_map(|p| self.peers.get(p).map(|p| p.link.id)).collect();
        for link in links {
            if self.room(link) {
                self.send(now, link, Purpose::Hello { group: id }, Request::Hello(hello.clone()));
            }
        }
    }

    /// Tells everybody at once, as after a switch.
    pub(crate) fn announce(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get_mut(id) else { return };
        group.announce_pending = false;
        group.next_peer_hello = now + self.tunables.publish_period;
        let members: Vec<NodeId> = group.members().collect();
        self.greet_peers(now, id);
        for node in members {
            self.greet_node(now, node);
        }
        self.handover_announced(now, id);
    }

    /// A hello was taken.
    pub(crate) fn on_greeted(&mut self, now: Time, link: LinkId, group: GroupId, sent: Time) {
        match self.links.get(link).copied() {
            Some(Owner::Node(_)) => {
                if let Some(l) = self.link_mut(link) {
                    // The first of those that no message has followed yet.
                    if l.unheard_since.is_none_or(|t| t <= l.last_message) {
                        l.unheard_since = Some(sent);
                    }
                }
            }
            Some(Owner::Peer(_)) if self.running(group).is_some() => {
                self.handover_peer_told(group, sent);
                self.run_group(now, group);
            }
            Some(Owner::Peer(_)) | None => {}
        }
    }

    // --- learning -------------------------------------------------------------------------------------------------

    pub(crate) fn on_hello(&mut self, now: Time, via: Option<LinkId>, hello: Hello) {
        if let Some(link) = via.and_then(|l| self.link_mut(l)) {
            link.last_message = now;
        }
        let is_credible = |epoch: Epoch| epoch.is_credible(self.current_epoch);
        if hello.run_id == self.my_id || !is_credible(hello.current_epoch) || !is_credible(hello.config_epoch) {
            return;
        }
        let Some(id) = self.group_of_hello(via, &hello) else { return };
        if !self.know_peer(now, id, &hello) {
            return;
        }
        self.raise_epoch(id, hello.current_epoch, false);
        if let Some(entry) = self.groups.get_mut(id).and_then(|g| g.peers.get_mut(&hello.run_id)) {
            entry.last_hello = now;
            entry.config = Some((hello.config_epoch, hello.master.clone()));
        }
        let newer = self.groups.get(id).is_some_and(|g| g.config_epoch < hello.config_epoch);
        if newer {
            self.adopt_config(now, id, hello.run_id, hello.config_epoch, &hello.master);
            self.run_group(now, id);
        } else {
            self.note_rivalry(now, id, &hello);
        }
    }

    /// The group that a hello speaks of: nearly always that of the node which carried it.
    fn group_of_hello(&self, via: Option<LinkId>, hello: &Hello) -> Option<GroupId> {
        let carrier = match via.and_then(|link| self.links.get(link)) {
            Some(Owner::Node(node)) => self.nodes.get(*node).and_then(|n| self.groups.get(n.group)),
            _ => None,
        };
        match carrier {
            Some(group) if group.name == hello.group => Some(group.id),
            _ => self.names.get(&hello.group).copied(),
        }
    }

    /// Files the sender, or its new address. False if it cannot be taken in.
    fn know_peer(&mut self, now: Time, id: GroupId, hello: &Hello) -> bool {
        let Some(group) = self.groups.get(id) else { return false };
        let known_here = group.peers.contains_key(&hello.run_id);
        let same_addr = self.peers.get(&hello.run_id).map(|p| p.addr.same_place(&hello.addr));
        if known_here && same_addr == Some(true) {
            return true;
        }
        if !known_here && group.peers.len() >= MAX_PEERS {
            return false;
        }
        self.evict_namesake(id, hello);
        if same_addr == Some(false) {
            self.move_peer(now, id, hello);
        }
        if !known_here {
            self.add_peer(now, id, hello.run_id, &hello.addr);
            if same_addr != Some(false) {
                self.tell_peer(id, hello.run_id, "+sentinel", Level::Notice, "");
            }
        }
        self.save(SaveNeed::Sometime);
        true
    }

    /// Another identity at the same address is one that was restarted with a new id: it is gone everywhere.
    fn evict_namesake(&mut self, id: GroupId, hello: &Hello) {
        let old: Vec<RunId> = self
            .peers
            .iter()
            .filter(|(run_id, p)| **run_id != hello.run_id && p.addr.same_place(&hello.addr))
            .map(|(run_id, _)| *run_id)
            .collect();
        for run_id in old {
            self.tell_peer(id, run_id, "+sentinel-invalid-addr", Level::Notice, "");
            let groups: Vec<GroupId> =
                self.peers.get(&run_id).map(|p| p.groups.iter().copied().collect()).unwrap_or_default();
            for group in groups {
                self.remove_peer(group, run_id);
            }
        }
    }

    fn move_peer(&mut self, now: Time, id: GroupId, hello: &Hello) {
        let shown = self.shown(&hello.addr);
        let detail = format!("ip {} port {} for {}", shown.host, shown.port, hello.run_id);
        self.tell_master(id, "+sentinel-address-switch", Level::Notice, detail);
        let Some(peer) = self.peers.get_mut(&hello.run_id) else { return };
        peer.addr = hello.addr.clone();
        let others = peer.groups.iter().filter(|g| **g != id).count();
        let link = peer.link.id;
        self.resolve_if_needed(&hello.addr);
        self.reconnect(now, link);
        self.tick_link(now, link);
        if others > 0 {
            let detail = format!("{others} additional matching instances");
            self.tell_peer(id, hello.run_id, "+sentinel-address-update", Level::Notice, detail);
        }
    }

    /// Files a peer in a group; its link is shared with the other groups that it watches.
    pub(crate) fn add_peer(&mut self, now: Time, id: GroupId, run_id: RunId, addr: &Addr) {
        let limit = self.options_of(id).map_or(self.tunables.default_down_after, |o| o.down_after);
        if let Some(peer) = self.peers.get_mut(&run_id) {
            peer.groups.insert(id);
            peer.link.limit = peer.link.limit.min(limit);
        } else {
            let owner = Owner::Peer(run_id);
            let link = self.links.add(owner);
            let groups = std::iter::once(id).collect();
            self.peers.insert(run_id, Peer { addr: addr.clone(), link: Link::new(now, link, owner, limit), groups });
            self.resolve_if_needed(addr);
            self.tick_link(now, link);
        }
        if let Some(group) = self.groups.get_mut(id) {
            group.peers.insert(run_id, PeerEntry::new(now));
            // It shall hear of us at once.
            group.next_peer_hello = now;
            self.timers.at_latest(Timer::Group(id), now);
        }
    }

    /// Forgets a peer in one group, and altogether with its last group.
    pub(crate) fn remove_peer(&mut self, id: GroupId, run_id: RunId) {
        if let Some(group) = self.groups.get_mut(id) {
            group.peers.remove(&run_id);
        }
        let Some(peer) = self.peers.get_mut(&run_id) else { return };
        peer.groups.remove(&id);
        let link = peer.link.id;
        if !peer.groups.is_empty() {
            self.refresh_limit(link);
        } else {
            self.peers.remove(&run_id);
            self.drop_link(link);
        }
    }
}
