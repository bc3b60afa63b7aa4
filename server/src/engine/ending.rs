//! The end of the server: clients change nothing more, replicas get what they miss, and what is to be saved is saved.

use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::ClientId;

use super::blocked::Until;
use super::{Engine, Shutdown};
use crate::config::Directive;

/// The end, while replicas are waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    how: Shutdown,
    /// When they are not waited for any more, in microseconds since the start.
    deadline_us: u64,
}

/// What comes of asking for the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// It is there.
    Comes,
    /// Replicas are waited for.
    Waits,
    /// It does not come, because what is to be saved cannot be.
    Fails,
}

impl Engine {
    /// The server is to end, once replicas have what they miss.
    pub(crate) fn ask_for_end(&mut self, how: Shutdown) -> End {
        if self.ending.is_some() && !how.now {
            return End::Waits;
        }
        self.log.notice("User requested shutdown...");
        let timeout_us = self.config.size(Directive::ShutdownTimeout) as u64 * 1_000_000;
        if how.now || timeout_us == 0 || self.lagging_replicas().is_empty() {
            return self.finish_end(how);
        }
        self.log.notice("Waiting for replicas before shutting down.");
        self.ending = Some(Ending { how, deadline_us: self.clock.now_us + timeout_us });
        self.update_pause();
        End::Waits
    }

    /// A client is answered only if the end does not come.
    pub(crate) fn wait_for_end(&mut self, client: ClientId, argv: &[&[u8]]) {
        self.block(client, argv, Until::End);
    }

    /// The end does not come. False if none was to.
    pub(crate) fn abort_end(&mut self) -> bool {
        let is_asked = self.ending.take().is_some();
        if is_asked {
            self.log.notice("Shutdown manually aborted.");
            self.go_on_living();
        }
        is_asked
    }

    /// How long replicas are waited for, in milliseconds, if the end is near.
    pub(crate) fn end_in_ms(&self) -> Option<u64> {
        self.ending.map(|ending| ending.deadline_us.saturating_sub(self.clock.now_us) / 1000)
    }

    /// Goes on with the end.
    pub(super) fn tend_end(&mut self) {
        let Some(ending) = self.ending else { return };
        if self.clock.now_us >= ending.deadline_us || self.lagging_replicas().is_empty() {
            self.finish_end(ending.how);
        }
    }

    fn finish_end(&mut self, how: Shutdown) -> End {
        let (lagging, all) = (self.lagging_replicas(), self.master.replicas().len());
        for line in &lagging {
            self.log.notice(line);
        }
        if all > 0 {
            let good = all.saturating_sub(lagging.len());
            self.log.notice(format_args!("{good} of {all} replicas are in sync when shutting down."));
        }
        let saved = self.save_at_end(how);
        self.ending = None;
        if saved.is_err() {
            self.log.warning("Errors trying to shut down the server. Check the logs for more information.");
            self.go_on_living();
            return End::Fails;
        }
        self.shutdown = Some(how);
        End::Comes
    }

    fn go_on_living(&mut self) {
        self.update_pause();
        for client in self.blocked.waiting_for_end() {
            let mut reply = Vec::new();
            Writer::new(&mut reply, self.protocol(client)).error("ERR Errors trying to SHUTDOWN. Check logs.");
            self.stats.error(&reply);
            self.unblock(client);
            self.end_late(client, &reply);
        }
    }
}
