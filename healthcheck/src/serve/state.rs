//! What is known at a moment, from which every check is answered.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bongsu_protocol::info::{NodeInfo, NodeRole, ReplicaState};

use super::lag::{History, Sample};
use crate::sentinels::{Agreement, Testimony, Witness, agree};
use crate::{Endpoint, Facts};

/// Most sentinels that are asked: a group has a handful, and a forged list is not to keep us busy.
const SENTINELS_MAX: usize = 64;
/// The part of `down-after-milliseconds` for which an answer of a sentinel counts at most, as a fraction. An old master
/// that is cut off must have stopped calling itself the primary before anybody can be promoted in its place.
const SHARE_OF_DOWN_AFTER: (u32, u32) = (3, 4);
/// Questions that fit into the time for which an answer counts, so that one that is lost does not matter.
const QUESTIONS_PER_BOUND: u32 = 3;

/// How often is asked, and how long an answer counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Time between two questions.
    pub(super) interval: Duration,
    /// Longest age of an answer that counts, from before the question was sent.
    pub(super) fresh: Duration,
}

/// An answer, and when it was asked for.
#[derive(Debug)]
pub(super) struct Heard<T> {
    pub(super) asked: Instant,
    pub(super) what: T,
}

impl<T> Heard<T> {
    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.asked)
    }
}

/// What the node says.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) info: NodeInfo,
    /// How it answers `PING`, if with an error.
    pub(super) refused: Option<String>,
}

/// A sentinel that is asked.
#[derive(Debug, Default)]
struct Sentinel {
    is_configured: bool,
    last: Option<Heard<Testimony>>,
    /// When it published that it has changed its mind.
    changed: Option<Instant>,
}

/// Everything that is known.
#[derive(Debug)]
pub(super) struct State {
    endpoint: Endpoint,
    announced: Option<Endpoint>,
    asked_for: Pace,
    /// The node's last answer; `None` with the reason if the last question failed.
    pub(super) node: Result<Heard<Node>, String>,
    sentinels: BTreeMap<Endpoint, Sentinel>,
    history: History,
    /// When a round of questions to the node ended, whatever came of it.
    pub(super) round_ended: Instant,
    /// Whether an operator has taken the node out.
    pub(super) in_maintenance: bool,
}

impl State {
    pub(super) fn new(
        endpoint: Endpoint,
        announced: Option<Endpoint>,
        sentinels: &[Endpoint],
        asked_for: Pace,
        now: Instant,
    ) -> Self {
        let configured =
            |endpoint: &Endpoint| (endpoint.clone(), Sentinel { is_configured: true, ..Sentinel::default() });
        Self {
            endpoint,
            announced,
            asked_for,
            node: Err("it has not been asked yet".to_owned()),
            sentinels: sentinels.iter().map(configured).collect(),
            history: History::default(),
            round_ended: now,
            in_maintenance: false,
        }
    }

    /// Where the node is asked.
    pub(super) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether there are sentinels to ask at all.
    pub(super) fn has_group(&self) -> bool {
        !self.sentinels.is_empty()
    }

    /// The pace that was asked for, as far as the sentinels' `down-after-milliseconds` allows it.
    pub(super) fn pace(&self) -> Pace {
        let told = self.sentinels.values().filter_map(|sentinel| sentinel.last.as_ref()?.what.down_after);
        let (share, of) = SHARE_OF_DOWN_AFTER;
        let fresh = told.map(|after| after * share / of).fold(self.asked_for.fresh, Duration::min);
        Pace { interval: self.asked_for.interval.min(fresh / QUESTIONS_PER_BOUND), fresh }
    }

    /// Takes in what the sentinel at `endpoint` says. An answer may have been on its way when the sentinel changed its mind.
    pub(super) fn heard_sentinel(&mut self, endpoint: &Endpoint, asked: Instant, testimony: Testimony) {
        if let Some(sentinel) = self.sentinels.get_mut(endpoint) {
            let master = testimony.master.clone().filter(|_| sentinel.changed.is_none_or(|changed| changed <= asked));
            sentinel.last = Some(Heard { asked, what: Testimony { master, ..testimony } });
        }
    }

    /// The sentinel at `endpoint` has changed its mind at `now`: what it said before speaks for nobody any more, but its
    /// epoch and the sentinels it knows still count.
    pub(super) fn outdated(&mut self, endpoint: &Endpoint, now: Instant) {
        let Some(sentinel) = self.sentinels.get_mut(endpoint) else { return };
        sentinel.changed = Some(now);
        if let Some(last) = &mut sentinel.last {
            last.what.master = None;
        }
    }

    /// Sentinels that are known to others and not asked yet; from now on they count as asked.
    pub(super) fn take_unasked(&mut self) -> Vec<Endpoint> {
        let heard = || self.sentinels.values().filter_map(|sentinel| Some(&sentinel.last.as_ref()?.what));
        let is_asked = |id: &str| heard().any(|testimony| testimony.id.as_deref() == Some(id));
        let listed = heard().flat_map(|testimony| &testimony.sentinels);
        let mut found: Vec<Endpoint> = listed
            .filter(|other| !is_asked(&other.id) && !self.sentinels.contains_key(&other.endpoint))
            .map(|other| other.endpoint.clone())
            .collect();
        found.sort();
        found.dedup();
        found.truncate(SENTINELS_MAX.saturating_sub(self.sentinels.len()));
        for endpoint in &found {
            self.sentinels.insert(endpoint.clone(), Sentinel::default());
        }
        found
    }

    /// Whether the sentinel at `endpoint` is still to be asked: configured, answering, or known to one that answers. If
    /// not, it is forgotten.
    pub(super) fn is_wanted(&mut self, endpoint: &Endpoint, now: Instant) -> bool {
        let fresh = self.pace().fresh;
        let answers = |sentinel: &Sentinel| sentinel.last.as_ref().is_some_and(|last| last.age(now) <= fresh);
        let Some(sentinel) = self.sentinels.get(endpoint) else { return false };
        let answering = || self.sentinels.values().filter(|sentinel| answers(sentinel));
        let lists = |sentinel: &Sentinel| {
            sentinel.last.as_ref().is_some_and(|last| last.what.sentinels.iter().any(|s| s.endpoint == *endpoint))
        };
        // While nobody answers, nobody can have dropped it.
        let wanted =
            sentinel.is_configured || answers(sentinel) || answering().next().is_none() || answering().any(lists);
        if !wanted {
            self.sentinels.remove(endpoint);
        }
        wanted
    }

    /// What the sentinels agree on at `now`.
    pub(super) fn agreement(&self, now: Instant) -> Agreement {
        let fresh = self.pace().fresh;
        let witness = |(endpoint, sentinel): (_, &'_ Sentinel)| -> (&Endpoint, bool) {
            let counts = sentinel.last.as_ref().is_some_and(|last| last.age(now) <= fresh);
            (endpoint, counts)
        };
        let witnesses: Vec<Witness<'_>> = self
            .sentinels
            .iter()
            .map(|(endpoint, sentinel)| {
                let (endpoint, counts) = witness((endpoint, sentinel));
                Witness { endpoint, testimony: sentinel.last.as_ref().map(|last| &last.what), counts }
            })
            .collect();
        agree(&witnesses)
    }

    /// Whether `named`, as the sentinels call the master, is this node: by its address, or by the run id that the
    /// sentinels have learnt of it, since they may know it under another address than we do.
    pub(super) fn is_me(&self, named: &Endpoint) -> bool {
        *named == self.endpoint || self.announced.as_ref() == Some(named) || self.learnt_addresses().any(|a| a == named)
    }

    /// Addresses under which sentinels list a node with this one's run id.
    fn learnt_addresses(&self) -> impl Iterator<Item = &Endpoint> {
        let run_id = self.node.as_ref().ok().and_then(|heard| heard.what.info.run_id.as_deref());
        let told = self.sentinels.values().filter_map(|sentinel| Some(&sentinel.last.as_ref()?.what));
        told.flat_map(move |testimony| {
            let master = testimony.master.as_ref().filter(|_| testimony.master_run_id.as_deref() == run_id);
            let replicas = testimony.replicas.iter().filter(move |replica| replica.run_id.as_deref() == run_id);
            master.into_iter().chain(replicas.map(|replica| &replica.endpoint))
        })
        .filter(move |_| run_id.is_some())
    }

    /// The master whose stream a replica's lag is measured against: the one that the sentinels name, else the one that the
    /// replica follows. `None` for a node that is no replica.
    pub(super) fn followed(&self, now: Instant) -> Option<Endpoint> {
        let info = &self.node.as_ref().ok()?.what.info;
        if info.role != Some(NodeRole::Replica) {
            return None;
        }
        let link = &info.master_link;
        let followed = || link.host.clone().zip(link.port).map(|(host, port)| Endpoint::new(host, port));
        self.agreement(now).named.map(|named| named.master).or_else(followed)
    }

    /// Takes in what that master says.
    pub(super) fn heard_master(&mut self, asked: Instant, answered: Instant, master: &Facts) {
        let (Some(id), Some(offset)) = (&master.replication_id, master.replication_offset) else { return };
        let is_mine = |host: &str, port: u16| {
            let listed = Endpoint::new(host, port);
            self.is_me(&listed)
        };
        let online = master.attached.iter().filter(|line| line.state == ReplicaState::Online);
        let acknowledged = online.clone().find(|line| is_mine(&line.host, line.port)).and_then(|line| line.offset);
        self.history.add(id, Sample { asked, answered, offset, acknowledged });
    }

    /// Bytes that the node lacks of its master's stream; `None` if that is not known.
    pub(super) fn bytes_behind(&self) -> Option<u64> {
        let heard = self.node.as_ref().ok()?;
        let info = &heard.what.info;
        self.history.bytes_behind(info.master_replid.as_deref(), info.replica_offset?, heard.asked)
    }

    /// Time for which the node may have lacked something; `None` if that is not known.
    pub(super) fn time_behind(&self, now: Instant) -> Option<Duration> {
        let info = &self.node.as_ref().ok()?.what.info;
        self.history.time_behind(info.master_replid.as_deref(), info.replica_offset?, now)
    }

    /// Time for which something may not have been acknowledged to the master; `None` if that is not known.
    pub(super) fn time_unacknowledged(&self, now: Instant) -> Option<Duration> {
        let info = &self.node.as_ref().ok()?.what.info;
        self.history.time_unacknowledged(info.master_replid.as_deref(), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_from_before_a_change_of_mind_names_nobody() {
        let (start, node, sentinel) =
            (Instant::now(), Endpoint::new("10.0.0.1", 6379), Endpoint::new("10.0.0.9", 26379));
        let pace = Pace { interval: Duration::from_secs(1), fresh: Duration::from_secs(3) };
        let mut state = State::new(node.clone(), None, std::slice::from_ref(&sentinel), pace, start);
        let says = || Testimony { master: Some(node.clone()), ..Testimony::default() };
        let at = |millis| start + Duration::from_millis(millis);
        state.heard_sentinel(&sentinel, at(0), says());
        assert!(state.agreement(at(5)).named.is_some());
        state.outdated(&sentinel, at(10));
        state.heard_sentinel(&sentinel, at(8), says());
        assert_eq!(state.agreement(at(12)).named, None, "it was asked before");
        state.heard_sentinel(&sentinel, at(15), says());
        assert!(state.agreement(at(20)).named.is_some());
    }
}
