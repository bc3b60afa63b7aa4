//! The master's side of replication.

use std::rc::Rc;

use bongsu_sentinel_core::RunId;

use crate::data::{Downstream, Item, Upstream};
use crate::net::{ConnId, Msg, Side, Snapshot};
use crate::units::{MS, SEC};
use crate::world::{Pid, World};

impl World {
    /// Moves the stream of a master on by one step and sends it to its replicas.
    pub(crate) fn feed(&mut self, pid: Pid, bytes: u64, item: &Item) {
        let node = self.data_mut(pid);
        node.offset += bytes;
        let end = node.offset;
        if let Item::Write(write) = item {
            node.log.push(crate::data::Entry { end, write: *write });
        }
        self.forward(pid, end, item);
    }

    /// Sends one step of the stream to everybody who follows this node.
    pub(crate) fn forward(&mut self, pid: Pid, end: u64, item: &Item) {
        let ids: Vec<ConnId> = self.data(pid).replicas.keys().copied().collect();
        for id in ids {
            let replica = self.net.conn(id).client();
            let lag = replica.map_or(0, |r| self.data(r).lag_us);
            self.send_after(id, Side::Server, Msg::Stream { end, item: item.clone() }, lag);
        }
    }

    pub(crate) fn take_from_replica(&mut self, pid: Pid, id: ConnId, msg: Msg) {
        match msg {
            Msg::Psync { replid, offset } => self.psync(pid, id, replid, offset),
            Msg::Ack(offset) => {
                if let Some(replica) = self.data_mut(pid).replicas.get_mut(&id) {
                    replica.acked = offset;
                    replica.online = true;
                }
            }
            _ => {}
        }
    }

    fn psync(&mut self, pid: Pid, id: ConnId, replid: RunId, offset: u64) {
        let node = self.data(pid);
        let not_connected = !node.is_master() && !node.link_up();
        if node.loading || node.amnesiac || not_connected {
            self.send(id, Side::Server, Msg::Nak);
            return;
        }
        let shared = replid == node.replid || node.replid2.is_some_and(|(r, until)| r == replid && offset < until);
        let partial = shared && offset <= node.offset && offset >= node.backlog_from;
        let acked = if partial { offset } else { 0 };
        self.data_mut(pid).replicas.insert(id, Downstream { acked, online: partial });
        if partial { self.continue_from(pid, id, offset) } else { self.full_sync(pid, id) }
    }

    fn continue_from(&mut self, pid: Pid, id: ConnId, offset: u64) {
        let node = self.data(pid);
        let missing: Vec<_> = node.log.iter().filter(|e| e.end > offset).copied().collect();
        let (replid, end) = (node.replid, node.offset);
        self.send(id, Side::Server, Msg::Continue { replid });
        for entry in missing {
            self.send(id, Side::Server, Msg::Stream { end: entry.end, item: Item::Write(entry.write) });
        }
        self.send(id, Side::Server, Msg::Stream { end, item: Item::Nothing });
    }

    fn full_sync(&mut self, pid: Pid, id: ConnId) {
        let node = self.data(pid);
        let snapshot = Snapshot { replid: node.replid, offset: node.offset, log: node.log.clone() };
        self.send(id, Side::Server, Msg::FullStart);
        let transfer = self.rng.range(50 * MS, 3 * SEC);
        self.send_after(id, Side::Server, Msg::FullData(Rc::new(snapshot)), transfer);
    }

    pub(crate) fn replica_left(&mut self, pid: Pid, id: ConnId) {
        self.data_mut(pid).replicas.remove(&id);
    }

    /// Cuts the replicas of a node whose history changed; they ask again.
    pub(crate) fn drop_replicas(&mut self, pid: Pid) {
        for id in std::mem::take(&mut self.data_mut(pid).replicas).into_keys() {
            self.close(id, Side::Server);
        }
    }

    /// True if `pid` follows a chain that ends in `master`.
    pub(crate) fn follows(&self, pid: Pid, master: Pid) -> bool {
        let node = self.data(pid);
        let to = node.following.as_ref().and_then(|a| self.find(a));
        to == Some(master) && matches!(node.upstream, Upstream::Up(_))
    }
}
