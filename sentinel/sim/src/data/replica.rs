//! The replica's side of replication.

use crate::data::{Item, Upstream};
use crate::net::{ConnId, Msg, Side, Snapshot, Use};
use crate::units::{MS, SEC};
use crate::world::{Job, Pid, World};

/// A silent master is given up after this long.
const REPLICATION_TIMEOUT_US: u64 = 20 * SEC;

impl World {
    pub(crate) fn replication_connect(&mut self, pid: Pid) {
        let Some(master) = self.data(pid).following.clone() else { return };
        if self.data(pid).upstream != Upstream::Down {
            return;
        }
        let conn = self.connect(pid, &master, Use::Replication);
        let now = self.now_us;
        let node = self.data_mut(pid);
        node.upstream = Upstream::Handshake(conn);
        node.heard_us = now;
    }

    pub(crate) fn replication_connected(&mut self, pid: Pid, conn: ConnId) {
        let node = self.data(pid);
        let psync = Msg::Psync { replid: node.replid, offset: node.offset };
        self.send(conn, Side::Client, psync);
    }

    /// The link to the master is gone; the next cron tries again.
    pub(crate) fn replication_lost(&mut self, pid: Pid, conn: ConnId) {
        let now = self.now_us;
        let node = self.data_mut(pid);
        if node.upstream.conn() != Some(conn) {
            return;
        }
        if node.link_up() {
            node.down_since_us = Some(now);
        }
        node.upstream = Upstream::Down;
    }

    pub(crate) fn check_upstream(&mut self, pid: Pid) {
        let node = self.data(pid);
        match node.upstream {
            Upstream::Down => self.replication_connect(pid),
            Upstream::Handshake(conn) | Upstream::Transfer(conn) | Upstream::Up(conn) => {
                if self.now_us - node.heard_us > REPLICATION_TIMEOUT_US {
                    self.close(conn, Side::Client);
                    self.replication_lost(pid, conn);
                    return;
                }
                let (up, offset) = (node.link_up(), node.offset);
                if up {
                    self.send(conn, Side::Client, Msg::Ack(offset));
                }
            }
        }
    }

    pub(crate) fn take_from_master(&mut self, pid: Pid, conn: ConnId, msg: Msg) {
        if self.data(pid).upstream.conn() != Some(conn) {
            return;
        }
        let now = self.now_us;
        self.data_mut(pid).heard_us = now;
        match msg {
            Msg::Nak => {
                self.close(conn, Side::Client);
                self.replication_lost(pid, conn);
            }
            Msg::Continue { replid } => {
                let node = self.data_mut(pid);
                let switched = replid != node.replid;
                if switched {
                    node.replid2 = Some((node.replid, node.offset + 1));
                    node.replid = replid;
                }
                node.upstream = Upstream::Up(conn);
                if switched {
                    self.drop_replicas(pid);
                }
            }
            Msg::FullStart => self.data_mut(pid).upstream = Upstream::Transfer(conn),
            Msg::FullData(snapshot) if self.would_empty(pid, &snapshot) => {
                let text = format!("{} refuses a copy of nothing", self.label(pid));
                self.note(&text);
                self.close(conn, Side::Client);
                self.replication_lost(pid, conn);
            }
            Msg::FullData(snapshot) => {
                let node = self.data_mut(pid);
                node.replid = snapshot.replid;
                node.replid2 = None;
                node.offset = snapshot.offset;
                node.backlog_from = snapshot.offset;
                node.log.clone_from(&snapshot.log);
                node.foreign = false;
                self.drop_replicas(pid);
                self.begin_loading(pid);
            }
            Msg::Stream { end, item } => self.apply(pid, end, &item),
            _ => {}
        }
    }

    /// A guarded node keeps its data rather than to take over that a master of another history has none.
    fn would_empty(&self, pid: Pid, snapshot: &Snapshot) -> bool {
        let node = self.data(pid);
        node.guarded && snapshot.log.is_empty() && !node.log.is_empty() && snapshot.replid != node.replid
    }

    fn apply(&mut self, pid: Pid, end: u64, item: &Item) {
        let node = self.data_mut(pid);
        node.offset = end;
        match item {
            Item::Nothing => {}
            Item::Write(write) => node.log.push(crate::data::Entry { end, write: *write }),
            Item::Publish(hello) => self.push(pid, hello),
        }
        self.forward(pid, end, item);
    }

    pub(crate) fn begin_loading(&mut self, pid: Pid) {
        self.data_mut(pid).loading = true;
        let incarnation = self.proc(pid).incarnation;
        let time = self.rng.range(10 * MS, 2 * SEC);
        self.at(time, Job::Loaded { pid, incarnation });
    }

    pub(crate) fn on_loaded(&mut self, pid: Pid) {
        let node = self.data_mut(pid);
        node.loading = false;
        if let Upstream::Transfer(conn) = node.upstream {
            node.upstream = Upstream::Up(conn);
            let offset = node.offset;
            self.send(conn, Side::Client, Msg::Ack(offset));
        }
    }
}
