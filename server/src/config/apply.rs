//! New values come into effect.

use bongsu_process::log::LogLevel;
use bongsu_protocol::acl::DefaultChannels;

use super::change::{Proposal, SetError};
use super::value::Value;
use super::{Config, Directive};
use crate::daemon::descriptors;
use crate::engine::{Engine, Notify};
use crate::limits::Limits;

/// A directive cannot be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refused {
    pub(crate) directive: Directive,
    /// For the client.
    pub(crate) reason: String,
    /// For the log.
    pub(crate) cause: String,
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
        self.log.warning(&refused.cause);
        self.log.warning(format_args!(
            "Failed applying new configuration. Possibly related to new {} setting. Restoring previous settings.",
            refused.directive
        ));
        if let Err(lost) = self.apply(&proposal.changed) {
            self.log.warning(format_args!("Failed applying restored failed CONFIG SET command: {}", lost.reason));
        }
        Err(SetError::Refused { name: refused.directive.name().to_owned(), reason: refused.reason })
    }

    /// At the start: everything that concerns nothing outside of the engine.
    pub(crate) fn apply_all(&mut self) {
        self.apply_inside(Directive::ALL);
    }

    /// Brings the score of the process into line; what the kernel refuses is only logged.
    pub(crate) fn adjust_oom_score(&mut self) {
        if let Err(error) = self.oom_score.adjust(&self.config, self.is_replica()) {
            self.log.warning(format_args!("Unable to write oom_score_adj: {error}"));
        }
    }

    /// Kinds of sockets on which connections arrive.
    pub(crate) fn kinds_of_listeners(&self) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self.instance.listening.iter().map(|listening| listening.name).collect();
        kinds.dedup();
        kinds
    }

    /// Brings what has changed into effect, outside of the engine too.
    fn apply(&mut self, changed: &[Directive]) -> Result<(), Refused> {
        self.apply_inside(changed);
        for directive in changed {
            match directive {
                Directive::Loglevel => {
                    if let Some(level) = LogLevel::parse(&self.config.words(Directive::Loglevel)) {
                        self.log.set_threshold(level);
                    }
                }
                Directive::Maxclients => {
                    let wanted = self.config.size(Directive::Maxclients);
                    let possible = descriptors::raise_for(wanted);
                    if possible < wanted {
                        let reason = format!(
                            "The operating system is not able to handle the specified number of clients, try with {possible}"
                        );
                        return Err(Refused { directive: *directive, cause: reason.clone(), reason });
                    }
                }
                Directive::OomScoreAdj | Directive::OomScoreAdjValues => {
                    self.oom_score.adjust(&self.config, self.is_replica()).map_err(|error| {
                        let reason = "Failed to set current oom_score_adj. Check server logs.".to_owned();
                        Refused {
                            directive: *directive,
                            reason,
                            cause: format!("Unable to write oom_score_adj: {error}"),
                        }
                    })?;
                }
                Directive::Appendonly => self.switch_log().map_err(|error| Refused {
                    directive: *directive,
                    reason: "Unable to turn on AOF. Check server logs.".to_owned(),
                    cause: error.to_string(),
                })?,
                Directive::RdbKeySaveDelay => self.delay_image(),
                Directive::KeyLoadDelay => {
                    if let Some(loading) = &self.loading {
                        loading.set_delay(self.config.integer(Directive::KeyLoadDelay));
                    }
                    self.delay_intake();
                }
                Directive::AofDisableAutoGc => self.clean_log(),
                Directive::Appendfsync => {
                    let policy = self.sync_policy();
                    if let Some(aof) = &mut self.aof {
                        aof.set_policy(policy);
                    }
                }
                _ => {}
            }
        }
        let adjusted = self.listeners.adjust(&self.config, changed);
        self.instance.listening = self.listeners.describe();
        adjusted
    }

    /// Brings into effect what concerns nothing outside of the engine.
    fn apply_inside(&mut self, changed: &[Directive]) {
        self.config.adjust(&mut self.shard.settings);
        self.set_memory_max(self.config.size(Directive::Maxmemory));
        self.limits = Limits::of(&self.config);
        for directive in changed {
            match directive {
                Directive::Requirepass => self.acl.require_password(self.config.text(Directive::Requirepass)),
                Directive::AclPubsubDefault => self.acl.set_default_channels(self.config.default_channels()),
                Directive::ReplicaReadOnly => self.update_interest(),
                Directive::AcllogMaxLen => self.acl.log.set_entries_max(self.config.size(Directive::AcllogMaxLen)),
                Directive::Maxmemory => {
                    self.room_is_due();
                }
                Directive::ReplBacklogSize => {
                    if let Some(backlog) = &mut self.history.backlog {
                        backlog.set_size(self.config.size(Directive::ReplBacklogSize));
                    }
                }
                Directive::MinReplicasMaxLag | Directive::MinReplicasToWrite => self.count_good_replicas(),
                Directive::AmnesiaGuard if !self.config.is_on(Directive::AmnesiaGuard) => {
                    self.end_amnesia("amnesia-guard is off");
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
    }
}
