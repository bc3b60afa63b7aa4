//! Requests reach their process one by one, in order, per connection.

use bongsu_sentinel_core::{LinkFailure, Pong, Reply, Request};

use crate::net::{ConnId, Msg, Side, Use};
use crate::world::{Body, Pid, World};

impl World {
    /// Serves the requests of a connection until one must wait.
    pub(crate) fn serve(&mut self, id: ConnId) {
        loop {
            let conn = self.net.conn_mut(id);
            let Some(pid) = conn.server() else { return };
            if !conn.end(Side::Server).open || conn.blocked_on.is_some() {
                return;
            }
            let Some((ask, request)) = conn.asked.pop_front() else { return };
            // Marked first: the answer may come while the request is being handed over.
            conn.blocked_on = Some((ask, request.clone()));
            if let Some(reply) = self.answer_to(pid, id, ask, &request) {
                self.net.conn_mut(id).blocked_on = None;
                self.answer(id, ask, reply);
            }
        }
    }

    /// The blocked request of a connection is answered; the next ones may be served.
    pub(crate) fn unblock(&mut self, id: ConnId, ask: u64, reply: Reply) {
        let conn = self.net.conn_mut(id);
        if conn.blocked_on.as_ref().is_some_and(|(b, _)| *b == ask) {
            conn.blocked_on = None;
            self.answer(id, ask, reply);
            self.at(0, crate::world::Job::Serve(id));
        }
    }

    /// `None` if the answer comes through [`Self::unblock`].
    fn answer_to(&mut self, server: Pid, id: ConnId, ask: u64, request: &Request) -> Option<Reply> {
        match &self.proc(server).body {
            Body::Data(_) => self.data_answer(server, id, ask, request),
            Body::Core(_) | Body::Real(_) => match request {
                Request::Ping => Some(Reply::Pong(Pong::Pong)),
                Request::Hello(out) => {
                    let Some(hello) = self.net.conn(id).client().and_then(|c| self.hello_of(c, out)) else {
                        return Some(Reply::Failed("ERR who are you".into()));
                    };
                    self.sentinel_hears(server, None, &hello);
                    Some(Reply::Done)
                }
                Request::AskDown { addr, epoch, candidate } => {
                    self.asked_for_vote(server, id, ask, addr, *epoch, *candidate)
                }
                _ => Some(Reply::Failed("ERR unknown command".into())),
            },
        }
    }

    /// A connection that `pid` asked for is there.
    pub(crate) fn link_up(&mut self, pid: Pid, id: ConnId) {
        match self.net.conn(id).usage {
            Use::Core(link, channel) => self.core_connected(pid, link, channel),
            Use::Real(instance, channel) => self.real_connected(pid, instance, channel),
            Use::Replication => self.replication_connected(pid, id),
        }
    }

    /// A connection went away, or was never established.
    pub(crate) fn link_lost(&mut self, id: ConnId, side: Side, cause: LinkFailure) {
        let conn = self.net.conn(id);
        let Some(pid) = conn.end(side).pid else { return };
        let usage = conn.usage;
        match (side, usage) {
            (Side::Client, Use::Core(link, channel)) => self.core_disconnected(pid, id, link, channel, cause),
            (Side::Client, Use::Real(instance, channel)) => self.real_disconnected(pid, id, instance, channel),
            (Side::Client, Use::Replication) => self.replication_lost(pid, id),
            (Side::Server, Use::Replication) => self.replica_left(pid, id),
            (Side::Server, _) => {}
        }
    }

    /// Everything but requests and the connection's own life.
    pub(crate) fn receive(&mut self, pid: Pid, id: ConnId, to: Side, msg: Msg) {
        let usage = self.net.conn(id).usage;
        match (usage, msg) {
            (Use::Core(link, _), Msg::Answer { id: ask, reply }) => self.core_answered(pid, id, link, ask, reply),
            (Use::Core(link, _), Msg::Push(hello)) => self.sentinel_hears(pid, Some(link.0), &hello),
            (Use::Real(instance, _), Msg::Answer { id: ask, reply }) => self.real_answered(pid, instance, ask, reply),
            (Use::Real(instance, _), Msg::Push(hello)) => self.sentinel_hears(pid, Some(instance), &hello),
            (Use::Replication, msg) if to == Side::Server => self.replica_says(pid, id, msg),
            (Use::Replication, msg) => self.master_says(pid, id, msg),
            _ => {}
        }
    }
}
