//! What a replica does not do for its clients.

use bongsu_protocol::command::CommandFlags;

use crate::config::Directive;
use crate::engine::Engine;

impl Engine {
    /// Why a replica does not run a command with these flags, which writes or does not.
    pub(crate) fn refusal_of_replica(&self, flags: CommandFlags, writes: bool) -> Option<&'static str> {
        let following = self.following.as_ref()?;
        if writes && self.config.is_on(Directive::ReplicaReadOnly) {
            return Some("READONLY You can't write against a read only replica.");
        }
        let is_stale = !following.is_linked() && !self.config.is_on(Directive::ReplicaServeStaleData);
        if is_stale && !flags.contains(CommandFlags::STALE) {
            return Some("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
        }
        None
    }

    /// Why nobody may begin to follow this server now.
    pub(crate) fn refuses_replicas(&self) -> Option<&'static str> {
        if let Some(text) = self.refusal_to_pass_on() {
            return Some(text);
        }
        if self.fails_over() {
            return Some("NOMASTERLINK Can't SYNC while failing over");
        }
        self.is_cut_off().then_some("NOMASTERLINK Can't SYNC while not connected with my master")
    }

    /// Keys go to make room, even if a master will not hear of it.
    pub(crate) fn minds_its_memory(&self) -> bool {
        !self.is_replica() || !self.config.is_on(Directive::ReplicaIgnoreMaxmemory)
    }
}
