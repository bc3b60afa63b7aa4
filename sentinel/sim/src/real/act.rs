//! The tick, and the acting half: odown, asking peers, voting.

use bongsu_sentinel_core::{Addr, Epoch, FailoverState, Request, RunId, VoteReply};

use crate::real::{ASK_PERIOD_US, RealNode, TILT_PERIOD_US, TILT_TRIGGER_US, Wish};
use crate::rng::Rng;
use crate::shape::micros;
use crate::units::SEC;

impl RealNode {
    pub(super) fn tick(&mut self, now: u64, rng: &mut Rng) {
        let stalled = self.last_tick_us.is_some_and(|t| now - t > TILT_TRIGGER_US);
        if stalled {
            self.tilt_until_us = Some(now + TILT_PERIOD_US);
        } else if self.tilt_until_us.is_some_and(|t| now > t) {
            self.tilt_until_us = None;
        }
        self.last_tick_us = Some(now);
        for g in 0..self.groups.len() {
            let group = &self.groups[g];
            let master = group.master;
            let replicas: Vec<u32> = group.replicas.iter().copied().collect();
            let peers: Vec<u32> = group.peers.values().copied().collect();
            self.handle(now, g, master, false);
            if self.tilt_until_us.is_none() {
                self.act_on_master(now, g, rng);
            }
            for id in replicas {
                self.handle(now, g, id, false);
            }
            for id in peers {
                self.handle(now, g, id, true);
            }
            if self.groups[g].failover.state == FailoverState::UpdateConfig {
                self.switch_to_promoted(now, g);
            }
        }
    }

    fn handle(&mut self, now: u64, g: usize, id: u32, is_peer: bool) {
        self.monitor(now, g, id, is_peer);
        if self.tilt_until_us.is_none() {
            self.check_sdown(now, g, id);
        }
    }

    fn act_on_master(&mut self, now: u64, g: usize, rng: &mut Rng) {
        self.check_odown(now, g);
        if self.may_start(now, g) {
            self.start_failover(now, g, rng);
            self.ask_peers(now, g, true);
        }
        self.step_failover(now, g);
        self.ask_peers(now, g, false);
    }

    fn check_odown(&mut self, now: u64, g: usize) {
        let group = &self.groups[g];
        let sdown = self.instances.get(&group.master).is_some_and(|m| m.sdown_since_us.is_some());
        let agreeing = group.peers.values().filter(|p| self.instances.get(p).is_some_and(|p| p.says_down)).count();
        let odown = sdown && agreeing as u32 + 1 >= group.options.quorum.get();
        if odown && !group.odown {
            let master = group.master;
            if let Some(m) = self.instances.get_mut(&master) {
                m.down_onset_us = Some(now);
            }
            self.say("+odown", g);
        }
        self.groups[g].odown = odown;
    }

    fn may_start(&self, now: u64, g: usize) -> bool {
        let group = &self.groups[g];
        let rest = 2 * micros(group.options.failover_timeout);
        // The start may lie a little ahead: a random delay is added to it.
        let rested = group.failover.start_us.is_none_or(|t| now.saturating_sub(t) >= rest);
        group.odown && group.failover.state == FailoverState::None && rested
    }

    fn ask_peers(&mut self, now: u64, g: usize, at_once: bool) {
        let group = &self.groups[g];
        let Some(master) = self.instances.get(&group.master) else { return };
        let wanted = master.sdown_since_us.is_some() || group.failover.state == FailoverState::WaitStart;
        let addr = master.addr.clone();
        let candidate = (group.failover.state != FailoverState::None).then_some(self.id);
        let peers: Vec<u32> = group.peers.values().copied().collect();
        for id in peers {
            let Some(peer) = self.instances.get_mut(&id) else { continue };
            if peer.answered_us.is_some_and(|t| now - t > 5 * ASK_PERIOD_US) {
                peer.says_down = false;
                peer.vote = None;
            }
            let due = at_once || peer.asked_us.is_none_or(|t| now - t > ASK_PERIOD_US);
            if wanted && due && peer.command_up {
                peer.asked_us = Some(now);
                let request = Request::AskDown { addr: addr.clone(), epoch: self.current_epoch, candidate };
                self.wishes.push(Wish::Ask { instance: id, request });
            }
        }
    }

    /// Answers `SENTINEL IS-MASTER-DOWN-BY-ADDR`.
    pub(super) fn vote_call(
        &mut self,
        now: u64,
        addr: &Addr,
        epoch: Epoch,
        candidate: Option<RunId>,
        rng: &mut Rng,
    ) -> VoteReply {
        let found =
            self.groups.iter().position(|g| self.instances.get(&g.master).is_some_and(|m| m.addr.same_place(addr)));
        let Some(g) = found else { return VoteReply { down: false, leader: None } };
        let master = self.groups[g].master;
        let sdown = self.instances.get(&master).is_some_and(|m| m.sdown_since_us.is_some());
        let down = sdown && self.tilt_until_us.is_none();
        let leader = candidate.and_then(|c| self.vote(now, g, epoch, c, rng));
        VoteReply { down, leader }
    }

    /// The vote function: at most one vote per group and epoch.
    pub(super) fn vote(
        &mut self,
        now: u64,
        g: usize,
        epoch: Epoch,
        candidate: RunId,
        rng: &mut Rng,
    ) -> Option<(RunId, Epoch)> {
        self.current_epoch = self.current_epoch.max(epoch);
        let (current, me) = (self.current_epoch, self.id);
        let group = &mut self.groups[g];
        if group.leader_epoch < epoch && current <= epoch {
            group.leader = Some(candidate);
            group.leader_epoch = current;
            if candidate != me {
                group.failover.start_us = Some(now + rng.below(SEC));
            }
            self.say("+vote", g);
        }
        self.flush();
        let group = &self.groups[g];
        group.leader.map(|l| (l, group.leader_epoch))
    }
}
