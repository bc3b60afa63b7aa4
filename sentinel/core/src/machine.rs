//! The machine: its state, its one entry for inputs, and the helpers that every concern uses.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::action::{Action, Request};
use crate::event::{Event, Level, Shown, Subject};
use crate::group::{Down, Group, Lineage, Node, Peer};
use crate::hooks::HookPlans;
use crate::input::Input;
use crate::lease::Lease;
use crate::link::{Link, Owner, Pending, Purpose};
use crate::options::{GroupOptions, Setup, SimulatedFailures, Tunables};
use crate::reason::{Decision, Reason};
use crate::rng::Rng;
use crate::save::Saves;
use crate::slots::Slots;
use crate::tilt::Tilt;
use crate::time::Time;
use crate::timers::{Timer, Timers};
use crate::types::{Addr, Epoch, GroupId, GroupName, LinkId, NodeId, RequestId, Role, RunId};
use crate::writes::Writes;

/// Replicas followed per group. A master reporting more is misbehaving or beyond what one group is for.
pub(crate) const MAX_REPLICAS: usize = 256;

/// Peers followed per group. Every one of them adds to the majority, so strangers must not be able to add many.
pub(crate) const MAX_PEERS: usize = 64;

/// One sentinel. See the crate documentation for the contract.
#[derive(Debug)]
pub struct Sentinel {
    pub(crate) my_id: RunId,
    pub(crate) current_epoch: Epoch,
    pub(crate) announce_hostnames: bool,
    pub(crate) tunables: Tunables,
    pub(crate) simulated: SimulatedFailures,
    pub(crate) groups: Slots<GroupId, Box<Group>>,
    pub(crate) names: BTreeMap<GroupName, GroupId>,
    pub(crate) nodes: Slots<NodeId, Box<Node>>,
    pub(crate) peers: BTreeMap<RunId, Peer>,
    pub(crate) links: Slots<LinkId, Owner>,
    pub(crate) timers: Timers,
    pub(crate) actions: VecDeque<Action>,
    /// Groups whose members the present input has changed.
    pub(crate) changed: BTreeSet<GroupId>,
    pub(crate) saves: Saves,
    pub(crate) tilt: Tilt,
    pub(crate) hooks: HookPlans,
    pub(crate) rng: Rng,
    next_request: u64,
    last_now: Time,
}

impl Sentinel {
    /// A sentinel that begins to watch what `setup` names. Its first actions are waiting to be drained.
    pub fn new(now: Time, setup: Setup) -> Self {
        let mut me = Self {
            my_id: setup.my_id,
            current_epoch: setup.current_epoch,
            announce_hostnames: setup.announce_hostnames,
            tunables: setup.tunables,
            simulated: SimulatedFailures::default(),
            groups: Slots::default(),
            names: BTreeMap::new(),
            nodes: Slots::default(),
            peers: BTreeMap::new(),
            links: Slots::default(),
            timers: Timers::default(),
            actions: VecDeque::new(),
            changed: BTreeSet::new(),
            saves: Saves::new(setup.current_epoch),
            tilt: Tilt::default(),
            hooks: HookPlans::default(),
            rng: Rng::new(setup.seed),
            next_request: 0,
            last_now: now,
        };
        for spec in setup.groups {
            // A name that stands twice was refused by the configuration; the first one wins here.
            let _ = me.add_group(now, spec);
        }
        me
    }

    /// Takes one input. Drain [`Self::poll_action`] afterwards.
    pub fn handle(&mut self, now: Time, input: Input) {
        let now = self.advance(now);
        match input {
            Input::Tick => {}
            Input::Connected { link, channel } => self.on_connected(now, link, channel),
            Input::Disconnected { link, channel, cause } => self.on_disconnected(now, link, channel, cause),
            Input::Reply { link, id, reply } => self.on_reply(now, link, id, reply),
            Input::Hello { via, hello } => self.on_hello(now, via, hello),
            Input::VoteCall { call, addr, epoch, candidate } => self.on_vote_call(now, call, &addr, epoch, candidate),
            Input::Saved { seq } => self.on_saved(now, seq),
            Input::SaveFailed { seq } => self.on_save_failed(now, seq),
            Input::Resolved { host, ip } => self.on_resolved(now, &host, ip),
            Input::Published { group, epoch } => self.on_published(now, group, epoch),
            Input::HooksAnswered { group, epoch, verdict } => self.on_hooks_answered(now, group, epoch, &verdict),
        }
        self.settle(now);
    }

    /// The next thing to do, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Input::Tick`] is due.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.timers.first()
    }

    /// The time of the input being handled.
    pub(crate) const fn present(&self) -> Time {
        self.last_now
    }

    /// Notes the passing of time before anything else happens: a pause of this process must be known before its
    /// consequences are believed.
    pub(crate) fn advance(&mut self, now: Time) -> Time {
        let now = now.max(self.last_now);
        self.last_now = now;
        self.detect_pause(now);
        now
    }

    /// Serves all deadlines that are due.
    pub(crate) fn settle(&mut self, now: Time) {
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                Timer::Tilt => self.end_tilt(now),
                Timer::Link(link) => self.tick_link(now, link),
                Timer::Group(group) => self.run_group(now, group),
            }
        }
        self.tell_members();
        self.check();
    }

    /// Re-evaluates everything that concerns one group, and sets its next deadline.
    pub(crate) fn run_group(&mut self, now: Time, id: GroupId) {
        if !self.groups.contains(id) {
            return;
        }
        if self.tilt.is_on() {
            // Its end looks at every group.
            self.timers.set(Timer::Group(id), None);
            return;
        }
        self.check_doubt(now, id);
        self.check_members(now, id);
        self.check_odown(now, id);
        self.step_rivalry(now, id);
        self.start_failover_if_due(now, id);
        self.step_failover(now, id);
        self.ask_peers(now, id);
        self.greet_peers_if_due(now, id);
        self.schedule_group(now, id);
    }

    fn schedule_group(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let next = [
            self.next_member_deadline(now, group),
            self.next_ask(group),
            self.next_failover_deadline(group),
            self.next_rivalry_deadline(group),
            self.next_doubt_deadline(group),
            Some(group.next_peer_hello),
        ];
        // A deadline in the past would spin: what could be done now has been done above.
        let at = next.into_iter().flatten().min().map(|t| t.max(now + Duration::from_millis(1)));
        self.timers.set(Timer::Group(id), at);
    }

    // --- identity -------------------------------------------------------------------------------------------------

    /// Adds a data node to a group; the caller files it as master or replica.
    pub(crate) fn add_node(&mut self, now: Time, group: GroupId, addr: Addr, role: Role) -> NodeId {
        let id = self.nodes.next_id();
        let link = self.links.add(Owner::Node(id));
        self.resolve_if_needed(&addr);
        let limit = self.options_of(group).map_or(self.tunables.default_down_after, |o| o.down_after);
        let node = Node {
            id,
            group,
            addr,
            link: Link::new(now, link, Owner::Node(id), limit),
            info: Box::default(),
            info_at: None,
            role_reported: role,
            role_reported_since: now,
            master_reported_since: now,
            down: Down::default(),
            rebooting_since: None,
            script_kill_sent: false,
            last_repointed: None,
            is_replaced_master: false,
            demotion: None,
            writes: Writes::default(),
        };
        self.nodes.add(Box::new(node));
        self.tick_link(now, link);
        id
    }

    pub(crate) fn drop_node(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.remove(id) {
            self.drop_link(node.link.id);
        }
    }

    pub(crate) fn drop_link(&mut self, link: LinkId) {
        self.links.remove(link);
        self.timers.set(Timer::Link(link), None);
        self.actions.push_back(Action::DropLink { link });
    }

    pub(crate) fn resolve_if_needed(&mut self, addr: &Addr) {
        if addr.is_name() {
            self.actions.push_back(Action::Resolve { host: addr.host().into() });
        }
    }

    // --- looking things up ----------------------------------------------------------------------------------------

    pub(crate) fn link(&self, id: LinkId) -> Option<&Link> {
        match self.links.get(id)? {
            Owner::Node(node) => self.nodes.get(*node).map(|n| &n.link),
            Owner::Peer(peer) => self.peers.get(peer).map(|p| &p.link),
        }
    }

    pub(crate) fn link_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        match self.links.get(id)? {
            Owner::Node(node) => self.nodes.get_mut(*node).map(|n| &mut n.link),
            Owner::Peer(peer) => self.peers.get_mut(peer).map(|p| &mut p.link),
        }
    }

    pub(crate) fn group_by_name(&self, name: &str) -> Option<&Group> {
        self.names.get(name).and_then(|id| self.groups.get(*id)).map(Box::as_ref)
    }

    /// The master node of a group.
    pub(crate) fn master_of(&self, group: &Group) -> Option<&Node> {
        self.nodes.get(group.master).map(Box::as_ref)
    }

    /// The group's node at this place, master or replica.
    pub(crate) fn node_at(&self, group: &Group, addr: &Addr) -> Option<NodeId> {
        group.members().find(|id| self.nodes.get(*id).is_some_and(|n| n.addr.same_place(addr)))
    }

    pub(crate) fn options_of(&self, group: GroupId) -> Option<&GroupOptions> {
        self.groups.get(group).map(|g| &g.options)
    }

    /// Groups that a link serves.
    pub(crate) fn groups_of_link(&self, link: LinkId) -> Vec<GroupId> {
        match self.links.get(link) {
            Some(Owner::Node(node)) => self.nodes.get(*node).map(|n| n.group).into_iter().collect(),
            Some(Owner::Peer(peer)) => {
                self.peers.get(peer).map(|p| p.groups.iter().copied().collect()).unwrap_or_default()
            }
            None => Vec::new(),
        }
    }

    // --- speaking -------------------------------------------------------------------------------------------------

    /// Sends a request if the command channel is there.
    pub(crate) fn send(&mut self, now: Time, link: LinkId, purpose: Purpose, request: Request) -> Option<RequestId> {
        self.link(link).filter(|l| l.command.is_up())?;
        let id = self.emit(link, request);
        self.link_mut(link)?.pending.push_back(Pending { id, purpose, sent: now });
        Some(id)
    }

    /// Sends a request on whichever channel is its own.
    pub(crate) fn emit(&mut self, link: LinkId, request: Request) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.actions.push_back(Action::Send { link, id, request });
        id
    }

    pub(crate) fn record(&mut self, now: Time, group: GroupId, reason: Reason) {
        if let Some(name) = self.groups.get(group).map(|g| g.name.clone()) {
            self.actions.push_back(Action::Record(Decision { at: now, group: name, reason }));
        }
    }

    pub(crate) fn publish(&mut self, event: Event) {
        self.actions.push_back(Action::Publish(event));
    }

    pub(crate) fn shown(&self, addr: &Addr) -> Shown {
        Shown::new(addr, self.announce_hostnames)
    }

    /// An event about the group's master.
    pub(crate) fn tell_master(&mut self, group: GroupId, name: &'static str, level: Level, detail: impl Into<String>) {
        let Some(g) = self.groups.get(group) else { return };
        let Some(master) = self.nodes.get(g.master) else { return };
        let subject = Subject::Master { group: g.name.clone(), addr: self.shown(&master.addr) };
        self.publish(Event::about(name, level, subject, detail));
    }

    /// An event about a data node, in its present role.
    pub(crate) fn tell_node(&mut self, node: NodeId, name: &'static str, level: Level, detail: impl Into<String>) {
        let Some(n) = self.nodes.get(node) else { return };
        let Some(g) = self.groups.get(n.group) else { return };
        if g.master == node {
            return self.tell_master(g.id, name, level, detail);
        }
        let Some(master) = self.nodes.get(g.master) else { return };
        let subject =
            Subject::Replica { addr: self.shown(&n.addr), group: g.name.clone(), master: self.shown(&master.addr) };
        self.publish(Event::about(name, level, subject, detail));
    }

    /// An event about a peer in one group.
    pub(crate) fn tell_peer(
        &mut self,
        group: GroupId,
        run_id: RunId,
        name: &'static str,
        level: Level,
        detail: impl Into<String>,
    ) {
        let Some(g) = self.groups.get(group) else { return };
        let Some(master) = self.nodes.get(g.master) else { return };
        let Some(peer) = self.peers.get(&run_id) else { return };
        let subject = Subject::Sentinel {
            run_id,
            addr: self.shown(&peer.addr),
            group: g.name.clone(),
            master: self.shown(&master.addr),
        };
        self.publish(Event::about(name, level, subject, detail));
    }

    /// An event of a group whose payload is free text.
    pub(crate) fn tell_group(&mut self, group: GroupId, name: &'static str, level: Level, detail: impl Into<String>) {
        if let Some(g) = self.groups.get(group) {
            let event = Event::of_group(name, level, g.name.clone(), detail);
            self.publish(event);
        }
    }
}

impl Group {
    /// A group as it starts; its members are added afterwards.
    pub(crate) fn new(
        now: Time,
        id: GroupId,
        name: GroupName,
        options: GroupOptions,
        master: NodeId,
        (config_epoch, leader_epoch): (Epoch, Epoch),
    ) -> Self {
        Self {
            id,
            name,
            options,
            master,
            replicas: BTreeSet::new(),
            peers: BTreeMap::new(),
            config_epoch,
            config_saved_by: crate::types::SaveSeq(0),
            leader: None,
            leader_epoch,
            vote_saved_by: crate::types::SaveSeq(0),
            odown_since: None,
            failover: None,
            hold: None,
            hold_told: false,
            former_voters: 0,
            former_voters_until: now,
            failed_attempts: 0,
            switched_at: None,
            next_peer_hello: now,
            announce_pending: false,
            durable_pending: false,
            rivalry: None,
            lineage: Lineage::default(),
            doubt: None,
            lease: Lease::new(now),
            published: Epoch::ZERO,
            displaced: None,
        }
    }
}
