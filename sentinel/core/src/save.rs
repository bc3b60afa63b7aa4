//! Persist before send: which save makes what durable, and what waits for it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::action::{Action, SaveNeed};
use crate::group::Group;
use crate::input::VoteReply;
use crate::machine::Sentinel;
use crate::options::{Decisive, Durable, GroupSpec};
use crate::reason::Reason;
use crate::time::Time;
use crate::types::{CallId, Epoch, GroupId, SaveSeq};

/// Answers to vote calls that may wait for a save at the same time. More calls than this are answered without a vote:
/// every peer has at most one call per group outstanding.
const MAX_HELD_ANSWERS: usize = 10_000;

/// Saves that are kept count of while they are outstanding. They are answered in turn; more are outstanding only where the disk
/// does not answer, and then the latest matter.
const MAX_OUTSTANDING: usize = 10_000;

/// Bookkeeping of saves.
#[derive(Debug)]
pub(crate) struct Saves {
    last: SaveSeq,
    durable: SaveSeq,
    durable_epoch: Epoch,
    /// The current epoch when each outstanding save was asked for, and when that was.
    epochs: VecDeque<(SaveSeq, Epoch, Option<Time>)>,
    /// How long urgent saves have been taking lately.
    latency: Duration,
    held: VecDeque<(SaveSeq, CallId, VoteReply)>,
    failing: bool,
}

impl Saves {
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self {
            last: SaveSeq(0),
            durable: SaveSeq(0),
            durable_epoch: epoch,
            epochs: VecDeque::new(),
            latency: Duration::ZERO,
            held: VecDeque::new(),
            failing: false,
        }
    }

    pub(crate) const fn is_failing(&self) -> bool {
        self.failing
    }

    /// How long urgent saves have been taking lately.
    pub(crate) const fn latency(&self) -> Duration {
        self.latency
    }

    pub(crate) fn covers(&self, seq: SaveSeq) -> bool {
        self.durable >= seq
    }
}

impl Sentinel {
    /// Asks for a save and says which one it is. What is changed before this call is part of it.
    pub fn save(&mut self, need: SaveNeed) -> SaveSeq {
        let seq = SaveSeq(self.saves.last.0 + 1);
        self.saves.last = seq;
        let asked = (need != SaveNeed::Sometime).then_some(self.present());
        if self.saves.epochs.len() >= MAX_OUTSTANDING {
            // The disk does not answer: what becomes durable then is at least what this one knew.
            self.saves.epochs.pop_front();
        }
        self.saves.epochs.push_back((seq, self.current_epoch, asked));
        self.actions.push_back(Action::Save { seq, need });
        seq
    }

    /// The highest epoch that would survive a crash; the only one that others may hear of.
    pub(crate) const fn durable_epoch(&self) -> Epoch {
        self.saves.durable_epoch
    }

    /// Answers a vote call once `after` is durable.
    pub(crate) fn answer_vote(&mut self, call: CallId, after: SaveSeq, reply: VoteReply) {
        if self.saves.covers(after) || reply.leader.is_none() {
            self.actions.push_back(Action::AnswerVote { call, reply });
        } else if self.saves.failing || self.saves.held.len() >= MAX_HELD_ANSWERS {
            self.actions.push_back(Action::AnswerVote { call, reply: VoteReply { leader: None, ..reply } });
        } else {
            self.saves.held.push_back((after, call, reply));
        }
    }

    pub(crate) fn on_saved(&mut self, now: Time, seq: SaveSeq) {
        let seq = seq.min(self.saves.last);
        if seq <= self.saves.durable {
            return;
        }
        self.saves.durable = seq;
        self.saves.failing = false;
        let mut slowest = Duration::ZERO;
        while let Some((_, epoch, asked)) = self.saves.epochs.pop_front_if(|(s, ..)| *s <= seq) {
            self.saves.durable_epoch = self.saves.durable_epoch.max(epoch);
            slowest = slowest.max(asked.map_or(Duration::ZERO, |t| now.since(t)));
        }
        // Rises at once, forgets slowly.
        self.saves.latency = slowest.max(self.saves.latency * 3 / 4);
        for (after, call, reply) in std::mem::take(&mut self.saves.held) {
            self.answer_vote(call, after, reply);
        }
        self.run_waiting_groups(now);
    }

    pub(crate) fn on_save_failed(&mut self, now: Time, seq: SaveSeq) {
        if seq <= self.saves.durable {
            return;
        }
        let newly = !std::mem::replace(&mut self.saves.failing, true);
        for (_, call, reply) in std::mem::take(&mut self.saves.held) {
            self.actions.push_back(Action::AnswerVote { call, reply: VoteReply { leader: None, ..reply } });
        }
        if newly {
            let groups: Vec<_> = self.groups.ids().collect();
            for group in groups {
                self.record(now, group, Reason::DiskFailing);
            }
        }
        self.run_waiting_groups(now);
    }

    /// Groups in which something is to be decided may have been waiting for the disk.
    fn run_waiting_groups(&mut self, now: Time) {
        let is_undecided = |g: &Group| g.failover.is_some() || g.odown_since.is_some() || g.rivalry.is_some();
        let waiting: Vec<_> = self.groups.values().filter(|g| is_undecided(g)).map(|g| g.id).collect();
        for group in waiting {
            self.run_group(now, group);
        }
        let is_news = |g: &Group| (g.announce_pending || g.durable_pending) && self.may_be_told(g);
        let news: Vec<_> = self.groups.values().filter(|g| is_news(g)).map(|g| (g.id, g.announce_pending)).collect();
        for (group, announce) in news {
            if announce {
                self.announce(now, group);
            }
            self.tell_durable(group);
        }
    }

    /// What a sentinel must never forget of a group, as of now. `None` if the group is gone.
    pub fn decisive(&self, id: GroupId) -> Option<Decisive> {
        let group = self.groups.get(id)?;
        Some(Decisive {
            group: group.name.clone(),
            current_epoch: self.current_epoch,
            leader_epoch: group.leader_epoch,
            config_epoch: group.config_epoch,
            master: self.master_of(group)?.addr.clone(),
        })
    }

    /// What must survive a restart, as of now.
    pub fn durable(&self) -> Durable {
        let groups = self.groups.values().filter_map(|g| {
            let master = self.nodes.get(g.master)?.addr.clone();
            let replicas = g.replicas.iter().filter_map(|r| self.nodes.get(*r).map(|n| n.addr.clone())).collect();
            let peers = g.peers.keys().filter_map(|p| self.peers.get(p).map(|peer| (*p, peer.addr.clone()))).collect();
            Some(GroupSpec {
                name: g.name.clone(),
                master,
                options: g.options.clone(),
                config_epoch: g.config_epoch,
                leader_epoch: g.leader_epoch,
                replicas,
                peers,
            })
        });
        Durable { my_id: self.my_id, current_epoch: self.current_epoch, groups: groups.collect() }
    }
}
