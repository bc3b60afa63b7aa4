//! Partitions: which host's packets do not reach which other.

use crate::net::{ConnId, Host, Msg, Network, Side};
use crate::world::World;

/// Pairs of hosts between which packets of one direction are dropped.
#[derive(Clone, Debug)]
pub(crate) struct Partition(pub(crate) Vec<(Host, Host)>);

impl Network {
    fn shift(&mut self, partition: &Partition, on: bool) {
        for (from, to) in &partition.0 {
            let cell = &mut self.blocked[from.0 * self.hosts + to.0];
            *cell = if on { cell.saturating_add(1) } else { cell.saturating_sub(1) };
        }
    }
}

impl World {
    /// Everything that is cut now, as often as it is.
    pub(crate) fn all_cuts(&self) -> Partition {
        let n = self.net.hosts;
        let times = |i: usize| usize::from(self.net.blocked[i]);
        Partition((0..n * n).flat_map(|i| std::iter::repeat_n((Host(i / n), Host(i % n)), times(i))).collect())
    }

    pub(crate) fn cut(&mut self, partition: &Partition) {
        self.net.shift(partition, true);
    }

    /// Ends a partition. Of the connections that had packets in flight some go on, the others turn out to be broken.
    pub(crate) fn mend(&mut self, partition: &Partition) {
        self.net.shift(partition, false);
        let held: Vec<ConnId> = self.net.stalled.iter().copied().collect();
        for id in held {
            let broken = self.rng.chance(1, 3);
            for side in [Side::Client, Side::Server] {
                self.release(id, side, broken);
            }
            let conn = self.net.conn(id);
            if conn.ends.iter().all(|e| e.held.is_empty()) {
                self.net.stalled.remove(&id);
            }
        }
    }

    /// Lets the packets held back on their way to `side` go, or resets the connection instead.
    fn release(&mut self, id: ConnId, side: Side, broken: bool) {
        let conn = self.net.conn(id);
        let (Some(to), Some(from)) = (conn.end(side).pid, conn.end(side.other()).pid) else { return };
        if conn.end(side).held.is_empty() || self.net.is_blocked(self.host_of(from), self.host_of(to)) {
            return;
        }
        let held = std::mem::take(&mut self.net.conn_mut(id).end_mut(side).held);
        if broken {
            self.transmit(id, side, Msg::Fin);
            return;
        }
        for msg in held {
            self.transmit(id, side, msg);
        }
    }

    pub(super) fn hold(&mut self, id: ConnId, to: Side, msg: Msg) {
        self.net.conn_mut(id).end_mut(to).held.push_back(msg);
        self.net.stalled.insert(id);
    }
}
