//! Broken behaviours, to prove that the invariants notice them.
//!
//! Most are done to what goes into a core or comes out of it, as a broken core would have done it to itself.

use bongsu_sentinel_core::{Action, Epoch, HookVerdict, InfoReport, Input, LinkId, Reply, Request, Role};

use crate::units::SEC;
use crate::world::{Pid, World};

/// A broken behaviour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Mutant {
    /// Reports a save as done without doing it.
    SkipSave,
    /// Comes back from a restart without its epochs.
    ForgetOnRestart,
    /// Votes for everybody who asks.
    VoteTwice,
    /// Takes every answer to a request for a vote as a vote for itself.
    ForgetMajority,
    /// Holds a master to be down as soon as a single peer answers anything.
    ForgetQuorum,
    /// Asks for votes in an epoch that it has used before.
    ReuseEpoch,
    /// Announces epochs that are one too low now and then.
    EpochGoesBack,
    /// Takes every hello for newer than what it knows.
    IgnoreConfigEpoch,
    /// Holds a replica that never synchronised to be a good one.
    PromoteNeverSynced,
    /// Prefers the replica that has less.
    PromoteEmptier,
    /// Promotes another replica than the one it selected.
    PromoteUnselected,
    /// Hands over without pausing the writes.
    SkipPause,
    /// Does not notice that it stood still.
    StaleTime,
    /// Never tells a replica to follow the new master.
    NeverRepoint,
    /// Announces a master that it just made up.
    MalformedHello,
    /// Takes a master that lost its data for one that has none yet.
    TrustAmnesiac,
    /// Holds every restarted master to have lost its data.
    CryAmnesia,
    /// Tells a master without its data to go on without asking the replicas.
    HastyAmnesiac,
    /// Grants a lease though somebody else has one.
    ForgetLease,
    /// Holds an address with the lease of a single sentinel.
    LeaseOfOne,
    /// Counts a lease from when the answer comes.
    LeaseFromAnswer,
    /// Writes to a store whatever that holds by then.
    PublishBlindly,
    /// Takes every store for empty.
    PublishUnread,
    /// Never looks at a store again once it has been right.
    PublishOnce,
    /// Leaves a store alone that somebody else was to write to.
    PublishAsLeaderOnly,
    /// Goes on against a veto.
    IgnoreVeto,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::SkipSave,
        Self::ForgetOnRestart,
        Self::VoteTwice,
        Self::ForgetMajority,
        Self::ForgetQuorum,
        Self::ReuseEpoch,
        Self::EpochGoesBack,
        Self::IgnoreConfigEpoch,
        Self::PromoteNeverSynced,
        Self::PromoteEmptier,
        Self::PromoteUnselected,
        Self::SkipPause,
        Self::StaleTime,
        Self::NeverRepoint,
        Self::MalformedHello,
        Self::TrustAmnesiac,
        Self::CryAmnesia,
        Self::HastyAmnesiac,
        Self::ForgetLease,
        Self::LeaseOfOne,
        Self::LeaseFromAnswer,
        Self::PublishBlindly,
        Self::PublishUnread,
        Self::PublishOnce,
        Self::PublishAsLeaderOnly,
        Self::IgnoreVeto,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SkipSave => "skip-save",
            Self::ForgetOnRestart => "forget-on-restart",
            Self::VoteTwice => "vote-twice",
            Self::ForgetMajority => "forget-majority",
            Self::ForgetQuorum => "forget-quorum",
            Self::ReuseEpoch => "reuse-epoch",
            Self::EpochGoesBack => "epoch-goes-back",
            Self::IgnoreConfigEpoch => "ignore-config-epoch",
            Self::PromoteNeverSynced => "promote-never-synced",
            Self::PromoteEmptier => "promote-emptier",
            Self::PromoteUnselected => "promote-unselected",
            Self::SkipPause => "skip-pause",
            Self::StaleTime => "stale-time",
            Self::NeverRepoint => "never-repoint",
            Self::MalformedHello => "malformed-hello",
            Self::TrustAmnesiac => "trust-amnesiac",
            Self::CryAmnesia => "cry-amnesia",
            Self::HastyAmnesiac => "hasty-amnesiac",
            Self::ForgetLease => "forget-lease",
            Self::LeaseOfOne => "lease-of-one",
            Self::LeaseFromAnswer => "lease-from-answer",
            Self::PublishBlindly => "publish-blindly",
            Self::PublishUnread => "publish-unread",
            Self::PublishOnce => "publish-once",
            Self::PublishAsLeaderOnly => "publish-as-leader-only",
            Self::IgnoreVeto => "ignore-veto",
        }
    }

    /// The mutant of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }
}

impl World {
    /// What a mutant makes of an input.
    pub(crate) fn mutate_input(&mut self, pid: Pid, input: Input) -> Input {
        let Some(mutant) = self.mutant else { return input };
        let Some(id) = self.run_id(pid) else { return input };
        match (mutant, input) {
            (Mutant::IgnoreVeto, Input::HooksAnswered { group, epoch, .. }) => {
                Input::HooksAnswered { group, epoch, verdict: HookVerdict::Go }
            }
            (Mutant::ForgetMajority, Input::Reply { link, id: ask, reply: Reply::Vote(mut vote) }) => {
                let epoch =
                    self.core_node(pid).and_then(|n| n.core.as_ref()).map_or(Epoch::ZERO, |c| c.current_epoch());
                vote.leader = Some((id, epoch));
                Input::Reply { link, id: ask, reply: Reply::Vote(vote) }
            }
            (Mutant::ForgetQuorum, Input::Reply { link, id: ask, reply: Reply::Vote(mut vote) }) => {
                vote.down = true;
                Input::Reply { link, id: ask, reply: Reply::Vote(vote) }
            }
            (Mutant::IgnoreConfigEpoch, Input::Hello { via, mut hello }) => {
                let core = self.core_node(pid).and_then(|n| n.core.as_ref());
                let known = core.and_then(|c| c.group(bongsu_sentinel_core::Time::ZERO, hello.group.as_str()));
                if let Some(group) = known.filter(|g| !g.current_addr.same_place(&hello.master)) {
                    hello.config_epoch = hello.config_epoch.max(group.config_epoch.next());
                    hello.current_epoch = hello.current_epoch.max(hello.config_epoch);
                }
                Input::Hello { via, hello }
            }
            (
                Mutant::TrustAmnesiac | Mutant::CryAmnesia | Mutant::HastyAmnesiac,
                Input::Reply { link, id: ask, reply: Reply::Info(mut report) },
            ) => {
                let seen = self.master_behind(pid, link, &report);
                misremember(mutant, seen, &mut report);
                Input::Reply { link, id: ask, reply: Reply::Info(report) }
            }
            (Mutant::PromoteNeverSynced | Mutant::PromoteEmptier, Input::Reply { link, id: ask, reply }) => {
                Input::Reply { link, id: ask, reply: embellish(mutant, reply) }
            }
            (_, input) => input,
        }
    }

    /// What a mutant makes of an action; `None` if it is left undone.
    pub(crate) fn mutate_action(&mut self, pid: Pid, action: Action) -> Option<Action> {
        let Some(mutant) = self.mutant else { return Some(action) };
        match (mutant, action) {
            (Mutant::VoteTwice, Action::AnswerVote { call, mut reply }) => {
                if let Some((candidate, epoch)) = self.candidate_of(pid, call) {
                    reply.leader = Some((candidate, epoch));
                }
                Some(Action::AnswerVote { call, reply })
            }
            (Mutant::ReuseEpoch, Action::Send { link, id, request: Request::AskDown { addr, epoch, candidate } }) => {
                let epoch = if candidate.is_some() { Epoch(epoch.0.saturating_sub(1).max(1)) } else { epoch };
                Some(Action::Send { link, id, request: Request::AskDown { addr, epoch, candidate } })
            }
            (Mutant::EpochGoesBack, Action::Send { link, id, request: Request::Hello(mut out) }) => {
                if self.rng.chance(1, 50) {
                    out.current_epoch = Epoch(out.current_epoch.0.saturating_sub(1));
                }
                Some(Action::Send { link, id, request: Request::Hello(out) })
            }
            (Mutant::MalformedHello, Action::Send { link, id, request: Request::Hello(mut out) }) => {
                out.master = out.master.with_port(0);
                Some(Action::Send { link, id, request: Request::Hello(out) })
            }
            (Mutant::SkipPause, Action::Send { link, id, request: Request::PauseWrites { .. } }) => {
                Some(Action::Send { link, id, request: Request::Unpause })
            }
            (Mutant::PromoteUnselected, Action::Send { link, id, request }) => {
                let promotes = matches!(request, Request::Reconfigure { to: None, .. });
                let link = if promotes { self.other_replica(pid, link) } else { link };
                Some(Action::Send { link, id, request })
            }
            (Mutant::NeverRepoint, Action::Send { link, id, request: Request::Reconfigure { to: Some(_), .. } }) => {
                Some(Action::Send { link, id, request: Request::Ping })
            }
            (_, action) => Some(action),
        }
    }
}

impl World {
    fn master_behind(&self, pid: Pid, link: LinkId, report: &InfoReport) -> Seen {
        let core = self.core_node(pid).and_then(|n| n.core.as_ref());
        let node = self.core_node(pid).and_then(|n| n.command_link(link)).and_then(|c| self.net.conn(c).server());
        let name = node.filter(|n| self.is_data(*n)).map(|n| &self.groups[self.data(n).group].name);
        let group = core.zip(name).and_then(|(c, name)| c.group(bongsu_sentinel_core::Time::ZERO, name.as_str()));
        let instance = group.map(|g| g.master.instance);
        Seen {
            restarted: instance
                .as_ref()
                .is_some_and(|i| i.link == link && i.run_id.is_some() && i.run_id != report.run_id),
            beside_amnesiac: instance.is_some_and(|i| i.flags.contains("amnesia")),
        }
    }

    /// The link to another data node than that behind this one, if there is any.
    fn other_replica(&self, pid: Pid, link: LinkId) -> LinkId {
        let Some(node) = self.core_node(pid) else { return link };
        let behind = |l: LinkId| node.command_link(l).and_then(|c| self.net.conn(c).server());
        let Some(chosen) = behind(link).filter(|p| self.is_data(*p)) else { return link };
        let siblings = &self.groups[self.data(chosen).group].nodes;
        let mut links = node.command_links();
        links.find(|l| behind(*l).is_some_and(|p| p != chosen && siblings.contains(&p))).unwrap_or(link)
    }

    /// A core that does not notice that it stood still lives through the lost time as if it had been awake.
    pub(crate) fn sleepwalk(&mut self, pid: Pid, stalled_us: u64) {
        if self.mutant != Some(Mutant::StaleTime) {
            return;
        }
        let mut at_us = self.now_us - stalled_us;
        while at_us < self.now_us {
            self.feed_core_at(pid, at_us, Input::Tick);
            at_us += SEC;
        }
    }
}

/// What a mutant needs to know of where an INFO comes from.
struct Seen {
    /// The group's master is another process than before.
    restarted: bool,
    /// The master of the group is held to have lost its data.
    beside_amnesiac: bool,
}

/// What a sentinel without an understanding of amnesia, or with too much of it, makes of an INFO.
fn misremember(mutant: Mutant, seen: Seen, report: &mut InfoReport) {
    match mutant {
        Mutant::TrustAmnesiac => {
            report.amnesiac = false;
            report.run_id = None;
        }
        Mutant::CryAmnesia if seen.restarted => {
            report.replid2 = None;
            report.keys = Some(0);
            report.loading = false;
        }
        Mutant::HastyAmnesiac if seen.beside_amnesiac && report.role == Some(Role::Replica) => {
            report.keys = Some(0);
            report.master_link_up = false;
            report.replica_offset = Some(0);
        }
        _ => {}
    }
}

fn embellish(mutant: Mutant, reply: Reply) -> Reply {
    let Reply::Info(mut report) = reply else { return reply };
    if report.role == Some(Role::Replica) {
        if mutant == Mutant::PromoteNeverSynced {
            report.never_synced = false;
        } else {
            report.replica_offset = report.replica_offset.map(|o| 1_000_000_000 - o.min(1_000_000_000));
        }
    }
    Reply::Info(report)
}
