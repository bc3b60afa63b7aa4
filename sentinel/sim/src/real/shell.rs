//! The model meets the world.

use bongsu_sentinel_core::{Addr, Channel, Epoch, Hello, Reply, RequestId, RunId, VoteReply};

use crate::facts::Fact;
use crate::net::{ConnId, Msg, Side, Use};
use crate::real::{RealNode, Wish};
use crate::transcript::Detail;
use crate::units::MS;
use crate::world::{Body, Job, Pid, World};

impl World {
    fn real(&mut self, pid: Pid) -> Option<&mut RealNode> {
        match &mut self.proc_mut(pid).body {
            Body::Real(node) => Some(node),
            Body::Core(_) | Body::Data(_) => None,
        }
    }

    pub(crate) fn start_real(&mut self, pid: Pid) {
        let now = self.now_us;
        if let Some(node) = self.real(pid) {
            node.boot(now);
        }
        self.say(pid, "start");
        self.observe(&Fact::SentinelStarted { pid });
        let incarnation = self.proc(pid).incarnation;
        self.at(0, Job::RealTick { pid, incarnation });
    }

    pub(crate) fn real_crashed(&mut self, pid: Pid) {
        if let Some(node) = self.real(pid) {
            node.instances.clear();
            node.groups.clear();
            node.wishes.clear();
        }
    }

    pub(crate) fn real_tick(&mut self, pid: Pid) {
        let (now, mut rng) = (self.now_us, self.rng.fork());
        if let Some(node) = self.real(pid) {
            node.tick(now, &mut rng);
        }
        self.grant(pid);
        let pause = rng.range(52 * MS, 100 * MS);
        let incarnation = self.proc(pid).incarnation;
        self.at(pause, Job::RealTick { pid, incarnation });
    }

    /// Carries out what the model wants.
    fn grant(&mut self, pid: Pid) {
        let wishes = self.real(pid).map(|n| std::mem::take(&mut n.wishes)).unwrap_or_default();
        for wish in wishes {
            match wish {
                Wish::Connect { instance, channel } => self.real_connect(pid, instance, channel),
                Wish::Close { instance, channel } => self.real_close(pid, instance, channel),
                Wish::Ask { instance, request } => {
                    let conn = self.real(pid).and_then(|n| n.instances.get(&instance)?.command);
                    let Some(conn) = conn else { continue };
                    let to = self.net.conn(conn).server();
                    self.observe(&Fact::Asked { by: pid, to, id: RequestId(0), request: &request });
                    self.send(conn, Side::Client, Msg::Ask { id: 0, request });
                }
                Wish::Say(word, rest) => self.say_more(pid, word, &rest, Detail::Short),
                Wish::Elected { group, epoch, forced } => {
                    self.observe(&Fact::RealElected { by: pid, group, epoch, forced });
                }
            }
        }
    }

    fn real_connect(&mut self, pid: Pid, instance: u32, channel: Channel) {
        let Some(addr) = self.real(pid).and_then(|n| n.instances.get(&instance)).map(|i| i.addr.clone()) else {
            return;
        };
        let conn = self.connect(pid, &addr, Use::Real(instance, channel));
        let now = self.now_us;
        if let Some(inst) = self.real(pid).and_then(|n| n.instances.get_mut(&instance)) {
            match channel {
                Channel::Command => {
                    inst.command = Some(conn);
                    inst.linked_us = now;
                }
                Channel::PubSub => inst.pubsub = Some(conn),
                // No real sentinel has one.
                Channel::Write => {}
            }
        }
    }

    fn real_close(&mut self, pid: Pid, instance: u32, channel: Channel) {
        let Some(node) = self.real(pid) else { return };
        let Some(inst) = node.instances.get_mut(&instance) else { return };
        let conn = match channel {
            Channel::Command => {
                inst.command_up = false;
                inst.command.take()
            }
            Channel::PubSub => inst.pubsub.take(),
            Channel::Write => None,
        };
        let used = node.groups.iter().any(|g| {
            g.master == instance || g.replicas.contains(&instance) || g.peers.values().any(|p| *p == instance)
        });
        if !used && channel == Channel::PubSub {
            node.instances.remove(&instance);
        }
        if let Some(conn) = conn {
            self.close(conn, Side::Client);
        }
    }

    pub(crate) fn real_connected(&mut self, pid: Pid, instance: u32, channel: Channel) {
        let now = self.now_us;
        if channel == Channel::Command
            && let Some(node) = self.real(pid)
        {
            node.linked(now, instance);
        }
        self.grant(pid);
    }

    pub(crate) fn real_disconnected(&mut self, pid: Pid, conn: ConnId, instance: u32, channel: Channel) {
        let Some(inst) = self.real(pid).and_then(|n| n.instances.get_mut(&instance)) else { return };
        match channel {
            Channel::Command if inst.command == Some(conn) => {
                inst.command = None;
                inst.command_up = false;
            }
            Channel::PubSub if inst.pubsub == Some(conn) => inst.pubsub = None,
            Channel::Command | Channel::PubSub | Channel::Write => {}
        }
    }

    pub(crate) fn real_answered(&mut self, pid: Pid, instance: u32, _ask: u64, reply: Reply) {
        let now = self.now_us;
        if let Some(node) = self.real(pid) {
            node.on_reply(now, instance, reply);
        }
        self.grant(pid);
    }

    pub(crate) fn real_hears(&mut self, pid: Pid, via_pubsub: bool, hello: &Hello) {
        let now = self.now_us;
        if let Some(node) = self.real(pid) {
            node.hear(now, via_pubsub, hello);
        }
        self.grant(pid);
    }

    pub(crate) fn real_vote_call(
        &mut self,
        pid: Pid,
        addr: &Addr,
        epoch: Epoch,
        candidate: Option<RunId>,
    ) -> VoteReply {
        let (now, mut rng) = (self.now_us, self.rng.fork());
        let none = VoteReply { down: false, leader: None };
        let reply = self.real(pid).map_or(none, |n| n.vote_call(now, addr, epoch, candidate, &mut rng));
        self.grant(pid);
        let group = self.group_of(addr);
        self.observe(&Fact::VoteAnswered { by: pid, group, candidate, epoch, reply });
        reply
    }

    /// `SENTINEL FAILOVER` at a modelled real sentinel.
    pub(crate) fn real_force(&mut self, pid: Pid, group: usize) {
        let (now, mut rng) = (self.now_us, self.rng.fork());
        if let Some(node) = self.real(pid) {
            node.force(now, group, &mut rng);
        }
        self.grant(pid);
    }
}
