//! A master that comes back without its data, and what is done before its replicas throw theirs away.
//!
//! A data server that is restarted without its data answers at once, so that no silence is ever noticed; its replicas ask for a full
//! copy of nothing and take it. What shows is INFO: another run id, and less than before. Such a master is *doubted*: what it was
//! before stays the history that candidates are measured against. It is *convicted* (`+amnesia`, sdown, and odown as soon as a
//! quorum sees the same) while a replica that could be promoted holds more of the old history than it does. Nothing of this is on
//! the wire: a sentinel that convicts answers 1 to `IS-MASTER-DOWN-BY-ADDR`, and one that does not know of amnesia answers what it
//! sees, so that the quorum decides as ever.
//!
//! # What a restarted master says, and what follows
//! "Old" is the `master_replid` under which it was last seen. Our own server keeps its history through restarts with RDB and with
//! AOF, and says `dataset_state:amnesia` where it knows that it lost it; Redis 7 and Valkey 8 say what the table says.
//!
//! | restart | `master_replid2` | offset | keys | judged by | replica that convicts |
//! |---|---|---|---|---|---|
//! | no persistence; RDB or AOF deleted; disk lost | none | 0 | 0 | keys | the old history with keys |
//! | clean, RDB | old | all | all | offset | none can be ahead: no failover |
//! | killed, RDB of an earlier time; older RDB restored | old | of the RDB | of the RDB | offset | the old history, further on |
//! | RDB that was saved before there was a replica | none | 0 | of the RDB | keys | the old history, if over half are gone |
//! | AOF, clean or killed | none | 0 | all | keys | none: the keys are there |
//! | AOF of an earlier time restored | none | 0 | of the AOF | keys | the old history, if over half are gone |
//! | FLUSHALL, however long unseen | same process | on | 0 | not doubted | - |
//! | FLUSHALL, then a clean restart | old | all | 0 | offset | none can be ahead |
//! | another server at its address | none | any | any | keys | the old history, if it has less than half |
//! | our server, data lost | - | - | - | its own word | any replica with data |
//! | the group's master made a replica by an operator | - | - | - | not doubted: it says that it is a replica | - |
//! | loading | - | - | - | not judged before it is done | - |
//!
//! A chained replica counts like any other. Of two amnesiacs one is the doubted master, and the other, a replica, is empty and
//! convicts nobody.
//!
//! # Nobody is left without a master
//! A conviction needs a replica that can be promoted. Where there is none, as after a restart of all nodes without data, the
//! master is believed after `down-after`; and a conviction that leads to nothing ends after `failover-timeout`. An own server that
//! says that it lost its data serves nobody until it is told what to be. Meanwhile any node with data is a candidate, one that says
//! that it is a master too. The leader of a failover that finds nobody to promote tells the amnesiac to be master, at once if every
//! other node has said that it is empty, and else after `failover-timeout`.

use std::time::Duration;

use crate::action::Request;
use crate::event::Level;
use crate::group::{Group, Lineage, Node};
use crate::input::InfoReport;
use crate::link::{Chan, Purpose};
use crate::machine::Sentinel;
use crate::reason::{DownCause, Loss, Reason};
use crate::time::Time;
use crate::types::{GroupId, NodeId, Role, RunId};

/// A dataset of unknown history that has fewer than one in this many of the keys known before is another one. Expiry takes some
/// keys during a restart; half of them is more than that.
const KEPT_SHARE: u64 = 2;

/// The master is another process than the one that was seen with its data, and has less than that one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubt {
    pub(crate) since: Time,
    process: Option<RunId>,
    pub(crate) loss: Loss,
    /// A replica that could be promoted has what it lost.
    pub(crate) convicted: bool,
}

impl Lineage {
    /// What a report of a master says of its history.
    pub(crate) const fn of(info: &InfoReport) -> Self {
        Self {
            run_id: info.run_id,
            replid: info.replid,
            replid2: info.replid2,
            offset: info.master_offset,
            keys: info.keys,
        }
    }

    /// What a restarted master may have lost; `None` if it has everything, or if that cannot be said.
    fn loss(&self, info: &InfoReport) -> Option<Loss> {
        let old = self.replid?;
        let new = info.replid?;
        if info.replid2 == Some(old) {
            return info.second_offset.map(|at| Loss::Tail { kept: at.saturating_sub(1) });
        }
        if new == old {
            let kept = info.master_offset?;
            return self.offset.is_some_and(|seen| kept < seen).then_some(Loss::Tail { kept });
        }
        let (before, left) = (self.keys?, info.keys?);
        (left < before.div_ceil(KEPT_SHARE)).then_some(Loss::Keys { left })
    }
}

impl Sentinel {
    /// Takes in what the group's master says of its history, or begins to doubt it.
    pub(crate) fn note_history(&mut self, now: Time, id: GroupId, info: &InfoReport) {
        let Some(group) = self.groups.get_mut(id) else { return };
        if info.role != Some(Role::Master) || (info.loading && !info.amnesiac) {
            return;
        }
        let same_process = group.doubt.is_some_and(|d| d.process == info.run_id);
        let known = group.lineage;
        let loss = match group.doubt {
            _ if info.amnesiac => Some(Loss::Admitted),
            Some(doubt) if same_process => (doubt.loss != Loss::Admitted).then_some(doubt.loss),
            _ if known.run_id.is_none() || known.run_id == info.run_id => None,
            _ => known.loss(info),
        };
        match loss {
            None => self.believe_master(id, info),
            Some(_) if same_process => {}
            Some(loss) => {
                let convicted = group.doubt.is_some_and(|d| d.convicted);
                group.doubt = Some(Doubt { since: now, process: info.run_id, loss, convicted });
                self.ask_replicas(now, id);
            }
        }
    }

    fn believe_master(&mut self, id: GroupId, info: &InfoReport) {
        let Some(group) = self.groups.get_mut(id) else { return };
        if info.replid.is_some() && info.role == Some(Role::Master) && !info.loading {
            group.lineage = Lineage::of(info);
        }
        self.end_doubt(id);
    }

    /// This process stood still: nobody else had that time to show what they have.
    pub(crate) fn forgive_doubt(&mut self, now: Time, id: GroupId) {
        if let Some(doubt) = self.groups.get_mut(id).and_then(|group| group.doubt.as_mut()) {
            doubt.since = now;
            self.ask_replicas(now, id);
        }
    }

    fn end_doubt(&mut self, id: GroupId) {
        let ended = self.groups.get_mut(id).and_then(|g| g.doubt.take());
        if ended.is_some_and(|d| d.convicted) {
            self.tell_master(id, "-amnesia", Level::Warning, "");
        }
    }

    /// Convicts the doubted master, acquits it, or ends the doubt.
    pub(crate) fn check_doubt(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(doubt) = group.doubt else { return };
        let convicted =
            group.options.amnesia_failover && (doubt.loss == Loss::Admitted || self.holds_more(now, group, doubt.loss));
        if Self::doubt_ends(group, &doubt, convicted).is_some_and(|end| end <= now) {
            let info = self.master_of(group).map(|m| m.info.clone());
            return info.into_iter().for_each(|info| self.believe_master(id, &info));
        }
        if convicted == doubt.convicted {
            return;
        }
        if let Some(group) = self.groups.get_mut(id) {
            group.doubt = Some(Doubt { convicted, ..doubt });
        }
        let name = if convicted { "+amnesia" } else { "-amnesia" };
        self.tell_master(id, name, Level::Warning, "");
    }

    /// When the master is believed whatever it lost. One that serves nobody is not.
    fn doubt_ends(group: &Group, doubt: &Doubt, convicted: bool) -> Option<Time> {
        let options = &group.options;
        let limit = if convicted { options.failover_timeout.max(options.down_after) } else { options.down_after };
        (doubt.loss != Loss::Admitted).then(|| doubt.since + limit)
    }

    /// When the doubt wants to be looked at again, if there is one.
    pub(crate) fn next_doubt_deadline(&self, group: &Group) -> Option<Time> {
        let doubt = group.doubt?;
        Self::doubt_ends(group, &doubt, doubt.convicted)
    }

    /// A replica that could be promoted has more of the old history than the master has left. What it said before the restart does not
    /// count: it may have thrown its data away since.
    fn holds_more(&self, now: Time, group: &Group, loss: Loss) -> bool {
        let since = group.doubt.map_or(now, |d| d.since);
        let more = |n: &Node| match loss {
            Loss::Tail { kept } => n.info.replid == group.lineage.replid && n.offset() > kept,
            Loss::Keys { left } => n.info.keys.is_some_and(|k| k > left),
            Loss::Admitted => true,
        };
        let fit = self.choose(now, group, false).verdicts.into_iter().filter(|v| v.rejected.is_none());
        fit.filter(|v| v.same_history)
            .filter_map(|v| self.nodes.get(v.node))
            .any(|n| n.info_at.is_some_and(|t| t >= since) && more(n))
    }

    /// Why the group's master counts as down although it answers.
    pub(crate) fn amnesia_of(group: &Group, node: &Node) -> Option<DownCause> {
        let doubt = group.doubt.filter(|d| d.convicted && group.master == node.id)?;
        Some(DownCause::Amnesia(doubt.loss))
    }

    /// The group's master knows that it lost its data: whoever has any is better.
    pub(crate) fn is_master_amnesiac(group: &Group) -> bool {
        group.doubt.is_some_and(|d| d.loss == Loss::Admitted)
    }

    /// A failover found nobody to promote, and nobody serves because an amnesiac is in the way. One node is told to be master with what
    /// it has, at once if no other one has any data, and else when those that may have some had their time.
    pub(crate) fn settle_for_amnesiac(&mut self, now: Time, id: GroupId, asked: Time) {
        let Some(group) = self.groups.get(id) else { return };
        let Some((node, since)) = self.last_resort(group) else { return };
        let others: Vec<&Node> =
            group.members().filter(|n| *n != node).filter_map(|n| self.nodes.get(n)).map(Box::as_ref).collect();
        let is_empty = |n: &&Node| n.info.keys == Some(0) && n.info_at.is_some_and(|t| t >= asked);
        let all_empty = !others.is_empty() && others.iter().all(is_empty);
        if !all_empty && now.since(since) < group.options.failover_timeout {
            return;
        }
        let Some(node) = self.nodes.get(node).filter(|n| n.link.command.is_up()) else { return };
        let (link, addr) = (node.link.id, node.addr.clone());
        self.record(now, id, Reason::LastResort { addr });
        self.send(now, link, Purpose::Other, Request::Reconfigure { to: None, unpause: false });
        self.info_now(now, link);
    }

    /// Who can be made to serve where an amnesiac keeps everybody from it, and since when that is so: the group's master if it is the
    /// amnesiac, or if it follows one and has data; else that one.
    fn last_resort(&self, group: &Group) -> Option<(NodeId, Time)> {
        if let Some(doubt) = group.doubt.filter(|d| d.loss == Loss::Admitted) {
            return Some((group.master, doubt.since));
        }
        let master = self.master_of(group).filter(|m| m.role_reported == Role::Replica)?;
        let (down, _) = master.down.now?;
        let followed = self.nodes.get(self.node_at(group, master.info.master.as_ref()?)?)?;
        let Chan::Up { since } = followed.link.command else { return None };
        let chosen = if master.info.keys == Some(0) { followed.id } else { master.id };
        followed.info.amnesiac.then_some((chosen, down.max(since)))
    }

    fn ask_replicas(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let links: Vec<_> = group.replicas.iter().filter_map(|r| self.nodes.get(*r).map(|n| n.link.id)).collect();
        for link in links {
            self.info_now(now, link);
        }
    }
}

/// How long after a reconnection the master is asked for INFO often: what it restarted with shows when it has loaded.
pub(crate) const RECONNECTED_FOR: Duration = Duration::from_secs(10);
