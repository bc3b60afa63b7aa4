//! The failover of a real sentinel, state by state.

use std::collections::BTreeMap;

use bongsu_sentinel_core::{Epoch, FailoverState, Request, Role, RunId};

use crate::real::{ELECTION_TIMEOUT_US, INFO_PERIOD_US, PING_PERIOD_US, RECONF_TIMEOUT_US, RealNode, Reconf, Wish};
use crate::rng::Rng;
use crate::shape::micros;
use crate::units::SEC;

impl RealNode {
    pub(super) fn start_failover(&mut self, now: u64, g: usize, rng: &mut Rng) {
        self.current_epoch = self.current_epoch.next();
        let epoch = self.current_epoch;
        let failover = &mut self.groups[g].failover;
        failover.state = FailoverState::WaitStart;
        failover.epoch = epoch;
        failover.start_us = Some(now + rng.below(SEC));
        failover.change_us = now;
        failover.promoted = None;
        failover.forced = false;
        self.flush();
        self.say("+try-failover", g);
    }

    pub(super) fn step_failover(&mut self, now: u64, g: usize) {
        match self.groups[g].failover.state {
            FailoverState::WaitStart => self.await_election(now, g),
            FailoverState::SelectReplica => self.select(now, g),
            FailoverState::SendPromotion => self.send_promotion(now, g),
            FailoverState::WaitPromotion => self.await_promotion(now, g),
            FailoverState::ReconfReplicas => self.reconf(now, g),
            FailoverState::None | FailoverState::UpdateConfig => {}
        }
    }

    fn enter(&mut self, now: u64, g: usize, state: FailoverState) {
        self.groups[g].failover.state = state;
        self.groups[g].failover.change_us = now;
    }

    fn abort(&mut self, g: usize, event: &'static str) {
        self.say(event, g);
        let failover = &mut self.groups[g].failover;
        failover.state = FailoverState::None;
        failover.promoted = None;
        failover.forced = false;
    }

    /// Votes of the current epoch; the own vote goes to whoever leads, or to itself.
    fn winner(&mut self, now: u64, g: usize) -> Option<RunId> {
        let epoch = self.groups[g].failover.epoch;
        let current = self.current_epoch;
        let mut votes: BTreeMap<RunId, u32> = BTreeMap::new();
        for peer in self.groups[g].peers.values() {
            if let Some((leader, at)) = self.instances.get(peer).and_then(|p| p.vote)
                && at == current
            {
                *votes.entry(leader).or_default() += 1;
            }
        }
        let leading = votes.iter().max_by_key(|(_, n)| **n).map(|(l, _)| *l).unwrap_or(self.id);
        let mine = self.vote(now, g, epoch, leading, &mut Rng::new(epoch.0));
        if let Some((leader, at)) = mine
            && at == epoch
        {
            *votes.entry(leader).or_default() += 1;
        }
        let voters = self.groups[g].peers.len() as u32 + 1;
        let needed = (voters / 2 + 1).max(self.groups[g].options.quorum.get());
        votes.into_iter().max_by_key(|(_, n)| *n).filter(|(_, n)| *n >= needed).map(|(l, _)| l)
    }

    fn await_election(&mut self, now: u64, g: usize) {
        let won = self.winner(now, g) == Some(self.id);
        let group = &self.groups[g];
        let (epoch, forced) = (group.failover.epoch, group.failover.forced);
        if won || forced {
            self.say("+elected-leader", g);
            let forced = !won || epoch != self.current_epoch;
            self.wishes.push(Wish::Elected { group: g, epoch, forced });
            return self.enter(now, g, FailoverState::SelectReplica);
        }
        let limit = ELECTION_TIMEOUT_US.min(micros(group.options.failover_timeout));
        if group.failover.start_us.is_some_and(|t| now.saturating_sub(t) > limit) {
            self.abort(g, "-failover-abort-not-elected");
        }
    }

    fn select(&mut self, now: u64, g: usize) {
        let group = &self.groups[g];
        let master_down = self.instances.get(&group.master).and_then(|m| m.sdown_since_us);
        let info_limit = if master_down.is_some() { 5 * PING_PERIOD_US } else { 3 * INFO_PERIOD_US };
        let allowed = master_down.map_or(0, |t| now - t) + 10 * micros(group.options.down_after);
        let good = group.replicas.iter().filter_map(|id| Some((*id, self.instances.get(id)?))).filter(|(_, r)| {
            r.sdown_since_us.is_none()
                && r.command_up
                && now - r.last_avail_us <= 5 * PING_PERIOD_US
                && r.info.priority.unwrap_or(100) != 0
                && r.info_us.is_some_and(|t| now - t <= info_limit)
                && r.info.master_link_down.is_none_or(|d| micros(d) <= allowed)
        });
        let best = good.min_by_key(|(_, r)| {
            let offset = r.info.replica_offset.unwrap_or(0);
            (r.info.priority.unwrap_or(100), std::cmp::Reverse(offset), r.info.run_id.is_none(), r.info.run_id)
        });
        let Some(best) = best.map(|(id, _)| id) else {
            return self.abort(g, "-failover-abort-no-good-slave");
        };
        self.say("+selected-slave", g);
        self.groups[g].failover.promoted = Some(best);
        self.enter(now, g, FailoverState::SendPromotion);
    }

    fn send_promotion(&mut self, now: u64, g: usize) {
        let failover = &self.groups[g].failover;
        let Some(promoted) = failover.promoted else { return };
        if self.instances.get(&promoted).is_some_and(|i| i.command_up) {
            let request = Request::Reconfigure { to: None, unpause: false };
            self.wishes.push(Wish::Ask { instance: promoted, request });
            self.enter(now, g, FailoverState::WaitPromotion);
        } else {
            self.give_up_promotion(now, g);
        }
    }

    fn await_promotion(&mut self, now: u64, g: usize) {
        self.give_up_promotion(now, g);
    }

    fn give_up_promotion(&mut self, now: u64, g: usize) {
        let group = &self.groups[g];
        if now - group.failover.change_us > micros(group.options.failover_timeout) {
            self.abort(g, "-failover-abort-slave-timeout");
        }
    }

    /// INFO of the promoted replica says that it is a master.
    pub(super) fn confirm_promotion(&mut self, now: u64, g: usize, id: u32, role: Role) {
        let group = &mut self.groups[g];
        let awaited = group.failover.state == FailoverState::WaitPromotion && group.failover.promoted == Some(id);
        if !awaited || role != Role::Master {
            return;
        }
        group.config_epoch = group.failover.epoch;
        for replica in &group.replicas {
            if let Some(inst) = self.instances.get_mut(replica) {
                inst.reconf = Reconf::None;
            }
        }
        self.enter(now, g, FailoverState::ReconfReplicas);
        self.flush();
        self.say("+promoted-slave", g);
        self.publish_to_all(g);
    }

    fn reconf(&mut self, now: u64, g: usize) {
        let group = &self.groups[g];
        let Some(promoted) = group.failover.promoted else { return };
        let Some(target) = self.instances.get(&promoted).filter(|p| p.sdown_since_us.is_none()) else { return };
        let to = target.addr.clone();
        let over = now - group.failover.change_us > micros(group.options.failover_timeout);
        let parallel = group.options.parallel_syncs as usize;
        let others: Vec<u32> = group.replicas.iter().copied().filter(|r| *r != promoted).collect();
        let mut open = 0;
        let mut running = 0;
        for id in &others {
            let Some(inst) = self.instances.get_mut(id) else { continue };
            if matches!(inst.reconf, Reconf::Sent(t) if now - t > RECONF_TIMEOUT_US) {
                inst.reconf = Reconf::Done;
            }
            running += usize::from(matches!(inst.reconf, Reconf::Sent(_) | Reconf::InProgress));
            open += usize::from(inst.reconf != Reconf::Done && inst.sdown_since_us.is_none());
        }
        for id in others {
            let Some(inst) = self.instances.get_mut(&id) else { continue };
            if inst.reconf == Reconf::None && inst.command_up && (running < parallel || over) {
                inst.reconf = Reconf::Sent(now);
                running += 1;
                let request = Request::Reconfigure { to: Some(to.clone()), unpause: false };
                self.wishes.push(Wish::Ask { instance: id, request });
            }
        }
        if open == 0 || over {
            self.say("+failover-end", g);
            self.enter(now, g, FailoverState::UpdateConfig);
        }
    }

    pub(super) fn switch_to_promoted(&mut self, now: u64, g: usize) {
        let promoted = self.groups[g].failover.promoted;
        if let Some(addr) = promoted.and_then(|p| self.instances.get(&p)).map(|i| i.addr.clone()) {
            self.say("+switch-master", g);
            self.change_address(now, g, &addr);
        }
    }

    /// What an operator's `SENTINEL FAILOVER` does.
    pub(super) fn force(&mut self, now: u64, g: usize, rng: &mut Rng) {
        if self.groups[g].failover.state == FailoverState::None {
            self.start_failover(now, g, rng);
            self.groups[g].failover.forced = true;
        }
    }

    pub(super) const fn adopt_epoch(&mut self, epoch: Epoch) {
        if epoch.0 > self.current_epoch.0 {
            self.current_epoch = epoch;
        }
    }
}
