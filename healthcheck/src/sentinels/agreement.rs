//! What several sentinels together say of a group.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::testimony::Testimony;
use crate::Endpoint;

/// A sentinel with what it said last, if it said anything.
#[derive(Clone, Copy, Debug)]
pub struct Witness<'a> {
    /// Where it was asked.
    pub endpoint: &'a Endpoint,
    /// What it says.
    pub testimony: Option<&'a Testimony>,
    /// Whether that still speaks for a master. Where not, it tells of sentinels and epochs all the same.
    pub counts: bool,
}

/// A master under an epoch, as one sentinel names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Who says so.
    pub sentinel: Endpoint,
    /// The master.
    pub master: Option<Endpoint>,
    /// The epoch of that configuration.
    pub config_epoch: u64,
}

/// The master that a majority names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Where it listens.
    pub master: Endpoint,
    /// The epoch under which it is named, the newest that is known.
    pub config_epoch: u64,
    /// How many sentinels name it under that epoch.
    pub by: usize,
}

/// What the sentinels of a group agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The master; `None` unless a majority of all sentinels names it under the newest epoch that is known.
    pub named: Option<Named>,
    /// Every answer that counts.
    pub claims: Vec<Claim>,
    /// Sentinels that there are: those that were asked, and those that they know.
    pub voters: usize,
}

/// The smallest number of sentinels that is more than half of `voters`.
pub const fn majority(voters: usize) -> usize {
    voters / 2 + 1
}

/// Which sentinel a witness is: the id that sentinels have for life, so that one with two addresses counts once.
fn identity(witness: Witness<'_>, known: &BTreeMap<&Endpoint, &str>) -> String {
    let own = witness.testimony.and_then(|testimony| testimony.id.as_deref());
    own.or_else(|| known.get(witness.endpoint).copied()).map_or_else(|| witness.endpoint.to_string(), str::to_owned)
}

/// Where the sentinels that others know listen, with their ids.
fn known_ids<'a>(witnesses: &[Witness<'a>]) -> BTreeMap<&'a Endpoint, &'a str> {
    let listed = witnesses.iter().filter_map(|witness| witness.testimony).flat_map(|testimony| &testimony.sentinels);
    listed.map(|sentinel| (&sentinel.endpoint, sentinel.id.as_str())).collect()
}

/// How many sentinels there are: those asked, whether they answer or not, and all that any of them knows.
pub fn voters(witnesses: &[Witness<'_>]) -> usize {
    let known = known_ids(witnesses);
    let asked = witnesses.iter().map(|&witness| identity(witness, &known));
    asked.chain(known.values().map(|&id| id.to_owned())).collect::<BTreeSet<_>>().len()
}

/// What `witnesses` agree on. What is said under an older epoch than the newest does not count.
pub fn agree(witnesses: &[Witness<'_>]) -> Agreement {
    let known = known_ids(witnesses);
    let told = witnesses.iter().filter_map(|witness| witness.testimony);
    let newest = told.map(|testimony| testimony.config_epoch).max().unwrap_or(0);
    let counting = witnesses.iter().filter(|witness| witness.counts);
    let heard = || counting.clone().filter_map(|&witness| Some((witness, witness.testimony?)));
    let mut supporters: BTreeMap<&Endpoint, BTreeSet<String>> = BTreeMap::new();
    for (witness, testimony) in heard().filter(|(_, testimony)| testimony.config_epoch == newest) {
        if let Some(master) = &testimony.master {
            supporters.entry(master).or_default().insert(identity(witness, &known));
        }
    }
    let voters = voters(witnesses);
    let named = supporters.iter().find(|(_, ids)| ids.len() >= majority(voters)).map(|(master, ids)| Named {
        master: (*master).clone(),
        config_epoch: newest,
        by: ids.len(),
    });
    let claims = heard().map(|(witness, testimony)| Claim {
        sentinel: witness.endpoint.clone(),
        master: testimony.master.clone(),
        config_epoch: testimony.config_epoch,
    });
    Agreement { named, claims: claims.collect(), voters }
}

#[cfg(test)]
mod tests {
    use super::super::testimony::KnownSentinel;
    use super::*;

    fn at(port: u16) -> Endpoint {
        Endpoint::new("10.0.0.1", port)
    }

    /// What sentinel `id` of three says.
    fn says(id: u16, master: u16, config_epoch: u64) -> Testimony {
        let others = (1..=3).filter(|other| *other != id);
        Testimony {
            id: Some(id.to_string()),
            master: Some(at(master)),
            config_epoch,
            sentinels: others.map(|id| KnownSentinel { id: id.to_string(), endpoint: at(id) }).collect(),
            ..Testimony::default()
        }
    }

    #[track_caller]
    fn check(asked: &[(u16, Option<Testimony>)], voters: usize, named: Option<(u16, u64, usize)>) {
        check_with_stale(asked, 0, voters, named);
    }

    /// As `check`, the last `stale` of them having spoken too long ago.
    #[track_caller]
    fn check_with_stale(
        asked: &[(u16, Option<Testimony>)],
        stale: usize,
        voters: usize,
        named: Option<(u16, u64, usize)>,
    ) {
        let endpoints: Vec<Endpoint> = asked.iter().map(|(port, _)| at(*port)).collect();
        let witnesses: Vec<Witness<'_>> = endpoints
            .iter()
            .zip(asked)
            .enumerate()
            .map(|(index, (endpoint, (_, testimony)))| Witness {
                endpoint,
                testimony: testimony.as_ref(),
                counts: index + stale < asked.len(),
            })
            .collect();
        let agreement = agree(&witnesses);
        assert_eq!(agreement.voters, voters);
        let expected = named.map(|(master, config_epoch, by)| Named { master: at(master), config_epoch, by });
        assert_eq!(agreement.named, expected);
    }

    #[test]
    fn a_majority_of_all_names_the_master() {
        check(&[(1, Some(says(1, 7, 4))), (2, Some(says(2, 7, 4))), (3, Some(says(3, 7, 4)))], 3, Some((7, 4, 3)));
        check(&[(1, Some(says(1, 7, 4))), (2, Some(says(2, 7, 4))), (3, None)], 3, Some((7, 4, 2)));
        check(&[(1, Some(says(1, 7, 4))), (2, None), (3, None)], 3, None);
    }

    #[test]
    fn those_that_were_not_asked_count_too() {
        check(&[(1, Some(says(1, 7, 4)))], 3, None);
        check(&[(1, Some(says(1, 7, 4))), (2, Some(says(2, 7, 4)))], 3, Some((7, 4, 2)));
        check(&[(1, Some(says(1, 7, 4))), (2, Some(says(2, 7, 4))), (8, None), (9, None)], 5, None);
    }

    #[test]
    fn what_is_said_under_an_older_epoch_does_not_count() {
        check(&[(1, Some(says(1, 8, 5))), (2, Some(says(2, 7, 4))), (3, Some(says(3, 7, 4)))], 3, None);
        check(&[(1, Some(says(1, 8, 5))), (2, Some(says(2, 8, 5))), (3, Some(says(3, 7, 4)))], 3, Some((8, 5, 2)));
        check_with_stale(&[(1, Some(says(1, 7, 4))), (2, Some(says(2, 7, 4))), (3, Some(says(3, 8, 5)))], 1, 3, None);
    }

    #[test]
    fn what_was_said_too_long_ago_speaks_for_nobody() {
        let all = [(1, Some(says(1, 7, 4))), (2, Some(says(2, 7, 4))), (3, Some(says(3, 7, 4)))];
        check_with_stale(&all, 1, 3, Some((7, 4, 2)));
        check_with_stale(&all, 2, 3, None);
        check_with_stale(&all, 3, 3, None);
    }

    #[test]
    fn one_sentinel_with_two_addresses_counts_once() {
        check(&[(1, Some(says(1, 7, 4))), (21, Some(says(1, 7, 4))), (2, None), (3, None)], 3, None);
        let mut old = says(1, 7, 4);
        old.id = None;
        check(&[(1, Some(old)), (2, Some(says(2, 7, 4)))], 3, Some((7, 4, 2)));
    }
}
