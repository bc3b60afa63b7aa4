//! Crashes, starts, pauses.

use crate::data::RestartKind;
use crate::world::{Body, Job, Pid, World};

impl World {
    /// Ends a process at once. With `host_lives` its kernel closes the connections; without, nobody is told.
    pub(crate) fn crash(&mut self, pid: Pid, host_lives: bool) {
        if !self.proc(pid).up {
            return;
        }
        let text = format!("{} {}", self.label(pid), if host_lives { "killed" } else { "loses power" });
        self.note(&text);
        self.drop_connections(pid, host_lives);
        let p = self.proc_mut(pid);
        p.up = false;
        p.host_up = host_lives;
        p.paused = false;
        p.inbox.clear();
        match &p.body {
            Body::Core(_) => self.core_crashed(pid),
            Body::Real(_) => self.real_crashed(pid),
            Body::Data(_) => self.data_crashed(pid),
        }
    }

    pub(crate) fn start_sentinel(&mut self, pid: Pid) {
        if self.proc(pid).up {
            return;
        }
        self.revive(pid);
        match &self.proc(pid).body {
            Body::Core(_) => self.start_core(pid),
            Body::Real(_) => self.start_real(pid),
            Body::Data(_) => {}
        }
    }

    pub(crate) fn start_data(&mut self, pid: Pid, kind: RestartKind) {
        if self.proc(pid).up {
            return;
        }
        let text = format!("{} starts {kind:?}", self.label(pid));
        self.note(&text);
        self.revive(pid);
        self.boot_data(pid, kind);
    }

    /// Marks a process as running again.
    fn revive(&mut self, pid: Pid) {
        let p = self.proc_mut(pid);
        p.incarnation += 1;
        p.up = true;
        p.host_up = true;
    }

    /// Stops a process as SIGSTOP does: its connections stay, its input piles up.
    pub(crate) fn pause(&mut self, pid: Pid) {
        if !self.proc(pid).up {
            return;
        }
        let text = format!("{} stopped", self.label(pid));
        self.note(&text);
        let now = self.now_us;
        let p = self.proc_mut(pid);
        if !p.paused {
            p.paused_us = now;
        }
        p.paused = true;
    }

    pub(crate) fn resume(&mut self, pid: Pid) {
        if !self.proc(pid).paused {
            return;
        }
        let text = format!("{} continues", self.label(pid));
        self.note(&text);
        self.proc_mut(pid).paused = false;
        let stalled = self.now_us - self.proc(pid).paused_us;
        self.core_resumed(pid, stalled);
        self.sleepwalk(pid, stalled);
        let mut inbox: Vec<Job> = std::mem::take(&mut self.proc_mut(pid).inbox).into();
        // The timer and the sockets become ready together; either may be served first.
        if self.rng.chance(1, 2) {
            let (timers, rest): (Vec<Job>, Vec<Job>) = inbox.into_iter().partition(|j| matches!(j, Job::Tick { .. }));
            inbox = timers.into_iter().chain(rest).collect();
        }
        for job in inbox {
            self.at(0, job);
        }
    }
}
