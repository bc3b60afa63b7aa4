//! Which replica is promoted, and why not the others.
//!
//! Sentinel's filters first, then those that it lacks: a replica that never finished a synchronisation, an empty one beside a
//! fuller one, and one with a foreign history beside one with the master's are never chosen. Among the rest priority decides
//! between those whose offsets are close, then the offset, then the run id.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::group::{Group, Lineage, Node};
use crate::machine::Sentinel;
use crate::reason::DownCause;
use crate::time::Time;
use crate::types::{NodeId, Role, RunId};
use crate::verdict::{Rejection, Verdict};
use crate::writes::is_write_fault;

/// The outcome of a selection.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) best: Option<NodeId>,
    /// All replicas, the eligible ones first, best first.
    pub(crate) verdicts: Vec<Verdict>,
}

impl Sentinel {
    /// Judges every replica of a group. With `planned` the replica must also be connected to its master.
    pub(crate) fn choose(&self, now: Time, group: &Group, planned: bool) -> Choice {
        let nodes: Vec<&Node> = group.replicas.iter().filter_map(|r| self.nodes.get(*r)).map(Box::as_ref).collect();
        let reference = self.reference(group, &nodes);
        let mut verdicts: Vec<(Verdict, Option<RunId>)> =
            nodes.iter().map(|n| (self.judge_alone(now, group, n, &reference, planned), n.info.run_id)).collect();
        let waits = self.waits_for_data(now, group);
        compare_with_others(&mut verdicts, &nodes, group, waits);
        let best_offset =
            verdicts.iter().filter(|(v, _)| v.rejected.is_none()).map(|(v, _)| v.offset).max().unwrap_or(0);
        let window = group.options.priority_lag_window;
        verdicts.sort_by_key(|(v, run_id)| {
            let near = v.offset.saturating_add(window) >= best_offset;
            // Outside the window the offset decides, inside it the priority.
            (
                v.rejected.is_some(),
                !near,
                if near { v.priority } else { 0 },
                Reverse(v.offset),
                run_id.is_none(),
                *run_id,
                v.node,
            )
        });
        let verdicts: Vec<Verdict> = verdicts.into_iter().map(|(v, _)| v).collect();
        let best = verdicts.first().filter(|v| v.rejected.is_none()).map(|v| v.node);
        Choice { best, verdicts }
    }

    /// The master had data, and somebody who may have them is gone and may come back: promoting an empty node meanwhile would have them
    /// thrown away. Nobody waits for longer than `failover-timeout` after the last of them went.
    fn waits_for_data(&self, now: Time, group: &Group) -> bool {
        let had_data = group.lineage.keys.is_some_and(|k| k > 0);
        let gone = |n: &Node| match n.down.now {
            Some((since, DownCause::Silent(_) | DownCause::ProcessDead(_) | DownCause::StillLoading(_))) => Some(since),
            _ => None,
        };
        let latest = group.members().filter_map(|n| gone(self.nodes.get(n)?)).max();
        had_data && latest.is_some_and(|since| now.since(since) < group.options.failover_timeout)
    }

    /// What candidates are measured against: the master's history as it was last seen, and how far anybody is known to have
    /// followed it. A sentinel that has never seen the master believes most of those that say they followed it.
    fn reference(&self, group: &Group, nodes: &[&Node]) -> Lineage {
        let mut reference = group.lineage;
        if reference.replid.is_none() {
            let followers = nodes.iter().filter(|n| !n.down.is_down() && !self.follows_wrong_master(group, n));
            let mut said: BTreeMap<RunId, u32> = BTreeMap::new();
            followers.filter_map(|n| n.info.replid).for_each(|replid| *said.entry(replid).or_default() += 1);
            let most = said.values().max().copied();
            let mut usual = said.into_iter().filter(|(_, count)| Some(*count) == most);
            reference.replid = usual.next().map(|(replid, _)| replid).filter(|_| usual.next().is_none());
        }
        let sharing = nodes.iter().filter(|n| !n.down.is_down() && shares_history(&reference, n));
        let farthest = sharing.map(|n| n.offset()).max();
        reference.offset = reference.offset.map(|offset| farthest.map_or(offset, |far| far.max(offset)));
        reference
    }

    fn judge_alone(&self, now: Time, group: &Group, node: &Node, reference: &Lineage, planned: bool) -> Verdict {
        let offset = node.offset();
        let same_history = shares_history(reference, node);
        Verdict {
            node: node.id,
            addr: node.addr.clone(),
            rejected: self.rejection(now, group, node, planned),
            same_history,
            priority: node.priority(),
            offset,
            lag_bytes: reference.offset.filter(|_| same_history).map(|o| o.saturating_sub(offset)),
        }
    }

    fn rejection(&self, now: Time, group: &Group, node: &Node, planned: bool) -> Option<Rejection> {
        let master_down = self.master_of(group).and_then(|m| m.down.now).map(|(t, _)| now.since(t));
        let ping = self.tunables.ping_period;
        if node.down.is_down() {
            return Some(Rejection::Down);
        }
        if !node.link.command.is_up() {
            return Some(Rejection::Disconnected);
        }
        let silent = now.since(node.link.last_avail);
        if silent > ping * 5 {
            return Some(Rejection::StalePing(silent));
        }
        let write_fault =
            self.master_of(group).and_then(|m| m.down.now).is_some_and(|(_, cause)| is_write_fault(cause));
        if let Some(rejection) = node.writes.rejection(now).filter(|_| write_fault) {
            return Some(rejection);
        }
        if node.info.priority == Some(0) {
            return Some(Rejection::PriorityZero);
        }
        let info_limit = if master_down.is_some() { ping * 5 } else { self.tunables.info_period * 3 };
        if node.info_age(now).is_none_or(|age| age > info_limit) {
            return Some(Rejection::StaleInfo(node.info_age(now)));
        }
        if node.info.amnesiac {
            return Some(Rejection::Amnesiac);
        }
        let headless =
            self.master_of(group).is_some_and(|m| m.role_reported == Role::Replica) || Self::is_master_amnesiac(group);
        if node.role_reported == Role::Master {
            // One that a leader promoted before it died itself continues the master's history: it is as good as any.
            // So is any while the group's master says that it is a replica, or that it lost its data: where it went, and whether that is better, the
            // comparison shows.
            let promoted = group.lineage.replid.is_some() && node.info.replid2 == group.lineage.replid;
            return (planned || !(promoted || headless)).then_some(Rejection::NotAReplica);
        }
        if node.never_synced() {
            return Some(Rejection::NeverSynced);
        }
        let link_down =
            if node.info.master_link_up { Duration::ZERO } else { node.info.master_link_down.unwrap_or_default() };
        let allowed = master_down.unwrap_or_default() + group.options.down_after * 10;
        // While the master itself is a replica, or waits to be told what to be, there is nobody that a replica could be connected to.
        if (link_down > allowed && !headless) || (planned && !node.info.master_link_up) {
            return Some(Rejection::LinkDownTooLong(link_down));
        }
        None
    }
}

/// Filters that need the other replicas: emptiness, history, distance.
fn compare_with_others(
    verdicts: &mut [(Verdict, Option<RunId>)],
    nodes: &[&Node],
    group: &Group,
    waits_for_data: bool,
) {
    let holds_data = |n: &Node| n.info.keys.is_some_and(|k| k > 0);
    let any_data = nodes.iter().any(|n| holds_data(n) && !n.down.is_down());
    // A flush that has reached some replicas before others leaves no data of another history: that comes of a master that was
    // started empty.
    let other_data =
        std::iter::zip(&*verdicts, nodes).any(|((v, _), n)| !v.same_history && holds_data(n) && !n.down.is_down());
    for ((verdict, _), node) in verdicts.iter_mut().zip(nodes).filter(|((v, _), _)| v.rejected.is_none()) {
        let flushed = verdict.same_history && verdict.lag_bytes == Some(0) && !other_data;
        let lacks_data = any_data || (waits_for_data && !verdict.same_history);
        if lacks_data && node.info.keys == Some(0) && !flushed {
            verdict.rejected = Some(Rejection::Empty);
        }
    }
    let any_same_history = verdicts.iter().any(|(v, _)| v.rejected.is_none() && v.same_history);
    for (verdict, _) in verdicts.iter_mut().filter(|(v, _)| v.rejected.is_none()) {
        if any_same_history && !verdict.same_history {
            verdict.rejected = Some(Rejection::ForeignHistory);
        } else if let (Some(lag), Some(limit)) = (verdict.lag_bytes, group.options.max_lag_on_failover)
            && lag > limit
        {
            verdict.rejected = Some(Rejection::TooFarBehind(lag));
        }
    }
}

/// True if the replica's history is the master's as it was last seen, or if that was never seen.
fn shares_history(reference: &Lineage, node: &Node) -> bool {
    let known = [reference.replid, reference.replid2];
    if known[0].is_none() {
        return true;
    }
    match node.info.replid {
        // Servers before PSYNC2 do not say; they are not held against it.
        None => true,
        own => known.contains(&own) || (node.info.replid2.is_some() && node.info.replid2 == known[0]),
    }
}
