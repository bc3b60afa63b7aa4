//! May the address be here at this moment? A function of what is known.

use std::fmt;
use std::time::Duration;

use bongsu_sentinel_core::Time;

use super::node::{Says, Word};

/// The address goes so long before the lease ends: time to send clients away, and for what is late.
pub(super) const MARGIN: Duration = Duration::from_millis(200);

/// What is known.
pub(super) struct Situation<'a> {
    pub(super) now: Time,
    /// The address is here.
    pub(super) holding: bool,
    /// Until when a majority of the sentinels stands by it.
    pub(super) until: Option<Time>,
    /// The last word of the node.
    pub(super) word: &'a Word,
    /// A node that says nothing for so long is treated as if it were gone.
    pub(super) silent_after: Duration,
    /// A sentinel named another master under a newer configuration, and the node has not been heard since.
    pub(super) is_replaced: bool,
    /// The agent has been told to end.
    pub(super) is_ending: bool,
}

/// What follows from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It may be here until then.
    Hold(Time),
    /// It may not.
    LetGo(Why),
}

/// Why the address may not be here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Why {
    Ending,
    Replaced,
    NotMaster { role: String },
    NodeGone { error: String },
    NodeSilent,
    NoLease,
}

impl Why {
    /// The node is not the master any longer, as far as anybody can tell.
    pub(super) const fn is_demotion(&self) -> bool {
        matches!(self, Self::Replaced | Self::NotMaster { .. })
    }

    /// Another node may need the lease at once. For other reasons it is not given back: no other node becomes the master before it
    /// ends, and where this one may ask again soon, a request to take a lease back that arrives late would end the next one.
    pub(super) const fn frees(&self) -> bool {
        self.is_demotion() || matches!(self, Self::Ending)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ending => f.write_str("the agent ends"),
            Self::Replaced => f.write_str("a sentinel names a newer master"),
            Self::NotMaster { role } if role.is_empty() => f.write_str("the node has not said what it is"),
            Self::NotMaster { role } => write!(f, "the node is a {role}"),
            Self::NodeGone { error } => write!(f, "the node cannot be asked: {error}"),
            Self::NodeSilent => f.write_str("the node is silent"),
            Self::NoLease => f.write_str("no majority of the sentinels grants a lease"),
        }
    }
}

/// The verdict, the more certain reasons first.
pub(super) fn decide(situation: &Situation<'_>) -> Verdict {
    let Situation { now, holding, until, word, silent_after, is_replaced, is_ending } = *situation;
    let is_silent = now.since(word.asked) > silent_after;
    let node = match &word.says {
        Says::Master if is_silent => Some(Why::NodeSilent),
        Says::Master => None,
        // An address from before a restart of the agent stays while its lease lasts, until the node has been heard.
        Says::Nothing if holding && !is_silent => None,
        Says::Nothing => Some(Why::NotMaster { role: String::new() }),
        Says::Other { role } => Some(Why::NotMaster { role: role.clone() }),
        Says::Refused { error } => Some(Why::NodeGone { error: error.clone() }),
    };
    let replaced = is_replaced.then_some(Why::Replaced);
    let why = is_ending.then_some(Why::Ending).or(node).or(replaced);
    match (why, until) {
        (Some(why), _) => Verdict::LetGo(why),
        (None, Some(until)) if now + MARGIN < until => Verdict::Hold(until),
        (None, _) => Verdict::LetGo(Why::NoLease),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(100_000);

    fn situation(word: &Word) -> Situation<'_> {
        let until = Some(NOW + Duration::from_secs(2));
        let silent_after = Duration::from_secs(3);
        Situation { now: NOW, holding: true, until, word, silent_after, is_replaced: false, is_ending: false }
    }

    fn word(says: Says, ago_ms: u64) -> Word {
        Word { says, asked: Time::from_ms(NOW.as_ms() - ago_ms) }
    }

    #[track_caller]
    fn lets_go(situation: &Situation<'_>, why: Why) {
        assert_eq!(decide(situation), Verdict::LetGo(why));
    }

    #[test]
    fn a_master_with_a_lease_holds_until_shortly_before_its_end() {
        let master = word(Says::Master, 10);
        let s = situation(&master);
        assert_eq!(decide(&s), Verdict::Hold(NOW + Duration::from_secs(2)));
        lets_go(&Situation { until: Some(NOW + MARGIN), ..situation(&master) }, Why::NoLease);
        lets_go(&Situation { until: None, ..situation(&master) }, Why::NoLease);
        lets_go(&Situation { is_replaced: true, ..situation(&master) }, Why::Replaced);
        lets_go(&Situation { is_ending: true, ..situation(&master) }, Why::Ending);
    }

    #[test]
    fn a_node_that_is_no_master_holds_nothing_whatever_the_lease() {
        lets_go(&situation(&word(Says::Master, 3001)), Why::NodeSilent);
        let role = "slave".to_owned();
        lets_go(&situation(&word(Says::Other { role: role.clone() }, 10)), Why::NotMaster { role });
        let error = "refused".to_owned();
        lets_go(&situation(&word(Says::Refused { error: error.clone() }, 10)), Why::NodeGone { error });
    }

    #[test]
    fn before_the_node_is_heard_an_address_may_stay_but_not_come() {
        let nothing = word(Says::Nothing, 10);
        assert!(matches!(decide(&situation(&nothing)), Verdict::Hold(_)));
        let why = Why::NotMaster { role: String::new() };
        lets_go(&Situation { holding: false, ..situation(&nothing) }, why.clone());
        lets_go(&situation(&word(Says::Nothing, 3001)), why);
    }
}
