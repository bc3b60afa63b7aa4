//! Taking, keeping and giving up the address.

use std::time::Duration;

use bongsu_process::log::Role;
use bongsu_sentinel_core::{LeaseRefusal, Time};

use super::{Keeper, RETRY, STATUS_EVERY};
use crate::agent::candidate::Candidate;
use crate::agent::carrier::Carrier;
use crate::agent::decide::Why;
use crate::agent::node::{Cut, Says, addresses};
use crate::agent::{Means, clock};

/// The guardian takes the address away so long before the lease ends.
const GUARDIAN_EARLY: Duration = Duration::from_millis(30);

/// Clients are sent away for at most so long, and never beyond the guardian's time.
const FAREWELL_TO_CLIENTS: Duration = Duration::from_millis(150);

/// How often the kernel is told anew while the lease is not renewed.
const FEED_EVERY: Duration = Duration::from_millis(250);

/// Announcements after the first: who missed one gets another.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// Switches forget after five minutes, hosts sooner; nobody is to be without for long.
const ALWAYS: Duration = Duration::from_secs(60);

impl Keeper {
    /// The node is the master and has a lease: takes the address as soon as nobody else has it.
    pub(super) fn try_to_take(&mut self, now: Time, until: Time) {
        if now < self.retry_at {
            return;
        }
        self.look_around(now);
        let may_take = match (&mut self.candidate, self.carrier.ethernet()) {
            (Some(candidate), Some(_)) => candidate.may_take(now),
            _ => true,
        };
        if !may_take {
            return self.show(now, "another host still has the address".to_owned());
        }
        let taken = self.feed(now, until).and_then(|()| self.carrier.hold(now, until, true, self.holder.epoch()));
        if let Err(error) = taken {
            self.log.warning(format_args!("the address cannot be taken: {error}"));
            self.retry_at = now + RETRY;
            return self.take_away();
        }
        if self.is_too_late(until) {
            return self.take_away();
        }
        self.holding = true;
        self.candidate = None;
        self.status.taken += 1;
        self.announced_epoch = self.holder.epoch();
        self.announce_soon(now);
        self.log.set_role(Role::Master);
        let left = until.since(now).as_millis();
        self.log.notice(format_args!("Took {} in epoch {} ({left} ms).", self.names(), self.holder.epoch()));
        self.show(now, "taken".to_owned());
    }

    /// Time may have passed between a look at the clock and what was done: the whole process may have stood still.
    fn is_too_late(&self, until: Time) -> bool {
        clock::now() + GUARDIAN_EARLY >= until
    }

    fn names(&self) -> String {
        self.status.vips.join(", ")
    }

    /// Asks whether somebody has the address, as often as it is time to.
    fn look_around(&mut self, now: Time) {
        if self.candidate.is_none() {
            self.pace.hurry(now);
        }
        let candidate = self.candidate.get_or_insert_with(|| Candidate::new(now));
        let Some(interface) = self.carrier.ethernet() else { return };
        if candidate.wants_probe(now)
            && let Err(error) = interface.probe()
        {
            self.log.verbose(format_args!("a probe could not be sent: {error}"));
        }
    }

    fn feed(&mut self, now: Time, until: Time) -> std::io::Result<()> {
        self.known_until = until;
        self.fed_at = now;
        let early = Time::from_ms(until.as_ms().saturating_sub(u64::try_from(GUARDIAN_EARLY.as_millis()).unwrap_or(0)));
        self.watchman.tell(early)
    }

    /// The address is here: lets the guardian and the kernel know for how much longer.
    pub(super) fn prolong(&mut self, now: Time, until: Time) {
        let is_new = until > self.known_until;
        if !is_new && now.since(self.fed_at) < FEED_EVERY {
            return;
        }
        let fed = self.feed(now, until).and_then(|()| self.carrier.hold(now, until, is_new, self.holder.epoch()));
        if let Err(error) = fed {
            self.log.warning(format_args!("the address cannot be kept: {error}"));
        }
        if self.is_too_late(until) {
            return self.take_away();
        }
        if std::mem::take(&mut self.is_stuck) {
            self.announce_soon(now);
        }
        if self.announced_epoch < self.holder.epoch() {
            self.announced_epoch = self.holder.epoch();
            self.announce_soon(now);
        }
    }

    /// Writes stop, connections are cut, the address goes, the lease is given back: in this order, and the address in time whatever the
    /// node does.
    pub(super) async fn let_go(&mut self, now: Time, why: Why) {
        if !self.is_stuck {
            self.log.notice(format_args!("Giving {} up: {why}.", self.names()));
        }
        let until = self.until(now).unwrap_or(now).max(self.known_until);
        self.holder.let_go(now);
        self.inherited = None;
        let left = until.since(now).saturating_sub(GUARDIAN_EARLY * 2);
        let limit = FAREWELL_TO_CLIENTS.min(left);
        let can_be_asked = !matches!(why, Why::NodeGone { .. });
        if can_be_asked && !limit.is_zero() && self.config.means != Means::Nothing {
            let cut = if why.is_demotion() { Cut::All } else { Cut::By(addresses(&self.config.vips)) };
            if let Err(error) = self.node.send_clients_away(&cut, limit).await {
                self.log.verbose(format_args!("clients could not be sent away: {error}"));
            }
        }
        self.take_away();
        if self.holding {
            return self.show(clock::now(), format!("it cannot be removed, although {why}"));
        }
        if why.frees() && !self.holding_by_script() {
            self.give_back();
        }
        self.status.dropped += 1;
        self.log.set_role(Role::Replica);
        self.pace.hurry(now);
        self.show(clock::now(), why.to_string());
    }

    /// Removes the address. One that cannot be removed is still held: no lease is given back, and each step tries again, clients first. The guardian does the same when its time has come, and the kernel ends the lifetime.
    fn take_away(&mut self) {
        self.announce_at.clear();
        let dropped = self.carrier.drop_all();
        self.holding = dropped.is_err();
        let was_stuck = std::mem::replace(&mut self.is_stuck, dropped.is_err());
        match dropped {
            Ok(true) => self.is_away(),
            // A program needs its time.
            Ok(false) => self.holder.let_go(clock::now()),
            Err(error) => {
                self.holder.let_go(clock::now());
                if !was_stuck {
                    self.log.warning(format_args!("the address cannot be removed: {error}"));
                }
            }
        }
    }

    /// The address is not here any more.
    pub(super) fn is_away(&mut self) {
        self.known_until = Time::ZERO;
        if let Err(error) = self.watchman.tell(Time::ZERO) {
            self.log.warning(format_args!("the guardian cannot be told: {error}"));
        }
        self.holder.let_go(clock::now());
    }

    pub(super) fn give_back(&mut self) {
        let now = clock::now();
        self.holder.let_go(now);
        self.has_asked = false;
        self.orders.send_modify(|order| {
            order.releases += 1;
            order.let_go = now;
        });
    }

    /// There is no lease, or the node is not the master.
    pub(super) fn stay_without(&mut self, now: Time, why: &Why) {
        if self.word.borrow().says == Says::Master && !self.is_ending {
            self.look_around(now);
            if let Some(candidate) = &mut self.candidate {
                candidate.lost();
            }
        } else {
            self.candidate = None;
        }
        if why.frees() && self.has_asked && !self.holding_by_script() {
            self.give_back();
        }
        self.show(now, why.to_string());
    }

    /// A program is still at work to take the address away.
    pub(super) fn holding_by_script(&self) -> bool {
        matches!(self.carrier, Carrier::Script { .. }) && self.known_until != Time::ZERO
    }

    pub(super) fn announce_soon(&mut self, now: Time) {
        self.announce_at = AGAIN.iter().map(|later| now + *later).chain([now]).collect();
    }

    pub(super) fn announce_what_is_due(&mut self, now: Time) {
        let due = self.announce_at.iter().any(|at| *at <= now);
        if !self.holding || !due {
            return;
        }
        self.announce_at.retain(|at| *at > now);
        if self.announce_at.is_empty() {
            self.announce_at.push(now + ALWAYS);
        }
        if let Some(interface) = self.carrier.ethernet()
            && let Err(error) = interface.announce()
        {
            self.log.verbose(format_args!("an announcement could not be sent: {error}"));
        }
    }

    /// Writes the status if it changed, or if it is time to.
    pub(super) fn show(&mut self, now: Time, reason: String) {
        let has_changed = self.status.reason != reason || self.status.holding != self.holding;
        if !has_changed && now.since(self.status_at) < STATUS_EVERY {
            return;
        }
        if has_changed && !self.holding && self.status.reason != reason {
            self.log.verbose(format_args!("Without the address: {reason}."));
        }
        self.status_at = now;
        self.status.reason = reason;
        self.status.holding = self.holding;
        self.status.epoch = self.holder.epoch().0;
        let left = self.until(now).map_or(Duration::ZERO, |until| until.since(now));
        self.status.lease_left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        self.status.written_ms = now.as_ms();
        if let Err(error) = self.status.write(&self.runtime.paths.status()) {
            self.log.verbose(format_args!("the status cannot be written: {error}"));
        }
    }
}

/// A sentinel's answer in a few words.
pub(super) fn in_words(verdict: &Result<Duration, LeaseRefusal>) -> String {
    match verdict {
        Ok(lasts) => format!("granted {} ms", lasts.as_millis()),
        Err(LeaseRefusal::NotMaster { master }) => format!("refused: {master} is the master"),
        Err(LeaseRefusal::Held { node, left }) => format!("refused: {node} has it for {} ms", left.as_millis()),
        Err(refusal) => format!("refused: {}", refusal.as_str()),
    }
}
