//! Commands of sentinels.

use std::rc::Rc;

use bongsu_sentinel_core::{Addr, Hello, Pong, Reply, Request, RunId, WriteAnswer};

use crate::data::{Item, Lie};
use crate::facts::Fact;
use crate::net::{ConnId, Msg, Side, Use};
use crate::shape::micros;
use crate::units::{MS, SEC};
use crate::world::{Job, Pid, World};

impl World {
    /// Answers a command; `None` if the answer takes time.
    pub(crate) fn data_answer(&mut self, pid: Pid, conn: ConnId, ask: u64, request: &Request) -> Option<Reply> {
        match request {
            Request::Ping if self.data(pid).loading || self.data(pid).amnesiac => Some(Reply::Pong(Pong::Loading)),
            Request::Ping => Some(Reply::Pong(Pong::Pong)),
            Request::Info => self.info_answer(pid, conn, ask),
            Request::Hello(_) if self.data(pid).paused_until_us.is_some() => None,
            Request::Hello(out) => {
                let hello = self.net.conn(conn).client().and_then(|c| self.hello_of(c, out))?;
                self.publish(pid, &Rc::new(hello));
                Some(Reply::Done)
            }
            Request::Reconfigure { .. } if self.data(pid).loading => {
                Some(Reply::Failed("EXECABORT Transaction discarded because of: LOADING".into()))
            }
            Request::Reconfigure { to, unpause } => {
                self.reconfigure(pid, Some(conn), to.as_ref());
                if *unpause {
                    self.unpause(pid);
                }
                Some(Reply::Done)
            }
            Request::Follow { to } => {
                self.reconfigure(pid, Some(conn), Some(to));
                Some(Reply::Done)
            }
            Request::PauseWrites { limit } => {
                let until = self.now_us + micros(*limit);
                self.data_mut(pid).paused_until_us = Some(until);
                let incarnation = self.proc(pid).incarnation;
                self.at(micros(*limit), Job::PauseOver { pid, incarnation, at_us: until });
                Some(Reply::Done)
            }
            Request::Unpause => {
                self.unpause(pid);
                Some(Reply::Done)
            }
            Request::CheckWrites { .. } => Some(Reply::Written(WriteAnswer::Done)),
            Request::CutClients => {
                self.cut_clients(pid, Some(conn));
                Some(Reply::Done)
            }
            Request::ScriptKill => Some(Reply::Failed("NOTBUSY No scripts in execution right now.".into())),
            Request::AskDown { .. } => Some(Reply::Failed("ERR unknown command 'SENTINEL'".into())),
        }
    }

    fn info_answer(&mut self, pid: Pid, conn: ConnId, ask: u64) -> Option<Reply> {
        let reply = Reply::Info(Box::new(self.info(pid)));
        if matches!(self.data(pid).lie, Some(Lie::Stale(_) | Lie::Boast(_))) {
            self.wrong_offsets.insert((conn, ask));
        }
        let slow = self.data(pid).slow_us;
        if slow == 0 {
            return Some(reply);
        }
        self.at(slow, Job::Late { conn, id: ask, reply });
        None
    }

    /// `SLAVEOF`, `CONFIG REWRITE` and the cutting of clients, in one transaction.
    pub(crate) fn reconfigure(&mut self, pid: Pid, by: Option<ConnId>, to: Option<&Addr>) {
        let sentinel = by.and_then(|c| self.net.conn(c).client());
        let was_master = self.data(pid).is_master();
        match to {
            None if was_master => {}
            None => self.become_master(pid),
            Some(addr) => self.become_replica(pid, addr),
        }
        let node = self.data_mut(pid);
        let was_amnesiac = std::mem::take(&mut node.amnesiac);
        if node.rewritable {
            node.configured = node.following.clone();
        }
        self.cut_clients(pid, by);
        let target = to.map_or_else(|| "no one".into(), |a| self.label_addr(a));
        let who = sentinel.map_or_else(|| "operator".into(), |s| self.label(s));
        let text = format!("{} slaveof {target} (by {who})", self.label(pid));
        self.note(&text);
        self.observe(&Fact::Reconfigured { node: pid, by: sentinel, to, was_master, was_amnesiac });
    }

    fn become_master(&mut self, pid: Pid) {
        if let Some(conn) = self.data(pid).upstream.conn() {
            self.close(conn, Side::Client);
        }
        self.drop_replicas(pid);
        let fresh = RunId::from_bits(self.rng.bits160());
        let node = self.data_mut(pid);
        node.upstream = crate::data::Upstream::Down;
        node.following = None;
        node.replid2 = Some((node.replid, node.offset + 1));
        node.replid = fresh;
    }

    fn become_replica(&mut self, pid: Pid, master: &Addr) {
        if self.data(pid).following.as_ref().is_some_and(|m| m.same_place(master)) {
            return;
        }
        if let Some(conn) = self.data(pid).upstream.conn() {
            self.close(conn, Side::Client);
        }
        let now = self.now_us;
        let node = self.data_mut(pid);
        if node.is_master() {
            node.down_since_us = None;
        } else if node.link_up() {
            node.down_since_us = Some(now);
        }
        node.upstream = crate::data::Upstream::Down;
        node.following = Some(master.clone());
        self.replication_connect(pid);
    }

    /// `CLIENT KILL TYPE normal` and `TYPE pubsub`: all but the caller and the replicas.
    fn cut_clients(&mut self, pid: Pid, but: Option<ConnId>) {
        let ids: Vec<ConnId> = self.proc(pid).conns.iter().copied().collect();
        for id in ids {
            let conn = self.net.conn(id);
            if Some(id) != but && conn.server() == Some(pid) && conn.usage != Use::Replication {
                self.close(id, Side::Server);
            }
        }
        self.data_mut(pid).kills += 1;
    }

    pub(crate) fn pause_over(&mut self, pid: Pid, at_us: u64) {
        if self.data(pid).paused_until_us.is_some_and(|until| until <= at_us) {
            self.unpause(pid);
        }
    }

    /// Ends `CLIENT PAUSE`: what waited is done now, in whatever role the node has by now.
    pub(crate) fn unpause(&mut self, pid: Pid) {
        if self.data_mut(pid).paused_until_us.take().is_none() {
            return;
        }
        for write in std::mem::take(&mut self.data_mut(pid).parked) {
            self.write_arrives(write);
        }
        let ids: Vec<ConnId> = self.proc(pid).conns.iter().copied().collect();
        for id in ids {
            let blocked = self.net.conn(id).blocked_on.clone();
            let Some((ask, Request::Hello(out))) = blocked else { continue };
            if let Some(hello) = self.net.conn(id).client().and_then(|c| self.hello_of(c, &out)) {
                self.publish(pid, &Rc::new(hello));
            }
            self.unblock(id, ask, Reply::Done);
        }
    }

    /// `PUBLISH`: to the subscribers here and, through the replication stream, at the replicas.
    fn publish(&mut self, pid: Pid, hello: &Rc<Hello>) {
        self.push(pid, hello);
        if self.data(pid).is_master() && self.shape.propagate_hellos {
            self.feed(pid, 190, &Item::Publish(Rc::clone(hello)));
        }
    }

    /// Hands a message to everybody who is subscribed here.
    pub(crate) fn push(&mut self, pid: Pid, hello: &Rc<Hello>) {
        let ids: Vec<ConnId> = self.proc(pid).conns.iter().copied().collect();
        for id in ids {
            let conn = self.net.conn(id);
            if conn.server() != Some(pid) || !conn.usage.is_pubsub() {
                continue;
            }
            self.send(id, Side::Server, Msg::Push(Rc::clone(hello)));
            let dup = self.shape.duplicate_one_in;
            if dup > 0 && self.unsafe_phase && self.rng.chance(1, dup) {
                let late = self.rng.range(10 * MS, 8 * SEC);
                let msg = Msg::Push(Rc::clone(hello));
                self.at(late, Job::Deliver { conn: id, to: Side::Client, msg });
            }
        }
    }
}
