//! The monitoring half: links, PING, INFO, hello, and what the answers mean.

use bongsu_sentinel_core::{Channel, FailoverState, HelloOut, InfoReport, Pong, Reply, Request, Role};

use crate::real::{INFO_PERIOD_US, Instance, PING_PERIOD_US, PUBLISH_PERIOD_US, RealNode, Reconf, Wish};
use crate::shape::micros;
use crate::units::SEC;

impl RealNode {
    /// Reconnects an instance and sends what is due.
    pub(super) fn monitor(&mut self, now: u64, g: usize, id: u32, is_peer: bool) {
        let group = &self.groups[g];
        let down_after = micros(group.options.down_after);
        let busy = group.odown || group.failover.state != FailoverState::None;
        let is_master = group.master == id;
        let Some(inst) = self.instances.get_mut(&id) else { return };
        let throttled = inst.tried_us.is_some_and(|t| now - t < PING_PERIOD_US);
        let needs = [(Channel::Command, inst.command.is_none()), (Channel::PubSub, !is_peer && inst.pubsub.is_none())];
        for (channel, missing) in needs {
            if missing && !throttled {
                inst.tried_us = Some(now);
                self.wishes.push(Wish::Connect { instance: id, channel });
            }
        }
        let Some(inst) = self.instances.get_mut(&id).filter(|i| i.command_up) else { return };
        let fast = busy || inst.info.master_link_down.is_some() || inst.info.never_synced;
        let info_period = if !is_master && fast { SEC } else { INFO_PERIOD_US };
        if !is_peer && due(now, inst.info_us, info_period) && due(now, inst.info_asked_us, SEC) {
            inst.info_asked_us = Some(now);
            self.wishes.push(Wish::Ask { instance: id, request: Request::Info });
        }
        let period = PING_PERIOD_US.min(down_after);
        if now - inst.last_pong_us > period && now.saturating_sub(inst.last_ping_us) > period / 2 {
            inst.note_ping(now);
            self.wishes.push(Wish::Ask { instance: id, request: Request::Ping });
        }
        if now.saturating_sub(inst.last_publish_us) > PUBLISH_PERIOD_US {
            inst.last_publish_us = now;
            self.publish_to(g, id);
        }
    }

    /// The command link of an instance is there: its first message is a PING.
    pub(super) fn linked(&mut self, now: u64, id: u32) {
        if let Some(inst) = self.instances.get_mut(&id) {
            inst.command_up = true;
            inst.note_ping(now);
            self.wishes.push(Wish::Ask { instance: id, request: Request::Ping });
        }
    }

    pub(super) fn publish_to(&mut self, g: usize, id: u32) {
        let group = &self.groups[g];
        let Some(master) = self.current_addr(&group.name) else { return };
        let hello = HelloOut {
            current_epoch: self.current_epoch,
            group: group.name.clone(),
            master,
            config_epoch: group.config_epoch,
        };
        self.wishes.push(Wish::Ask { instance: id, request: Request::Hello(hello) });
    }

    /// Tells everybody of the group at once.
    pub(super) fn publish_to_all(&mut self, g: usize) {
        let group = &self.groups[g];
        let all: Vec<u32> = [group.master]
            .into_iter()
            .chain(group.replicas.iter().copied())
            .chain(group.peers.values().copied())
            .collect();
        for id in all {
            if self.instances.get(&id).is_some_and(|i| i.command_up) {
                self.publish_to(g, id);
            }
        }
    }

    pub(super) fn on_reply(&mut self, now: u64, id: u32, reply: Reply) {
        let Some(inst) = self.instances.get_mut(&id) else { return };
        match reply {
            Reply::Pong(pong) => {
                inst.last_pong_us = now;
                if matches!(pong, Pong::Pong | Pong::Loading | Pong::MasterDown) {
                    inst.last_avail_us = now;
                    inst.outstanding_us = None;
                }
            }
            Reply::Info(report) => self.on_info(now, id, *report),
            Reply::Vote(vote) => {
                inst.answered_us = Some(now);
                inst.says_down = vote.down;
                if vote.leader.is_some() {
                    inst.vote = vote.leader;
                }
            }
            Reply::Done | Reply::Written(_) | Reply::Failed(_) => {}
        }
    }

    fn on_info(&mut self, now: u64, id: u32, report: InfoReport) {
        let Some(g) = self.groups.iter().position(|g| g.master == id || g.replicas.contains(&id)) else { return };
        let Some(inst) = self.instances.get_mut(&id) else { return };
        inst.info_us = Some(now);
        let role = report.role.unwrap_or(inst.role);
        if role != inst.role {
            inst.role = role;
            inst.role_since_us = now;
            inst.conf_since_us = now;
        }
        if report.master != inst.info.master {
            inst.conf_since_us = now;
        }
        let lines = report.replicas.clone();
        inst.info = report;
        if self.groups[g].master == id && role == Role::Master {
            for line in lines {
                self.discover_replica(now, g, &line.addr);
            }
        }
        if self.tilt_until_us.is_none() {
            self.confirm_promotion(now, g, id, role);
            self.fix_up(now, g, id);
            self.follow_reconf(g, id);
        }
    }

    fn discover_replica(&mut self, now: u64, g: usize, addr: &bongsu_sentinel_core::Addr) {
        let known = |i: &u32| self.instances.get(i).is_some_and(|i| i.addr.same_place(addr));
        if known(&self.groups[g].master) || self.groups[g].replicas.iter().any(known) {
            return;
        }
        let id = self.add_instance(now, addr.clone());
        self.groups[g].replicas.insert(id);
        self.flush();
    }

    /// A replica in the wrong role, or behind the wrong master.
    fn fix_up(&mut self, now: u64, g: usize, id: u32) {
        let group = &self.groups[g];
        let timeout = micros(group.options.failover_timeout);
        if group.master == id || group.failover.promoted == Some(id) {
            return;
        }
        let (Some(master), Some(inst)) = (self.instances.get(&group.master), self.instances.get(&id)) else { return };
        let fresh = master.info_us.is_some_and(|t| now - t < 2 * INFO_PERIOD_US);
        let sane = fresh && master.role == Role::Master && master.sdown_since_us.is_none() && !group.odown;
        let wait = if inst.role == Role::Master { 4 * PUBLISH_PERIOD_US } else { timeout };
        let wrong = inst.role == Role::Master || inst.info.master.as_ref().is_none_or(|m| !m.same_place(&master.addr));
        let settled = now - inst.conf_since_us > wait && inst.no_down_for(now, wait);
        if sane && wrong && settled {
            let to = Some(master.addr.clone());
            let event = if inst.role == Role::Master { "+convert-to-slave" } else { "+fix-slave-config" };
            self.say(event, g);
            self.wishes.push(Wish::Ask { instance: id, request: Request::Reconfigure { to, unpause: false } });
        }
    }

    fn follow_reconf(&mut self, g: usize, id: u32) {
        let Some(promoted) = self.groups[g].failover.promoted else { return };
        let Some(target) = self.instances.get(&promoted).map(|i| i.addr.clone()) else { return };
        let Some(inst) = self.instances.get_mut(&id) else { return };
        let there = inst.info.master.as_ref().is_some_and(|m| m.same_place(&target));
        if there && matches!(inst.reconf, Reconf::Sent(_)) {
            inst.reconf = Reconf::InProgress;
        }
        if there && inst.reconf == Reconf::InProgress && inst.info.master_link_up {
            inst.reconf = Reconf::Done;
        }
    }

    pub(super) fn check_sdown(&mut self, now: u64, g: usize, id: u32) {
        let group = &self.groups[g];
        let limit = micros(group.options.down_after);
        let is_master = group.master == id;
        let Some(inst) = self.instances.get_mut(&id) else { return };
        let silent = match inst.outstanding_us {
            Some(t) => now.saturating_sub(t),
            None if !inst.command_up => now - inst.last_avail_us,
            None => 0,
        };
        let demoted = is_master && inst.role == Role::Replica && now - inst.role_since_us > limit + 2 * INFO_PERIOD_US;
        let down = silent > limit || demoted;
        close_stale(inst, now, limit, id, &mut self.wishes);
        match (down, inst.sdown_since_us) {
            (true, None) => {
                inst.sdown_since_us = Some(now);
                inst.down_onset_us = Some(now);
                if is_master {
                    self.say("+sdown", g);
                }
            }
            (false, Some(_)) => {
                inst.sdown_since_us = None;
                if is_master {
                    self.say("-sdown", g);
                }
            }
            _ => {}
        }
    }
}

/// A link that is old enough and silent for half the limit is given up.
fn close_stale(inst: &Instance, now: u64, limit: u64, id: u32, wishes: &mut Vec<Wish>) {
    let silent =
        inst.outstanding_us.is_some_and(|t| now.saturating_sub(t) > limit / 2) && now - inst.last_pong_us > limit / 2;
    if inst.command.is_some() && now - inst.linked_us > super::MIN_LINK_AGE_US && silent {
        wishes.push(Wish::Close { instance: id, channel: Channel::Command });
    }
}

fn due(now: u64, last: Option<u64>, period: u64) -> bool {
    last.is_none_or(|t| now - t > period)
}
