//! Partitions, broken connections, delays.

use crate::faults::{FaultKind, Repair};
use crate::net::{ConnId, Host, Partition, Side};
use crate::units::{MS, SEC};
use crate::world::{Job, World};

impl World {
    pub(super) fn strike_network(&mut self, kind: FaultKind) {
        match kind {
            FaultKind::BreakLinks => return self.break_links(),
            FaultKind::DelaySpike => {
                self.net.extra_delay_us = self.rng.range(10 * MS, 800 * MS);
                self.note("the network is slow");
                let after = self.rng.range(SEC, 20 * SEC);
                return self.at(after, Job::Repair(Repair::Calm));
            }
            _ => {}
        }
        let hosts = self.used_hosts();
        let one = *self.rng.pick(&hosts);
        let other = *self.rng.pick(&hosts);
        let pairs = match kind {
            FaultKind::Isolate => both(hosts.iter().map(|h| (one, *h))),
            FaultKind::OneWay if self.rng.chance(1, 2) => vec![(one, other)],
            FaultKind::OneWay => hosts.iter().map(|h| (one, *h)).collect(),
            FaultKind::Ring if hosts.len() > 3 => self.ring(&hosts),
            _ => self.halves(&hosts),
        };
        let pairs: Vec<_> = pairs.into_iter().filter(|(a, b)| a != b).collect();
        let text = format!("{kind:?}: {} pairs of hosts cut", pairs.len());
        self.note(&text);
        let partition = Partition(pairs);
        self.cut(&partition);
        // Flapping faster than this would only be loss.
        let after = self.rng.range(500 * MS, 45 * SEC);
        self.at(after, Job::Repair(Repair::Mend(partition)));
    }

    fn used_hosts(&self) -> Vec<Host> {
        let all = self.sentinels.iter().chain(self.groups.iter().flat_map(|g| &g.nodes)).map(|p| self.host_of(*p));
        all.collect::<std::collections::BTreeSet<Host>>().into_iter().collect()
    }

    /// Everybody reaches only the neighbours.
    fn ring(&mut self, hosts: &[Host]) -> Vec<(Host, Host)> {
        let mut order = hosts.to_vec();
        for i in (1..order.len()).rev() {
            order.swap(i, self.rng.index(i + 1));
        }
        let n = order.len();
        let far = |i: usize, j: usize| !matches!(i.abs_diff(j), 0 | 1) && i.abs_diff(j) != n - 1;
        both(
            (0..n)
                .flat_map(|i| (0..i).map(move |j| (i, j)))
                .filter(|(i, j)| far(*i, *j))
                .map(|(i, j)| (order[i], order[j])),
        )
    }

    fn halves(&mut self, hosts: &[Host]) -> Vec<(Host, Host)> {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for host in hosts {
            if self.rng.chance(1, 2) { left.push(*host) } else { right.push(*host) }
        }
        both(left.iter().flat_map(|a| right.iter().map(move |b| (*a, *b))))
    }

    fn break_links(&mut self) {
        self.note("connections break");
        let live: Vec<ConnId> =
            (0..self.net.conns.len()).map(ConnId).filter(|c| self.net.conn(*c).end(Side::Server).open).collect();
        for id in live {
            if self.rng.chance(1, 3) {
                self.send(id, Side::Client, crate::net::Msg::Fin);
                self.send(id, Side::Server, crate::net::Msg::Fin);
            }
        }
    }
}

fn both(pairs: impl Iterator<Item = (Host, Host)>) -> Vec<(Host, Host)> {
    pairs.flat_map(|(a, b)| [(a, b), (b, a)]).collect()
}
