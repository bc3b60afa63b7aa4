//! Two masters under one config epoch, and how one of them wins.
//!
//! An election gives an epoch to one sentinel only. A failover that an operator forces takes one without asking, so that another
//! sentinel may have been elected in the same. Nobody adopts a configuration whose epoch is not higher than its own: both sides
//! would keep to theirs for ever. One sentinel therefore chooses between the masters and announces its choice under an epoch of
//! its own, which everybody adopts, sentinels of other kinds included.
//!
//! Who moves first is settled by run id, as in Redis Cluster; the others wait their turn, each a little longer, so that somebody
//! moves even if those before it never do. Should two move at once the same rule applies to their new epoch.

use std::collections::BTreeSet;

use crate::group::{Group, PeerEntry};
use crate::hello::Hello;
use crate::machine::Sentinel;
use crate::reason::Reason;
use crate::time::Time;
use crate::types::{Addr, Epoch, GroupId, NodeId, Role, RunId};

/// Hello periods that a sentinel waits for each live one with a lower run id, and for itself: by then everybody has said which
/// master it knows.
const TURN_PERIODS: u32 = 2;

/// What speaks for a master, the weightiest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Standing {
    serves: Serves,
    /// It is not known to be empty.
    holds_data: bool,
    /// Sentinels that name it.
    adherents: u32,
    is_ours: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Serves {
    /// It is down, or says that it is a replica.
    No,
    /// We have not heard of it.
    Unknown,
    Yes,
}

/// A rivalry that a sentinel knows of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rivalry {
    since: Time,
    /// The epoch that we took to settle it, once that is durable.
    claim: Option<Epoch>,
}

/// A master that a peer names under our config epoch.
struct Rival {
    named_by: RunId,
    addr: Addr,
    standing: Standing,
}

impl Sentinel {
    /// A peer said what it holds to be the master.
    pub(crate) fn note_rivalry(&mut self, now: Time, id: GroupId, hello: &Hello) {
        let Some(group) = self.groups.get(id) else { return };
        let is_new = group.rivalry.is_none()
            && group.peers.get(&hello.run_id).is_some_and(|entry| self.rival_of(group, entry).is_some());
        if is_new {
            self.begin_turn(now, id);
            self.run_group(now, id);
        }
    }

    /// Waits for our turn, and asks the masters meanwhile what they are.
    fn begin_turn(&mut self, now: Time, id: GroupId) {
        self.set_rivalry(id, Some(Rivalry { since: now, claim: None }));
        let Some(group) = self.groups.get(id) else { return };
        let rivals = self.rivals(group).into_iter().filter_map(|r| self.node_at(group, &r.addr));
        let masters: BTreeSet<NodeId> = rivals.chain([group.master]).collect();
        for link in masters.into_iter().filter_map(|n| self.nodes.get(n).map(|n| n.link.id)).collect::<Vec<_>>() {
            self.info_now(now, link);
        }
    }

    /// When the rivalry is ours to settle; while a claim waits for the disk, nothing but that is waited for.
    pub(crate) fn next_rivalry_deadline(&self, group: &Group) -> Option<Time> {
        let rivalry = group.rivalry.filter(|r| r.claim.is_none())?;
        let turns = self.rank(group).saturating_add(1).saturating_mul(TURN_PERIODS);
        Some(rivalry.since + self.tunables.publish_period.saturating_mul(turns))
    }

    /// Claims an epoch when it is our turn, and decides under it as soon as it is durable.
    pub(crate) fn step_rivalry(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(rivalry) = group.rivalry else { return };
        if rivalry.claim.is_none() && self.next_rivalry_deadline(group).is_none_or(|t| t > now) {
            return;
        }
        let Some(best) = self.rivals(group).into_iter().max_by_key(|r| r.standing) else {
            return self.set_rivalry(id, None);
        };
        let held = rivalry.claim.filter(|epoch| group.voted_for(self.my_id, *epoch) && *epoch > group.config_epoch);
        match held {
            None if rivalry.claim.is_none() => self.claim_epoch(now, id),
            Some(epoch) if self.may_settle(id) => {
                if self.saves.covers(group.vote_saved_by) {
                    self.settle_rivalry(now, id, &best, epoch);
                }
            }
            // The claim is lost.
            _ => self.begin_turn(now, id),
        }
    }

    fn set_rivalry(&mut self, id: GroupId, rivalry: Option<Rivalry>) {
        if let Some(group) = self.groups.get_mut(id) {
            group.rivalry = rivalry;
        }
    }

    /// A failover under way brings an epoch of its own, and an epoch is taken only if that can be saved.
    fn may_settle(&self, id: GroupId) -> bool {
        let failover = self.running(id);
        !self.saves.is_failing() && failover.is_none_or(|f| f.is_committed() && f.handover.is_none())
    }

    /// Takes an epoch of which nobody has heard, and our vote with it, so that nobody is elected in it with our help.
    fn claim_epoch(&mut self, now: Time, id: GroupId) {
        let epoch = self.current_epoch.next();
        if !self.may_settle(id) {
            return self.begin_turn(now, id);
        }
        self.vote(now, id, self.my_id, epoch);
        self.set_rivalry(id, Some(Rivalry { since: now, claim: Some(epoch) }));
    }

    fn settle_rivalry(&mut self, now: Time, id: GroupId, rival: &Rival, epoch: Epoch) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(ours) = self.master_of(group).map(|m| m.addr.clone()) else { return };
        let our_standing = self.standing(group, &ours, true);
        let chosen = our_standing.max(rival.standing);
        if chosen.serves == Serves::No && group.odown_since.is_some() {
            // There is nothing to choose from; the failover that is due finds a third.
            return self.begin_turn(now, id);
        }
        let (master, loser) = if chosen.is_ours { (&ours, &rival.addr) } else { (&rival.addr, &ours) };
        let reason = Reason::RivalrySettled { epoch, master: master.clone(), loser: loser.clone() };
        self.record(now, id, reason);
        if chosen.is_ours {
            self.renew_config(id, epoch);
        } else {
            self.adopt_config(now, id, rival.named_by, epoch, &rival.addr);
        }
        self.set_rivalry(id, None);
    }

    fn rivals(&self, group: &Group) -> Vec<Rival> {
        let live = group.peers.iter().filter(|(_, entry)| !entry.down.is_down());
        live.filter_map(|(peer, entry)| {
            let addr = self.rival_of(group, entry)?.clone();
            Some(Rival { named_by: *peer, standing: self.standing(group, &addr, false), addr })
        })
        .collect()
    }

    /// The master that a peer names, if it is another one than ours under the same epoch. The first epoch is the operator's, who
    /// may have configured what he likes; and an address that we cannot place may be another name of our own master.
    fn rival_of<'a>(&self, group: &Group, entry: &'a PeerEntry) -> Option<&'a Addr> {
        let (epoch, addr) = entry.config.as_ref()?;
        if *epoch != group.config_epoch || epoch.0 == 0 {
            return None;
        }
        let ours = &self.master_of(group)?.addr;
        let distinct = self.node_at(group, addr).is_some() || !(addr.is_name() || ours.is_name());
        (distinct && !self.means(addr, ours)).then_some(addr)
    }

    fn standing(&self, group: &Group, addr: &Addr, is_ours: bool) -> Standing {
        let node = self.node_at(group, addr).and_then(|n| self.nodes.get(n));
        let serves = match node {
            None => Serves::Unknown,
            Some(n) if n.down.is_down() || n.role_reported == Role::Replica => Serves::No,
            Some(n) if n.info_at.is_none() => Serves::Unknown,
            Some(_) => Serves::Yes,
        };
        let naming = |entry: &&PeerEntry| {
            let names = |(epoch, said): &(_, Addr)| *epoch == group.config_epoch && self.means(said, addr);
            !entry.down.is_down() && entry.config.as_ref().is_some_and(names)
        };
        let adherents = group.peers.values().filter(naming).count() + usize::from(is_ours);
        Standing {
            serves,
            holds_data: node.is_none_or(|n| n.info.keys != Some(0) && !n.info.amnesiac),
            adherents: u32::try_from(adherents).unwrap_or(u32::MAX),
            is_ours,
        }
    }
}
