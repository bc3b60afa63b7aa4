//! The loop.

use crate::net::Side;
use crate::units::SEC;
use crate::world::{Body, Job, Pid, World};

/// A run that makes more events than this spins somewhere.
const MAX_EVENTS: u64 = 30_000_000;

impl World {
    /// Runs to the end, or to the first broken invariant.
    pub(crate) fn run(&mut self) {
        while let Some((at_us, job)) = self.queue.pop() {
            if at_us > self.shape.end_us || self.watch.failure().is_some() {
                break;
            }
            self.now_us = at_us;
            self.watch.now_us = at_us;
            self.events += 1;
            if self.events > MAX_EVENTS {
                self.watch.fail("progress", format!("more than {MAX_EVENTS} events in {} s", at_us / SEC));
                break;
            }
            match self.sleeper(&job) {
                Some(pid) => self.proc_mut(pid).inbox.push_back(job),
                None => self.perform(job),
            }
        }
        if self.watch.failure().is_none() {
            self.now_us = self.shape.end_us;
            self.judge_end();
        }
    }

    /// The stopped process that a job would wake, if it concerns one.
    fn sleeper(&self, job: &Job) -> Option<Pid> {
        let pid = match job {
            Job::Deliver { conn, to, .. } => self.net.conn(*conn).end(*to).pid?,
            Job::ConnectTimeout(conn) => self.net.conn(*conn).client()?,
            Job::Serve(conn) | Job::Late { conn, .. } => self.net.conn(*conn).end(Side::Server).pid?,
            Job::Tick { pid, .. }
            | Job::RealTick { pid, .. }
            | Job::Cron { pid, .. }
            | Job::Saved { pid, .. }
            | Job::SaveAgain { pid, .. }
            | Job::HooksAnswered { pid, .. }
            | Job::Loaded { pid, .. }
            | Job::PauseOver { pid, .. } => *pid,
            Job::Client(job) => job.at_node()?,
            Job::Agent(job) => job.at_sentinel()?,
            Job::Store(job) => job.at_sentinel()?,
            _ => return None,
        };
        self.proc(pid).paused.then_some(pid)
    }

    pub(crate) fn perform(&mut self, job: Job) {
        match job {
            Job::Syn(conn) => self.on_syn(conn),
            Job::ConnectTimeout(conn) => self.on_connect_timeout(conn),
            Job::Deliver { conn, to, msg } => self.on_deliver(conn, to, msg),
            Job::Serve(conn) => self.serve(conn),
            Job::Late { conn, id, reply } => self.unblock(conn, id, reply),
            Job::Tick { pid, incarnation, at_us } if self.lives(pid, incarnation) => self.on_tick(pid, at_us),
            Job::RealTick { pid, incarnation } if self.lives(pid, incarnation) => self.real_tick(pid),
            Job::Cron { pid, incarnation } if self.lives(pid, incarnation) => self.cron(pid),
            Job::Saved { pid, incarnation, seq, ok } if self.lives(pid, incarnation) => self.on_saved(pid, seq, ok),
            Job::SaveAgain { pid, incarnation, seq } if self.lives(pid, incarnation) => self.save_again(pid, seq),
            Job::HooksAnswered { pid, incarnation, group, answer } if self.lives(pid, incarnation) => {
                self.hooks_answered(pid, &group, answer);
            }
            Job::Loaded { pid, incarnation } if self.lives(pid, incarnation) => self.on_loaded(pid),
            Job::PauseOver { pid, incarnation, at_us } if self.lives(pid, incarnation) => self.pause_over(pid, at_us),
            Job::Client(job) => self.client_job(job),
            Job::Agent(job) => self.agent_job(job),
            Job::Store(job) => self.store_job(job),
            Job::Fault => self.on_fault(),
            Job::Repair(repair) => self.repair(repair),
            Job::StartSentinel(pid) => self.start_sentinel(pid),
            Job::StartData(pid, kind) => self.start_data(pid, kind),
            Job::HealAll => self.heal_all(),
            _ => {}
        }
    }

    fn lives(&self, pid: Pid, incarnation: u32) -> bool {
        let p = self.proc(pid);
        p.up && p.incarnation == incarnation
    }

    /// What the run is made of, in one line.
    pub(crate) fn describe(&self) -> String {
        let real = self.shape.sentinels.iter().filter(|b| **b == crate::shape::Brand::Real).count();
        let groups: Vec<String> = self
            .shape
            .groups
            .iter()
            .map(|g| {
                format!(
                    "{}r{} q{} d{}ms f{}ms",
                    g.replicas,
                    if g.guarded { " guarded" } else { "" },
                    g.quorum,
                    g.down_after.as_millis(),
                    g.failover_timeout.as_millis()
                )
            })
            .collect();
        let faults: Vec<String> = self.shape.faults.iter().map(|(_, k)| format!("{k:?}")).collect();
        format!(
            "{} sentinels ({real} real), {} groups [{}], faults {}",
            self.shape.sentinels.len(),
            groups.len(),
            groups.join(", "),
            faults.join(" ")
        )
    }

    /// Acknowledged writes, and those of them that the last masters do not have.
    pub(crate) fn count_losses(&self) -> (u64, u64) {
        let (mut acked, mut lost) = (0, 0);
        for (g, group) in self.groups.iter().enumerate() {
            let all = self.oracle.count(g) as u64;
            acked += all;
            let master = self.sentinels.first().and_then(|s| self.master_by(*s, g)).and_then(|a| self.find(&a));
            let node = master.unwrap_or(group.nodes[0]);
            let kept = self.data(node).log.iter().filter(|e| self.oracle.was_acked(g, e.write)).count() as u64;
            lost += all.saturating_sub(kept);
        }
        (acked, lost)
    }

    pub(crate) fn is_data(&self, pid: Pid) -> bool {
        matches!(self.proc(pid).body, Body::Data(_))
    }
}
