//! What the agent hears, and from whom.

use std::time::Duration;

use super::Keeper;
use super::act::in_words;
use crate::agent::carrier::CarrierEvent;
use crate::agent::clock;
use crate::agent::kernel::KernelEvent;
use crate::agent::node::Says;
use crate::agent::sentinel::Heard;
use crate::agent::status::Conflict;

/// Two hosts that both believe an address to be theirs do not have to shout.
const CONFLICT_PAUSE: Duration = Duration::from_secs(1);

impl Keeper {
    /// A word of a sentinel.
    pub(super) fn hear(&mut self, heard: Heard) {
        let now = clock::now();
        match heard {
            Heard::Answer { by, sentinel, sent, answer } => {
                if let Ok(lasts) = answer.verdict {
                    self.pace.granted(lasts);
                }
                if self.holder.answered(sentinel, sent, &answer) {
                    self.is_replaced = true;
                    self.pace.hurry(now);
                }
                let named = self.config.sentinels.len();
                if answer.voters as usize > named && !std::mem::replace(&mut self.has_warned, true) {
                    let known = answer.voters;
                    self.log
                        .warning(format_args!("{known} sentinels are known and {named} were named: name all of them"));
                }
                // A sentinel that grants under the newest configuration known takes the node for its master.
                if answer.verdict.is_ok() && answer.epoch >= self.holder.epoch() {
                    self.is_replaced = false;
                }
                let by = by.to_string();
                self.status.sentinels.insert(by.clone(), in_words(&answer.verdict));
                self.desks.insert(by, Some(sentinel));
            }
            Heard::Hint => {
                self.pace.hurry(now);
                self.orders.send_modify(|order| order.pokes += 1);
            }
            Heard::Peers(peers) => {
                for (id, endpoint) in peers {
                    if !self.desks.values().any(|known| *known == Some(id)) {
                        self.open_desk(endpoint);
                    }
                }
            }
            Heard::Failed { by, error } => {
                // It may have moved: the others say where to, and nobody is known to be there yet.
                if let Some(id) = self.desks.get_mut(&by.to_string()) {
                    *id = None;
                }
                let text = error.to_string();
                let known = self.status.sentinels.insert(by.to_string(), text.clone());
                if known.as_ref() != Some(&text) {
                    self.log.warning(format_args!("sentinel {by}: {text}"));
                }
            }
            Heard::Released => {}
        }
    }

    /// The node has said something.
    pub(super) fn hear_node(&mut self) {
        let is_master = self.word.borrow_and_update().says == Says::Master;
        if is_master && !self.holding && self.candidate.is_none() {
            // It has just become the master.
            self.pace.hurry(clock::now());
            self.is_replaced = false;
            self.orders.send_modify(|order| order.pokes += 1);
        }
    }

    pub(super) fn hear_carrier(&mut self, event: CarrierEvent) {
        let now = clock::now();
        match event {
            // It may have been taken again meanwhile.
            CarrierEvent::Released if self.holding => {}
            CarrierEvent::Released => self.is_away(),
            // The agent ends by it.
            CarrierEvent::Kernel(KernelEvent::InterfaceGone) => {}
            CarrierEvent::Kernel(KernelEvent::LinkUp) => self.announce_soon(now),
            // It is put back with the next step, if it may still be here.
            CarrierEvent::Kernel(KernelEvent::Gone) => {
                if self.holding {
                    self.known_until = bongsu_sentinel_core::Time::ZERO;
                    self.announce_soon(now);
                }
            }
            CarrierEvent::Kernel(KernelEvent::Claimed { ip, mac }) => {
                if let Some(candidate) = &mut self.candidate {
                    candidate.claimed(now);
                }
                let is_news = self.status.conflict.as_ref().is_none_or(|known| known.mac != mac);
                if is_news && (self.holding || self.candidate.is_some()) {
                    self.log.warning(format_args!("{ip} is claimed by {mac}"));
                }
                self.status.conflict = Some(Conflict { vip: ip.to_string(), mac, at_ms: now.as_ms() });
                if self.holding && self.conflict_announced.is_none_or(|at| now.since(at) >= CONFLICT_PAUSE) {
                    self.conflict_announced = Some(now);
                    self.announce_soon(now);
                }
            }
        }
    }
}
