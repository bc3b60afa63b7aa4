//! `FAILOVER`: a replica takes over when it has everything, and this server becomes its replica.
//!
//! Nothing is written meanwhile, so that what the replica has is all there is.

use bongsu_protocol::session::PauseMode;

use super::replica::{Replica, State};
use crate::engine::Engine;

/// What `FAILOVER` asks for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct FailoverRequest {
    /// Who is to take over; otherwise whoever has everything first.
    pub(crate) target: Option<(String, u16)>,
    /// It takes over at the end of the time, whatever it has.
    pub(crate) is_forced: bool,
    /// How long it may take, in milliseconds.
    pub(crate) timeout_ms: Option<u64>,
}

/// A failover under way.
#[derive(Debug)]
pub(super) struct Failover {
    target: Option<(String, u16)>,
    is_forced: bool,
    /// In microseconds since the start.
    deadline_us: Option<u64>,
    /// The replica has been told.
    hands_over: bool,
}

impl Engine {
    /// Begins a failover, if that is possible.
    pub(crate) fn begin_failover(&mut self, request: FailoverRequest) -> Result<(), &'static str> {
        if self.master.failover.is_some() {
            return Err("ERR FAILOVER already in progress.");
        }
        if self.is_replica() {
            return Err("ERR FAILOVER is not valid when server is a replica.");
        }
        if self.master.replicas.is_empty() {
            return Err("ERR FAILOVER requires connected replicas.");
        }
        if request.is_forced && (request.timeout_ms.is_none() || request.target.is_none()) {
            return Err("ERR FAILOVER with force option requires both a timeout and target HOST and IP.");
        }
        if let Some(target) = &request.target {
            let replica = self.master.replicas.iter().find(|replica| is_at(replica, target));
            let replica = replica.ok_or("ERR FAILOVER target HOST and PORT is not a replica.")?;
            if replica.state != State::Online {
                return Err("ERR FAILOVER target replica is not online.");
            }
        }
        self.log.notice("FAILOVER requested: waiting for a replica that has everything");
        let deadline_us = request.timeout_ms.map(|ms| self.clock.now_us.saturating_add(ms.saturating_mul(1000)));
        let FailoverRequest { target, is_forced, .. } = request;
        self.master.failover = Some(Failover { target, is_forced, deadline_us, hands_over: false });
        self.update_pause();
        Ok(())
    }

    /// Ends a failover that is under way: this server is the master. False if there is none.
    pub(crate) fn abort_failover(&mut self, reason: &str) -> bool {
        let Some(failover) = self.master.failover.take() else { return false };
        self.log.notice(format_args!("Aborting failover: {reason}"));
        if failover.hands_over {
            self.promote();
        }
        self.update_pause();
        true
    }

    /// As `INFO` shows it.
    pub(crate) fn failover_state(&self) -> &'static str {
        match &self.master.failover {
            None => "no-failover",
            Some(Failover { hands_over: false, .. }) => "waiting-for-sync",
            Some(_) => "failover-in-progress",
        }
    }

    /// A failover is under way.
    pub(crate) fn fails_over(&self) -> bool {
        self.master.failover.is_some()
    }

    /// Which requests are held back: by a pause, or because nothing may change for another reason.
    pub(crate) fn pause_mode(&self) -> Option<PauseMode> {
        let is_still = self.master.failover.is_some() || self.ending.is_some();
        let pause = self.clients.pause_at(self.shard.now_ms).map(|pause| pause.mode);
        pause.max(is_still.then_some(PauseMode::Write))
    }

    /// Goes on with a failover.
    pub(super) fn tend_failover(&mut self) {
        let Some(failover) = &self.master.failover else { return };
        if failover.hands_over {
            return self.end_failover();
        }
        let end = self.history.offset;
        let has_all = |replica: &&Replica| replica.state == State::Online && replica.acknowledged == end;
        let is_meant = |replica: &&Replica| failover.target.as_ref().is_none_or(|target| is_at(replica, target));
        let ready = self.master.replicas.iter().filter(is_meant).find(has_all);
        let ready = ready.map(|replica| (replica.host().to_owned(), replica.about.port));
        let is_over = failover.deadline_us.is_some_and(|deadline_us| self.clock.now_us >= deadline_us);
        match (ready, &failover.target) {
            (Some((host, port)), _) => {
                self.log.notice(format_args!("Failover target {host}:{port} is synced, failing over."));
                self.hand_over(host, port);
            }
            (None, Some((host, port))) if is_over && failover.is_forced => {
                let (host, port) = (host.clone(), *port);
                self.log.notice(format_args!("Failover to {host}:{port} time out exceeded, failing over."));
                self.hand_over(host, port);
            }
            (None, _) if is_over => {
                self.abort_failover("Replica never caught up before timeout");
            }
            _ => {}
        }
    }

    fn hand_over(&mut self, host: String, port: u16) {
        if let Some(failover) = &mut self.master.failover {
            failover.hands_over = true;
        }
        self.hand_over_to(host, port);
    }

    /// The replica has taken over, or another role was taken meanwhile.
    fn end_failover(&mut self) {
        if self.hands_over() {
            return;
        }
        self.master.failover = None;
        self.log.notice("Failover ended");
        self.update_pause();
    }
}

/// It is this replica that is meant.
fn is_at(replica: &Replica, (host, port): &(String, u16)) -> bool {
    replica.host().eq_ignore_ascii_case(host) && replica.about.port == *port
}
