//! New values come into effect.

use bongsu_protocol::acl::DefaultChannels;

use super::change::{Proposal, SetError};
use super::value::Value;
use super::{Config, Directive};
use crate::engine::{Engine, Notify};
use crate::limits::Limits;

/// A directive cannot be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refused {
    pub(crate) directive: Directive,
    /// For the client.
    pub(crate) reason: String,
}

impl Config {
    /// `acl-pubsub-default`.
    pub(crate) fn default_channels(&self) -> DefaultChannels {
        match self.value(Directive::AclPubsubDefault) {
            Value::Choice(0) => DefaultChannels::None,
            _ => DefaultChannels::All,
        }
    }
}

impl Engine {
    /// Takes a configuration with changes. Either all of them are in effect afterwards, or none.
    pub(crate) fn configure(&mut self, proposal: Proposal) -> Result<(), SetError> {
        let before = std::mem::replace(&mut self.config, proposal.config);
        let Err(refused) = self.apply(&proposal.changed) else { return Ok(()) };
        self.config = before;
        // What was in effect before can be had again.
        let _ = self.apply(&proposal.changed);
        Err(SetError::Refused { name: refused.directive.name().to_owned(), reason: refused.reason })
    }

    /// At the start: everything that concerns nothing outside of the engine.
    pub(crate) fn apply_all(&mut self) {
        // Only the outside can refuse anything.
        let _ = self.apply(Directive::ALL);
    }

    /// Brings what has changed into effect.
    fn apply(&mut self, changed: &[Directive]) -> Result<(), Refused> {
        self.config.adjust(&mut self.shard.settings);
        self.memory_max = self.config.size(Directive::Maxmemory);
        self.limits = Limits::of(&self.config);
        for directive in changed {
            match directive {
                Directive::Requirepass => self.acl.require_password(self.config.text(Directive::Requirepass)),
                Directive::AclPubsubDefault => self.acl.set_default_channels(self.config.default_channels()),
                Directive::AcllogMaxLen => self.acl.log.set_entries_max(self.config.size(Directive::AcllogMaxLen)),
                Directive::Maxmemory => {
                    self.make_room();
                }
                Directive::TrackingTableMaxKeys => {
                    self.tracking.keys_max = self.config.size(Directive::TrackingTableMaxKeys);
                }
                Directive::LatencyTracking => {
                    self.stats.track_latency(self.config.is_on(Directive::LatencyTracking));
                }
                Directive::LatencyMonitorThreshold => {
                    self.latency.configure(self.config.size(Directive::LatencyMonitorThreshold));
                }
                Directive::SlowlogLogSlowerThan | Directive::SlowlogMaxLen => {
                    let slower_than_usec = self.config.integer(Directive::SlowlogLogSlowerThan);
                    self.slowlog.configure(slower_than_usec, self.config.size(Directive::SlowlogMaxLen));
                }
                Directive::NotifyKeyspaceEvents => {
                    let events = self.config.events();
                    self.notify =
                        Notify { keyspace: events.by_key, keyevent: events.by_event, classes: events.classes };
                    self.update_interest();
                }
                _ => {}
            }
        }
        Ok(())
    }
}
