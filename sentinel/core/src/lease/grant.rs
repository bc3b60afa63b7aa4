//! The sentinel's side: one lease per group at a time.

use std::time::Duration;

use super::{LEASE_MAX, LeaseAnswer, LeaseCall, LeaseRefusal, LeaseView};
use crate::group::Group;
use crate::machine::Sentinel;
use crate::operator::NoSuchGroup;
use crate::time::Time;
use crate::types::{Addr, Epoch, RunId};

#[derive(Clone, Debug)]
struct Grant {
    holder: RunId,
    node: Addr,
    epoch: Epoch,
    until: Time,
    /// The newest request that it answers, on the holder's clock.
    sent: Time,
}

/// What a sentinel knows of the leases of one group.
#[derive(Debug)]
pub(crate) struct Lease {
    /// Before this time an earlier life may have granted one.
    unknown_until: Time,
    grant: Option<Grant>,
}

impl Lease {
    pub(crate) fn new(now: Time) -> Self {
        Self { unknown_until: now + LEASE_MAX, grant: None }
    }

    fn running(&self, now: Time) -> Option<&Grant> {
        self.grant.as_ref().filter(|grant| grant.until > now)
    }
}

impl Sentinel {
    /// Grants a lease, or a longer one to who has one, or says why not.
    ///
    /// # Errors
    /// There is no such group.
    pub fn lease(&mut self, now: Time, group: &str, call: LeaseCall) -> Result<LeaseAnswer, NoSuchGroup> {
        let now = self.advance(now);
        let id = *self.names.get(group).ok_or(NoSuchGroup)?;
        let found = self.groups.get(id).ok_or(NoSuchGroup)?;
        let (epoch, voters) = (found.config_epoch, found.voters());
        let verdict = self.grantable(now, found, &call);
        if let (Ok(lasts), Some(group)) = (&verdict, self.groups.get_mut(id)) {
            // An agent that asks for less than before may not have heard the answer yet that ends what it had.
            let (until, sent) = match group.lease.running(now) {
                Some(grant) => (grant.until.max(now + *lasts), grant.sent.max(call.sent)),
                None => (now + *lasts, call.sent),
            };
            group.lease.grant = Some(Grant { holder: call.holder, node: call.node, epoch, until, sent });
        }
        Ok(LeaseAnswer { epoch, voters, verdict })
    }

    /// Takes a lease back that its holder let go at `let_go`, on its own clock. False if it has none, or one that it asked for
    /// afterwards: requests on two connections may overtake each other.
    ///
    /// # Errors
    /// There is no such group.
    pub fn release_lease(&mut self, now: Time, group: &str, holder: RunId, let_go: Time) -> Result<bool, NoSuchGroup> {
        let now = self.advance(now);
        let id = *self.names.get(group).ok_or(NoSuchGroup)?;
        let group = self.groups.get_mut(id).ok_or(NoSuchGroup)?;
        let held = group.lease.running(now).is_some_and(|grant| grant.holder == holder && grant.sent <= let_go);
        if held {
            group.lease.grant = None;
        }
        Ok(held)
    }

    /// The lease that this sentinel has granted, if it has not run out.
    pub fn lease_of(&self, now: Time, group: &str) -> Option<LeaseView> {
        let grant = self.group_by_name(group)?.lease.running(now)?;
        Some(LeaseView {
            holder: grant.holder,
            node: grant.node.clone(),
            epoch: grant.epoch,
            left: grant.until.since(now),
        })
    }

    fn grantable(&self, now: Time, group: &Group, call: &LeaseCall) -> Result<Duration, LeaseRefusal> {
        let master = self.master_of(group).ok_or(LeaseRefusal::Silent)?;
        if !self.means(&call.node, &master.addr) {
            return Err(LeaseRefusal::NotMaster { master: master.addr.clone() });
        }
        if group.lease.unknown_until > now {
            return Err(LeaseRefusal::Started { left: group.lease.unknown_until.since(now) });
        }
        if let Some(other) = group.lease.running(now).filter(|grant| grant.holder != call.holder) {
            return Err(LeaseRefusal::Held { node: other.node.clone(), left: other.until.since(now) });
        }
        if self.tilt.is_on() {
            return Err(LeaseRefusal::Tilt);
        }
        if !self.saves.covers(group.config_saved_by) {
            return Err(LeaseRefusal::NotDurable);
        }
        // Silence that is forgiven after a pause counts anew, so that this may be later than the last sign of life; what keeps two
        // nodes apart is that a grant lasts as long as it was given for.
        let heard = group.options.down_after.saturating_sub(now.since(master.link.last_avail));
        let lasts = call.wanted.min(LEASE_MAX).min(heard);
        if lasts.is_zero() || master.down.is_down() {
            return Err(LeaseRefusal::Silent);
        }
        Ok(lasts)
    }
}
