//! Votes: one per epoch, durable before the answer leaves.

use std::time::Duration;

use crate::action::SaveNeed;
use crate::event::Level;
use crate::input::VoteReply;
use crate::machine::Sentinel;
use crate::reason::{HoldCause, Reason, RefusalCause};
use crate::time::Time;
use crate::types::{Addr, CallId, Epoch, GroupId, RunId, SaveSeq};

impl Sentinel {
    /// `SENTINEL IS-MASTER-DOWN-BY-ADDR`: our opinion, and our vote if one is asked for.
    pub(crate) fn on_vote_call(
        &mut self,
        now: Time,
        call: CallId,
        addr: &Addr,
        epoch: Epoch,
        candidate: Option<RunId>,
    ) {
        let found = self
            .groups
            .values()
            .find_map(|g| self.master_of(g).filter(|m| m.addr.same_place(addr)).map(|m| (g.id, m.down.is_down())));
        let Some((group, down)) = found else {
            return self.answer_vote(call, SaveSeq(0), VoteReply { down: false, leader: None });
        };
        let down = down && !self.tilt.is_on();
        let Some(candidate) = candidate.filter(|_| epoch.is_credible(self.current_epoch)) else {
            return self.answer_vote(call, SaveSeq(0), VoteReply { down, leader: None });
        };
        self.vote(now, group, candidate, epoch);
        let Some(g) = self.groups.get(group) else { return };
        let leader = g.leader.map(|l| (l, g.leader_epoch));
        let after = g.vote_saved_by;
        self.answer_vote(call, after, VoteReply { down, leader });
        self.run_group(now, group);
    }

    /// Votes for `candidate` in `epoch` unless the vote of that epoch is given or a higher epoch is known.
    pub(crate) fn vote(&mut self, now: Time, id: GroupId, candidate: RunId, epoch: Epoch) {
        let refused = |cause| Reason::VoteRefused { candidate, asked: epoch, cause };
        if self.saves.is_failing() {
            return self.record(now, id, refused(RefusalCause::DiskFailing));
        }
        self.raise_epoch(id, epoch, true);
        let current = self.current_epoch;
        let Some(group) = self.groups.get_mut(id) else { return };
        // A configuration of that epoch or a later one exists, so somebody has won it.
        if current > epoch || group.config_epoch >= epoch {
            let newest = current.max(group.config_epoch);
            return self.record(now, id, refused(RefusalCause::OldEpoch(newest)));
        }
        if group.leader_epoch >= epoch {
            let cause = group.leader.map_or(RefusalCause::OldEpoch(group.leader_epoch), RefusalCause::AlreadyVoted);
            if group.leader != Some(candidate) {
                self.record(now, id, refused(cause));
            }
            return;
        }
        group.leader = Some(candidate);
        group.leader_epoch = epoch;
        let seq = self.save(SaveNeed::Group(id));
        if let Some(group) = self.groups.get_mut(id) {
            group.vote_saved_by = seq;
        }
        self.tell_group(id, "+vote-for-leader", Level::Warning, format!("{candidate} {epoch}"));
        self.record(now, id, Reason::Voted { leader: candidate, epoch });
        if candidate != self.my_id {
            self.yield_to(now, id, candidate);
        }
    }

    /// Adopts a higher epoch.
    pub(crate) fn raise_epoch(&mut self, group: GroupId, epoch: Epoch, urgent: bool) {
        if epoch > self.current_epoch {
            self.current_epoch = epoch;
            self.save(if urgent { SaveNeed::Group(group) } else { SaveNeed::Sometime });
            self.tell_group(group, "+new-epoch", Level::Warning, epoch.to_string());
        }
    }

    /// Gives the sentinel that we voted for the time to do its work.
    pub(crate) fn yield_to(&mut self, now: Time, id: GroupId, leader: RunId) {
        let jitter = self.rng.up_to(Duration::from_secs(1));
        let election = self.tunables.election_timeout;
        if let Some(group) = self.groups.get_mut(id) {
            let until = now + election.min(group.options.failover_timeout) + jitter;
            group.hold = Some((until, HoldCause::VotedForOther(leader)));
            group.hold_told = false;
        }
    }
}
