//! Connecting, sending, closing.

use bongsu_sentinel_core::{Addr, LinkFailure, Reply};

use crate::net::{Conn, ConnId, End, Host, Msg, Side, Use};
use crate::units::{MS, SEC};
use crate::world::{Job, Pid, World};

impl World {
    /// Begins to connect; the outcome reaches `client` as a message or as a failure.
    pub(crate) fn connect(&mut self, client: Pid, to: &Addr, usage: Use) -> ConnId {
        let id = ConnId(self.net.conns.len());
        let incarnation = self.proc(client).incarnation;
        self.net.conns.push(Conn {
            ends: [End::new(Some(client), incarnation, true), End::new(self.find(to), 0, false)],
            usage,
            established: false,
            asked: Default::default(),
            blocked_on: None,
        });
        self.proc_mut(client).conns.insert(id);
        let delay = self.delay();
        self.at(delay, Job::Syn(id));
        let patience = self.rng.range(500 * MS, 3 * SEC);
        self.at(patience, Job::ConnectTimeout(id));
        id
    }

    pub(crate) fn on_syn(&mut self, id: ConnId) {
        let conn = self.net.conn(id);
        let (Some(client), Some(server)) = (conn.client(), conn.server()) else { return };
        let (a, b) = (self.host_of(client), self.host_of(server));
        if !conn.end(Side::Client).open || !self.net.connects(a, b) || !self.proc(server).host_up {
            return;
        }
        if !self.proc(server).up {
            self.transmit(id, Side::Client, Msg::Refused);
            return;
        }
        let incarnation = self.proc(server).incarnation;
        let end = self.net.conn_mut(id).end_mut(Side::Server);
        end.open = true;
        end.incarnation = incarnation;
        self.proc_mut(server).conns.insert(id);
        self.send(id, Side::Server, Msg::Accepted);
    }

    pub(crate) fn on_connect_timeout(&mut self, id: ConnId) {
        let conn = self.net.conn(id);
        if conn.end(Side::Client).open && !conn.established {
            self.close(id, Side::Client);
            self.link_lost(id, Side::Client, LinkFailure::Unreachable);
        }
    }

    /// Sends from one end; a partition on the way holds the packet back.
    pub(crate) fn send(&mut self, id: ConnId, from: Side, msg: Msg) {
        self.send_after(id, from, msg, 0);
    }

    /// As [`Self::send`], with this much more delay.
    pub(crate) fn send_after(&mut self, id: ConnId, from: Side, msg: Msg, extra_us: u64) {
        if !self.net.conn(id).end(from).open {
            return;
        }
        let to = from.other();
        let conn = self.net.conn(id);
        let (Some(a), Some(b)) = (conn.end(from).pid, conn.end(to).pid) else { return };
        let stuck = self.net.is_blocked(self.host_of(a), self.host_of(b)) || !conn.end(to).held.is_empty();
        if stuck {
            self.hold(id, to, msg);
        } else {
            let delay = self.delay() + extra_us;
            self.transmit_after(id, to, msg, delay);
        }
    }

    /// Puts a packet on the wire, behind those that are under way already.
    pub(super) fn transmit(&mut self, id: ConnId, to: Side, msg: Msg) {
        let delay = self.delay();
        self.transmit_after(id, to, msg, delay);
    }

    fn transmit_after(&mut self, id: ConnId, to: Side, msg: Msg, delay_us: u64) {
        let now = self.now_us;
        let end = self.net.conn_mut(id).end_mut(to);
        let at = (now + delay_us).max(end.last_at_us);
        end.last_at_us = at;
        self.at(at - now, Job::Deliver { conn: id, to, msg });
    }

    fn delay(&mut self) -> u64 {
        let (low, high) = self.shape.delay_us;
        let straggler =
            if self.unsafe_phase && self.rng.chance(1, 2000) { self.rng.range(50 * MS, 400 * MS) } else { 0 };
        self.rng.range(low, high) + straggler + self.net.extra_delay_us
    }

    /// Closes one end; the other hears of it when packets pass.
    pub(crate) fn close(&mut self, id: ConnId, side: Side) {
        self.send(id, side, Msg::Fin);
        self.forget_end(id, side);
    }

    /// Drops one end without a word, as a host does that loses power.
    pub(crate) fn forget_end(&mut self, id: ConnId, side: Side) {
        let conn = self.net.conn_mut(id);
        let end = conn.end_mut(side);
        end.open = false;
        end.held.clear();
        if side == Side::Server {
            conn.asked.clear();
            conn.blocked_on = None;
        }
        if let Some(pid) = conn.end(side).pid {
            self.proc_mut(pid).conns.remove(&id);
        }
    }

    /// Closes the connections of a process that ends: with FINs if the kernel lives on, silently otherwise.
    pub(crate) fn drop_connections(&mut self, pid: Pid, host_lives: bool) {
        let ids: Vec<ConnId> = self.proc(pid).conns.iter().copied().collect();
        for id in ids {
            for side in [Side::Client, Side::Server] {
                if self.net.conn(id).end(side).pid != Some(pid) || !self.net.conn(id).end(side).open {
                    continue;
                }
                if host_lives {
                    self.close(id, side);
                } else {
                    self.forget_end(id, side);
                }
            }
        }
        self.proc_mut(pid).conns.clear();
    }

    /// A packet arrives.
    pub(crate) fn on_deliver(&mut self, id: ConnId, to: Side, msg: Msg) {
        let conn = self.net.conn(id);
        let Some(pid) = conn.end(to).pid else { return };
        if !conn.end(to).open {
            self.answer_with_reset(id, to, &msg);
            return;
        }
        match msg {
            Msg::Fin => {
                self.forget_end(id, to);
                let cause = if self.net.conn(id).established { LinkFailure::Closed } else { LinkFailure::Refused };
                self.link_lost(id, to, cause);
            }
            Msg::Refused => {
                self.forget_end(id, to);
                self.link_lost(id, to, LinkFailure::Refused);
            }
            Msg::Accepted => {
                self.net.conn_mut(id).established = true;
                self.link_up(pid, id);
            }
            Msg::Ask { id: ask, request } => {
                self.net.conn_mut(id).asked.push_back((ask, request));
                self.serve(id);
            }
            other => self.receive(pid, id, to, other),
        }
    }

    /// A packet for a connection that this end no longer knows.
    fn answer_with_reset(&mut self, id: ConnId, at: Side, msg: &Msg) {
        let conn = self.net.conn(id);
        let (Some(here), Some(there)) = (conn.end(at).pid, conn.end(at.other()).pid) else { return };
        let silent = matches!(msg, Msg::Fin | Msg::Refused)
            || !conn.end(at.other()).open
            || !self.proc(here).host_up
            || self.net.is_blocked(self.host_of(here), self.host_of(there));
        if !silent {
            self.transmit(id, at.other(), Msg::Fin);
        }
    }

    /// Answers a request at the server's end.
    pub(crate) fn answer(&mut self, conn: ConnId, id: u64, reply: Reply) {
        self.send(conn, Side::Server, Msg::Answer { id, reply });
    }

    /// True if `from` can exchange packets with the process right now and it would answer.
    pub(crate) fn reaches(&self, from: Host, to: Pid) -> bool {
        let p = self.proc(to);
        p.up && p.host_up && !p.paused && self.net.connects(from, p.host)
    }
}
