//! A sentinel that runs the core under test: what the daemon's shell does, without sockets and clocks.

mod actions;
mod clock;
mod disk;
mod hooks;
mod setup;
mod vote;

use std::collections::BTreeMap;

use bongsu_sentinel_core::{
    Action, Addr, CallId, Channel, Epoch, Hello, HelloOut, Input, LinkFailure, LinkId, Reply, RequestId, RunId,
    SaveSeq, Sentinel, Tunables,
};

pub(crate) use clock::Clock;
pub(crate) use disk::{Disk, HEALTHY_US};
pub(crate) use hooks::HookShape;

use crate::facts::Fact;
use crate::net::{ConnId, Side};
use crate::rng::Rng;
use crate::shape::micros;
use crate::units::SEC;
use crate::world::{Body, Job, Pid, World};

pub(crate) struct CoreNode {
    pub(crate) id: RunId,
    /// `None` while the process is down.
    pub(crate) core: Option<Sentinel>,
    pub(crate) disk: Disk,
    pub(crate) clock: Clock,
    pub(crate) tunables: Tunables,
    links: BTreeMap<(LinkId, Channel), ConnId>,
    /// When the next timer job comes, or `u64::MAX`.
    tick_at_us: u64,
    calls: BTreeMap<CallId, Call>,
    next_call: u64,
    /// Dies at this action, counted from the next.
    pub(crate) crash_in: Option<u32>,
    /// When it last went on after standing still, or started.
    pub(crate) resumed_us: u64,
}

/// A vote call that waits for its answer.
struct Call {
    conn: ConnId,
    ask: u64,
    addr: Addr,
    epoch: Epoch,
    candidate: Option<RunId>,
}

impl CoreNode {
    pub(crate) fn new(id: RunId, rng: &mut Rng) -> Self {
        let empty = bongsu_sentinel_core::Durable { my_id: id, current_epoch: Epoch::ZERO, groups: Vec::new() };
        Self {
            id,
            core: None,
            disk: Disk::new(empty),
            clock: Clock::draw(rng),
            tunables: Tunables::default(),
            links: BTreeMap::new(),
            tick_at_us: u64::MAX,
            calls: BTreeMap::new(),
            next_call: 0,
            crash_in: None,
            resumed_us: 0,
        }
    }
}

impl CoreNode {
    /// The established command channel of a link.
    pub(crate) fn command_link(&self, link: LinkId) -> Option<ConnId> {
        self.links.get(&(link, Channel::Command)).copied()
    }

    pub(crate) fn command_links(&self) -> impl Iterator<Item = LinkId> {
        self.links.keys().filter(|(_, channel)| *channel == Channel::Command).map(|(link, _)| *link)
    }
}

/// A failed write is repeated on its own account after this long.
const SAVE_RETRY_US: u64 = SEC;

impl World {
    pub(crate) fn core_node(&self, pid: Pid) -> Option<&CoreNode> {
        match &self.proc(pid).body {
            Body::Core(node) => Some(node),
            Body::Real(_) | Body::Data(_) => None,
        }
    }

    pub(crate) fn core_node_mut(&mut self, pid: Pid) -> Option<&mut CoreNode> {
        match &mut self.proc_mut(pid).body {
            Body::Core(node) => Some(node),
            Body::Real(_) | Body::Data(_) => None,
        }
    }

    /// Hands an input to a core and does what it asks for.
    pub(crate) fn feed_core(&mut self, pid: Pid, input: Input) {
        self.feed_core_at(pid, self.now_us, input);
    }

    /// As [`Self::feed_core`], with a clock that shows another moment than now.
    pub(crate) fn feed_core_at(&mut self, pid: Pid, now_us: u64, input: Input) {
        let input = self.mutate_input(pid, input);
        let Some(node) = self.core_node_mut(pid) else { return };
        let now = node.clock.show(now_us);
        if let Some(core) = &mut node.core {
            core.handle(now, input);
            self.drain(pid);
        }
    }

    /// Calls the core as an operator's command does, and does what it asks for.
    pub(crate) fn command<R>(
        &mut self,
        pid: Pid,
        f: impl FnOnce(&mut Sentinel, bongsu_sentinel_core::Time) -> R,
    ) -> Option<R> {
        let now_us = self.now_us;
        let node = self.core_node_mut(pid)?;
        let now = node.clock.show(now_us);
        let result = f(node.core.as_mut()?, now);
        self.drain(pid);
        Some(result)
    }

    /// Does all that a core asks for, unless it dies on the way.
    fn drain(&mut self, pid: Pid) {
        while let Some(node) = self.core_node_mut(pid) {
            let Some(core) = &mut node.core else { return };
            let Some(action) = core.poll_action() else { break };
            if node.crash_in == Some(0) {
                self.fall_over(pid);
                return;
            }
            // What only tells of something leaves nothing behind that a crash could undo.
            if !matches!(action, Action::Configured { .. }) {
                node.crash_in = node.crash_in.map(|n| n - 1);
            }
            self.execute(pid, action);
        }
        self.arm(pid);
    }

    /// Schedules the timer job for the core's next deadline, if none comes early enough already.
    fn arm(&mut self, pid: Pid) {
        let now_us = self.now_us;
        let incarnation = self.proc(pid).incarnation;
        let late = self.rng.below(1500);
        let Some(node) = self.core_node_mut(pid) else { return };
        let Some(deadline) = node.core.as_ref().and_then(Sentinel::poll_timeout) else { return };
        let at_us = node.clock.when(deadline, now_us) + late;
        if at_us < node.tick_at_us {
            node.tick_at_us = at_us;
            self.at(at_us - now_us, Job::Tick { pid, incarnation, at_us });
        }
    }

    pub(crate) fn on_tick(&mut self, pid: Pid, at_us: u64) {
        let now_us = self.now_us;
        let Some(node) = self.core_node_mut(pid) else { return };
        if node.tick_at_us != at_us {
            return;
        }
        node.tick_at_us = u64::MAX;
        let now = node.clock.show(now_us);
        let due = node.core.as_ref().and_then(Sentinel::poll_timeout).is_some_and(|t| t <= now);
        if due {
            self.watch.tick(pid, now_us);
            self.feed_core(pid, Input::Tick);
        } else {
            self.arm(pid);
        }
    }

    pub(crate) fn on_saved(&mut self, pid: Pid, seq: SaveSeq, ok: bool) {
        let Some(node) = self.core_node_mut(pid) else { return };
        if !node.disk.finish(seq, ok) {
            return;
        }
        if !ok {
            let incarnation = self.proc(pid).incarnation;
            self.at(SAVE_RETRY_US, Job::SaveAgain { pid, incarnation, seq });
        }
        self.feed_core(pid, if ok { Input::Saved { seq } } else { Input::SaveFailed { seq } });
    }

    pub(crate) fn core_connected(&mut self, pid: Pid, link: LinkId, channel: Channel) {
        self.feed_core(pid, Input::Connected { link, channel });
    }

    pub(crate) fn core_disconnected(
        &mut self,
        pid: Pid,
        conn: ConnId,
        link: LinkId,
        channel: Channel,
        cause: LinkFailure,
    ) {
        let Some(node) = self.core_node_mut(pid) else { return };
        if node.links.get(&(link, channel)) == Some(&conn) {
            node.links.remove(&(link, channel));
            self.feed_core(pid, Input::Disconnected { link, channel, cause });
        }
    }

    pub(crate) fn core_answered(&mut self, pid: Pid, conn: ConnId, link: LinkId, id: u64, reply: Reply) {
        let channel = if matches!(reply, Reply::Written(_)) { Channel::Write } else { Channel::Command };
        let current = self.core_node(pid).and_then(|n| n.links.get(&(link, channel)));
        if current != Some(&conn) {
            return;
        }
        if let (Reply::Info(report), Some(node)) = (&reply, self.net.conn(conn).server()) {
            let wrong_offset = self.wrong_offsets.remove(&(conn, id));
            self.observe(&Fact::InfoSeen { by: pid, node, report, wrong_offset });
        }
        self.feed_core(pid, Input::Reply { link, id: RequestId(id), reply });
    }

    /// A hello reaches a sentinel, through the data node behind a link or directly.
    pub(crate) fn sentinel_hears(&mut self, pid: Pid, via: Option<u32>, hello: &Hello) {
        match &self.proc(pid).body {
            Body::Core(_) => {
                let via = via.map(LinkId);
                self.feed_core(pid, Input::Hello { via, hello: hello.clone() });
            }
            Body::Real(_) => self.real_hears(pid, via.is_some(), hello),
            Body::Data(_) => {}
        }
    }

    /// A hello as it stands on the wire, the sender's own address filled in.
    pub(crate) fn hello_of(&self, sender: Pid, out: &HelloOut) -> Option<Hello> {
        Some(Hello {
            addr: self.proc(sender).addr.clone(),
            run_id: self.run_id(sender)?,
            current_epoch: out.current_epoch,
            group: out.group.clone(),
            master: out.master.clone(),
            config_epoch: out.config_epoch,
        })
    }

    /// A stopped sentinel goes on, or its clock jumped, after this long. Short stalls go unnoticed by design.
    pub(crate) fn core_resumed(&mut self, pid: Pid, stalled_us: u64) {
        let now = self.now_us;
        if let Some(node) = self.core_node_mut(pid)
            && stalled_us > 2 * micros(node.tunables.tilt_trigger)
        {
            node.resumed_us = now;
        }
    }

    /// Serves the timer at once, as after a clock jump.
    pub(crate) fn wake(&mut self, pid: Pid) {
        if let Some(node) = self.core_node_mut(pid) {
            node.tick_at_us = u64::MAX;
            self.arm(pid);
        }
    }

    fn close_link(&mut self, pid: Pid, link: LinkId, channel: Channel) {
        let conn = self.core_node_mut(pid).and_then(|n| n.links.remove(&(link, channel)));
        if let Some(conn) = conn {
            self.close(conn, Side::Client);
        }
    }

    /// Dies by itself and is started again after a while.
    pub(crate) fn fall_over(&mut self, pid: Pid) {
        self.crash(pid, true);
        let after = self.rng.range(crate::units::MS * 50, SEC * 15);
        self.at(after, Job::StartSentinel(pid));
    }

    pub(crate) fn observe(&mut self, fact: &Fact<'_>) {
        let mut watch = std::mem::take(&mut self.watch);
        watch.see(self, fact);
        self.watch = watch;
    }
}
