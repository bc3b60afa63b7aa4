//! How publications stand, for operators.

use std::time::{Duration, SystemTime};

use bongsu_publish::{Holds, Witness, WitnessKind};
use bongsu_sentinel_core::publication::{Held, PublicationState};
use bongsu_sentinel_core::{Epoch, Time};

use super::Shell;
use super::place::{LOSES, Place};

/// One group at one target.
#[derive(Clone, Debug)]
pub struct PlaceView {
    /// The group.
    pub group: String,
    /// The target's name.
    pub target: String,
    /// `dns`, `etcd`, `consul` or `zookeeper`.
    pub kind: &'static str,
    /// In one word.
    pub state: PublicationState,
    /// The epoch that it should show.
    pub epoch: Option<Epoch>,
    /// The epoch that it showed when it was read or written last.
    pub held_epoch: Option<Epoch>,
    /// The master that it showed then, or what else it held.
    pub held: Option<String>,
    /// How long ago that was.
    pub looked: Option<Duration>,
    /// How long ago the present record was asked for.
    pub requested: Option<Duration>,
    /// From then until the target had it.
    pub accepted: Option<Duration>,
    /// Until all who answer from their own data had it.
    pub authoritative: Option<Duration>,
    /// Until all caches that are watched had it.
    pub converged: Option<Duration>,
    /// Attempts that failed one after the other.
    pub failures: u32,
    /// The kind of the last error, and the error, until a step succeeds.
    pub error: Option<(&'static str, String)>,
    /// When that was.
    pub error_at: Option<SystemTime>,
    /// Those who serve it, and what they serve.
    pub witnesses: Vec<String>,
}

pub(super) fn view(shell: &Shell, place: &Place) -> PlaceView {
    let view = place.view();
    let now = shell.now();
    let age = |at: Option<Time>| at.map(|at| now.since(at));
    let took = |at: Option<Time>| at.zip(view.phases.requested).map(|(at, requested)| at.since(requested));
    let trouble = place.trouble();
    PlaceView {
        group: place.group.as_str().to_owned(),
        target: place.outlet.name().to_owned(),
        kind: place.outlet.kind(),
        state: view.state,
        epoch: view.goal.map(|goal| goal.epoch),
        held_epoch: view.held.and_then(|(held, _)| match held {
            Held::Record { epoch, .. } => Some(epoch),
            Held::Nothing | Held::Foreign => None,
        }),
        held: place.shown(),
        looked: age(view.held.map(|(_, at)| at)),
        requested: age(view.phases.requested),
        accepted: took(view.phases.accepted),
        authoritative: took(view.phases.authoritative),
        converged: took(view.phases.converged),
        failures: view.failures.saturating_add(view.losses),
        error: match &trouble {
            Some(trouble) => Some((trouble.error.as_str(), trouble.error.to_string())),
            None => (view.state == PublicationState::Failing).then(|| ("lost", LOSES.to_owned())),
        },
        error_at: trouble.map(|trouble| trouble.at),
        witnesses: place.witnesses().iter().map(describe).collect(),
    }
}

fn describe(witness: &Witness) -> String {
    let kind = match witness.kind {
        WitnessKind::Authority => "authority",
        WitnessKind::Cache => "cache",
    };
    let holds = match &witness.holds {
        Ok(Holds::Nothing) => "nothing".to_owned(),
        Ok(Holds::Record { epoch, agrees: true, .. }) => format!("epoch {epoch}"),
        Ok(Holds::Record { epoch, primary, agrees: false }) => format!("epoch {epoch}, {primary}"),
        Ok(Holds::Foreign { what }) => format!("foreign: {what}"),
        Err(error) => format!("unknown: {error}"),
    };
    let ttl = witness.ttl.map(|ttl| format!(", for {} s more", ttl.as_secs())).unwrap_or_default();
    format!("{kind} {}: {holds}{ttl}", witness.who)
}
