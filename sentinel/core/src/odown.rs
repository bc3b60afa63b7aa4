//! odown: enough sentinels hold the master to be down. Asking the peers for opinions and for votes.

use std::time::Duration;

use crate::action::Request;
use crate::event::Level;
use crate::group::Group;
use crate::input::VoteReply;
use crate::link::{Owner, Purpose};
use crate::machine::Sentinel;
use crate::reason::Reason;
use crate::time::Time;
use crate::types::{Epoch, GroupId, LinkId, NodeId, RunId};
use crate::view::FailoverState;

/// Peers are asked again after this long while an answer is needed.
const URGENT_ASK: Duration = Duration::from_millis(100);

/// How long after the onset of a master's sdown opinions are asked for urgently; afterwards once per `ask-period`.
const URGENT_FOR: Duration = Duration::from_secs(10);

/// `ask-period`s after which a peer's opinion, and its vote, are forgotten.
const OPINION_PERIODS: u32 = 5;

impl Sentinel {
    /// Recomputes odown from our own view and the peers' opinions.
    pub(crate) fn check_odown(&mut self, now: Time, id: GroupId) {
        let expiry = self.tunables.ask_period * OPINION_PERIODS;
        let my_id = self.my_id;
        let Some(group) = self.groups.get_mut(id) else { return };
        if group.former_voters_until <= now || group.peers.len() + 1 >= group.former_voters as usize {
            group.former_voters = 0;
        }
        for entry in group.peers.values_mut() {
            if entry.opinion_at.is_some_and(|t| now.since(t) > expiry) {
                entry.master_down = false;
                entry.opinion_at = None;
                entry.vote = None;
            }
        }
        let sdown = self.nodes.get(group.master).is_some_and(|m| m.down.is_down());
        let mut witnesses: Vec<RunId> = Vec::new();
        if sdown {
            witnesses.push(my_id);
            witnesses.extend(group.peers.iter().filter(|(_, e)| e.master_down).map(|(id, _)| *id));
        }
        let quorum = group.options.quorum.get();
        let have = u32::try_from(witnesses.len()).unwrap_or(u32::MAX);
        let down = have >= quorum;
        match (group.odown_since, down) {
            (None, true) => {
                group.odown_since = Some(now);
                self.tell_master(id, "+odown", Level::Warning, format!("#quorum {have}/{quorum}"));
                self.record(now, id, Reason::ObjectivelyDown { witnesses, quorum });
            }
            (Some(_), false) => {
                group.odown_since = None;
                self.tell_master(id, "-odown", Level::Warning, "");
            }
            _ => {}
        }
        if !sdown && let Some(group) = self.groups.get_mut(id) {
            group.failed_attempts = 0;
        }
    }

    /// Asks the peers for what is needed now, each of them at most once at a time.
    pub(crate) fn ask_peers(&mut self, now: Time, id: GroupId) {
        let Some(group) = self.groups.get(id) else { return };
        let Some((epoch, candidate)) = self.wanted(group) else { return };
        let Some((master, addr)) = self.master_of(group).map(|m| (m.id, m.addr.clone())) else { return };
        let (period, slow) = (self.ask_period(now, group), self.tunables.ask_period);
        let due: Vec<(RunId, LinkId)> = group
            .peers
            .iter()
            .filter(|(_, e)| e.next_ask <= now)
            .filter_map(|(run_id, _)| self.peers.get(run_id).map(|p| (*run_id, p.link.id)))
            .collect();
        for (run_id, link) in due {
            let vote_in = candidate.map(|_| epoch);
            let purpose = Purpose::Ask { group: id, vote_in, master };
            let in_flight = self.link(link).is_some_and(|l| {
                l.has_pending(|p| p.purpose == purpose && now.since(p.sent) < self.tunables.ask_period)
            });
            if !in_flight && self.room(link) {
                self.send(now, link, purpose, Request::AskDown { addr: addr.clone(), epoch, candidate });
            }
            if let Some(entry) = self.groups.get_mut(id).and_then(|g| g.peers.get_mut(&run_id)) {
                // Who has voted is asked on for its opinion of the master, but in no hurry.
                let answered = candidate.is_some() && entry.answered_in == Some(epoch);
                entry.next_ask = now + if answered { slow } else { period };
            }
        }
    }

    /// What the peers are to be asked for, if anything: an opinion, or a vote once our own is durable.
    fn wanted(&self, group: &Group) -> Option<(Epoch, Option<RunId>)> {
        let sdown = self.master_of(group).is_some_and(|m| m.down.is_down());
        match &group.failover {
            Some(f) if f.state == FailoverState::WaitStart && !f.is_forced() => {
                let durable = group.voted_for(self.my_id, f.epoch) && self.saves.covers(group.vote_saved_by);
                durable.then_some((f.epoch, Some(self.my_id)))
            }
            _ => sdown.then_some((self.durable_epoch(), None)),
        }
    }

    fn ask_period(&self, now: Time, group: &Group) -> Duration {
        let voting = group.failover.as_ref().is_some_and(|f| f.state == FailoverState::WaitStart);
        let since = self.master_of(group).and_then(|m| m.down.now).map(|(t, _)| now.since(t));
        let undecided = group.odown_since.is_none() && since.is_some_and(|d| d < URGENT_FOR);
        if voting || undecided { URGENT_ASK.min(self.tunables.ask_period) } else { self.tunables.ask_period }
    }

    /// When the next peer is due to be asked.
    pub(crate) fn next_ask(&self, group: &Group) -> Option<Time> {
        self.wanted(group)?;
        group.peers.values().map(|e| e.next_ask).min()
    }

    /// Lets every peer be asked at once.
    pub(crate) fn ask_everyone_at(&mut self, now: Time, id: GroupId) {
        if let Some(group) = self.groups.get_mut(id) {
            for entry in group.peers.values_mut() {
                entry.next_ask = now;
            }
        }
    }

    /// A link broke: what was asked on it will not be answered.
    pub(crate) fn forget_asked(&mut self, now: Time, link: LinkId) {
        let Some(Owner::Peer(run_id)) = self.links.get(link).copied() else { return };
        let groups: Vec<_> = self.peers.get(&run_id).map(|p| p.groups.iter().copied().collect()).unwrap_or_default();
        for group in groups {
            if let Some(entry) = self.groups.get_mut(group).and_then(|g| g.peers.get_mut(&run_id)) {
                entry.next_ask = now;
            }
        }
    }

    /// A peer gave its opinion, and its vote if it was asked for one.
    pub(crate) fn on_opinion(
        &mut self,
        now: Time,
        link: LinkId,
        id: GroupId,
        (vote_in, master): (Option<Epoch>, NodeId),
        (asked, answer): (Time, VoteReply),
    ) {
        let Some(Owner::Peer(run_id)) = self.links.get(link).copied() else { return };
        // What was asked of the last master says nothing of the present one.
        let group = self.groups.get_mut(id).filter(|g| g.master == master);
        let Some(entry) = group.and_then(|g| g.peers.get_mut(&run_id)) else { return };
        // An answer that was long under way says how it was when it was asked for, at best.
        entry.opinion_at = Some(asked);
        entry.master_down = answer.down;
        if let Some(epoch) = vote_in {
            entry.answered_in = Some(epoch);
            entry.next_ask = entry.next_ask.max(now + self.tunables.ask_period);
        }
        if let Some((leader, epoch)) = answer.leader
            && entry.vote.is_none_or(|(_, e)| e <= epoch)
        {
            entry.vote = Some((leader, epoch));
        }
        self.run_group(now, id);
    }
}
