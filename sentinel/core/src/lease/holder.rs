//! The agent's side: what the sentinels granted, and until when a majority of them stands by it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::LeaseAnswer;
use crate::time::Time;
use crate::types::{Epoch, RunId};

/// What is left of a lease, by the holder's clock, if that is as slow and the sentinel's as fast as clocks get. Quartz is off by less
/// than a ten-thousandth. But a clock that is behind or ahead is corrected by running up to a twelfth faster or slower
/// (`maxslewrate` of chronyd, 83 333 ppm unless it is set), and the clocks that count from the start of a host are corrected with it.
const SLEWED: (u32, u32) = (11, 13);

/// Clocks are read in milliseconds on both sides.
const GRAIN: Duration = Duration::from_millis(2);

/// Sentinels that are remembered; no group has as many.
const WORDS_MAX: usize = 256;

/// How a holder stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Held until then, unless it is renewed.
    Held {
        /// On the holder's own clock.
        until: Time,
    },
    /// No majority has granted it, or not for long enough.
    NotHeld,
}

#[derive(Clone, Copy, Debug)]
struct Granted {
    until: Time,
    epoch: Epoch,
    voters: u32,
}

/// The leases of one agent.
#[derive(Debug)]
pub struct Holder {
    /// Sentinels that are asked.
    listed: u32,
    /// What was asked before this time is void.
    since: Time,
    /// The last word of each sentinel, by its run id: one that is listed twice counts once.
    words: BTreeMap<RunId, Granted>,
}

impl Holder {
    /// Nothing is held yet. `listed`: how many sentinels are asked.
    pub const fn new(listed: u32) -> Self {
        Self { listed, since: Time::ZERO, words: BTreeMap::new() }
    }

    /// A sentinel answered a request that was sent at `sent`. Returns true if the node was replaced: a sentinel that knows a newer
    /// configuration than those that the leases rest on names another master. There is nothing to wait for then.
    pub fn answered(&mut self, sentinel: RunId, sent: Time, answer: &LeaseAnswer) -> bool {
        let newest = self.epoch();
        let until = match answer.verdict {
            Ok(lasts) if sent >= self.since => sent + (lasts * SLEWED.0 / SLEWED.1).saturating_sub(GRAIN),
            _ => Time::ZERO,
        };
        // Answers may overtake each other where a sentinel is asked over more than one connection.
        let held = self.words.get(&sentinel).map_or(Time::ZERO, |word| word.until);
        let word = Granted { until: until.max(held), epoch: answer.epoch, voters: answer.voters };
        if self.words.len() < WORDS_MAX || self.words.contains_key(&sentinel) {
            self.words.insert(sentinel, word);
        }
        let is_replaced = matches!(answer.verdict, Err(super::LeaseRefusal::NotMaster { .. }));
        is_replaced && answer.epoch > newest
    }

    /// Nothing is held any longer, whatever the sentinels may still believe or answer to what they were asked before.
    pub fn let_go(&mut self, now: Time) {
        self.since = now + Duration::from_millis(1);
        for word in self.words.values_mut() {
            word.until = Time::ZERO;
        }
    }

    /// How it stands at this moment.
    pub fn standing(&self, now: Time) -> Standing {
        let mut untils: Vec<Time> = self.words.values().map(|word| word.until).collect();
        untils.sort_unstable_by(|a, b| b.cmp(a));
        match untils.get(self.majority() - 1) {
            Some(until) if *until > now => Standing::Held { until: *until },
            _ => Standing::NotHeld,
        }
    }

    /// The newest configuration that a sentinel answered with.
    pub fn epoch(&self) -> Epoch {
        self.words.values().map(|word| word.epoch).max().unwrap_or_default()
    }

    /// How many sentinels have to grant: a majority of those that are listed, and of those that any of them knows.
    pub fn majority(&self) -> usize {
        let known = self.words.values().map(|word| word.voters).max().unwrap_or(0);
        self.listed.max(known) as usize / 2 + 1
    }
}
