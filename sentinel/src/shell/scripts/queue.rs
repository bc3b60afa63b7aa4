//! The queue of scripts: first in, first out, bounded in length and in running processes.

use std::collections::VecDeque;

use bongsu_sentinel_core::Time;

use super::ScriptView;

/// Jobs queued at most, running ones included; then the oldest one that does not run is dropped.
const MAX_QUEUED: usize = 256;

/// Jobs running at the same time.
const MAX_RUNNING: usize = 16;

/// Names a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct JobId(u64);

/// Where a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// May start at that time.
    Waiting { until: Time },
    /// Is being started.
    Starting,
    /// Runs.
    Running { pid: u32, since: Time },
}

#[derive(Debug)]
struct Job {
    id: JobId,
    argv: Vec<String>,
    state: State,
    runs: u32,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    jobs: VecDeque<Job>,
    next_id: u64,
    /// The wake-up that is set for the next retry.
    armed: Option<Time>,
}

impl Queue {
    /// Queues a job; gives back the one that had to make room.
    pub(super) fn push(&mut self, now: Time, argv: Vec<String>) -> Option<Vec<String>> {
        let id = JobId(self.next_id);
        self.next_id += 1;
        self.jobs.push_back(Job { id, argv, state: State::Waiting { until: now }, runs: 0 });
        if self.jobs.len() <= MAX_QUEUED {
            return None;
        }
        let oldest = self.jobs.iter().position(|job| matches!(job.state, State::Waiting { .. }))?;
        self.jobs.remove(oldest).map(|job| job.argv)
    }

    /// A process is one of the scripts.
    pub(super) fn is_running(&self, process: u32) -> bool {
        self.jobs.iter().any(|job| matches!(job.state, State::Running { pid, .. } if pid == process))
    }

    /// The next job that may start now; it counts as started.
    pub(super) fn next_to_start(&mut self, now: Time) -> Option<(JobId, Vec<String>)> {
        if self.running() >= MAX_RUNNING {
            return None;
        }
        let due = |state: State| matches!(state, State::Waiting { until } if until <= now);
        let job = self.jobs.iter_mut().find(|job| due(job.state))?;
        job.state = State::Starting;
        job.runs += 1;
        Some((job.id, job.argv.clone()))
    }

    pub(super) fn set_state(&mut self, id: JobId, state: State) {
        if let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) {
            job.state = state;
        }
    }

    pub(super) fn remove(&mut self, id: JobId) {
        self.jobs.retain(|job| job.id != id);
    }

    pub(super) fn runs(&self, id: JobId) -> u32 {
        self.jobs.iter().find(|job| job.id == id).map_or(0, |job| job.runs)
    }

    /// The time for which a wake-up must be set, unless an earlier one is; `None` while all places are taken: the end of a
    /// script looks at the queue by itself.
    pub(super) fn arm(&mut self) -> Option<Time> {
        if self.running() >= MAX_RUNNING {
            return None;
        }
        let waiting = |job: &Job| match job.state {
            State::Waiting { until } => Some(until),
            _ => None,
        };
        let due = self.jobs.iter().filter_map(waiting).min()?;
        if self.armed.is_some_and(|armed| armed <= due) {
            return None;
        }
        self.armed = Some(due);
        self.armed
    }

    pub(super) fn disarm(&mut self, due: Time) {
        if self.armed == Some(due) {
            self.armed = None;
        }
    }

    pub(super) fn running(&self) -> usize {
        self.jobs.iter().filter(|job| !matches!(job.state, State::Waiting { .. })).count()
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn view(&self, now: Time) -> Vec<ScriptView> {
        let view = |job: &Job| {
            let (pid, time) = match job.state {
                State::Waiting { until } => (None, until.since(now)),
                State::Starting => (Some(0), std::time::Duration::ZERO),
                State::Running { pid, since } => (Some(pid), now.since(since)),
            };
            ScriptView { argv: job.argv.clone(), pid, time, runs: job.runs }
        };
        self.jobs.iter().map(view).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_000);

    fn job(n: usize) -> Vec<String> {
        vec![format!("job{n}")]
    }

    #[test]
    fn jobs_start_in_order_and_sixteen_at_a_time() {
        let mut queue = Queue::default();
        for n in 0..20 {
            assert_eq!(queue.push(NOW, job(n)), None);
        }
        let started: Vec<_> = std::iter::from_fn(|| queue.next_to_start(NOW)).collect();
        let names: Vec<_> = started.iter().map(|(_, argv)| argv.clone()).collect();
        assert_eq!(names, (0..MAX_RUNNING).map(job).collect::<Vec<_>>());
        assert_eq!(queue.arm(), None, "the end of a running script starts the next");
        queue.remove(started[3].0);
        assert_eq!(queue.next_to_start(NOW).map(|(_, argv)| argv), Some(job(16)));
    }

    #[test]
    fn overflow_drops_the_oldest_that_does_not_run() {
        let mut queue = Queue::default();
        for n in 0..MAX_QUEUED {
            queue.push(NOW, job(n));
        }
        queue.next_to_start(NOW).unwrap();
        assert_eq!(queue.push(NOW, job(999)), Some(job(1)));
        assert_eq!(queue.len(), MAX_QUEUED);
    }

    #[test]
    fn a_retry_waits_for_its_time() {
        let mut queue = Queue::default();
        queue.push(NOW, job(0));
        let (id, _) = queue.next_to_start(NOW).unwrap();
        let later = Time::from_ms(31_000);
        queue.set_state(id, State::Waiting { until: later });
        assert_eq!(queue.next_to_start(NOW), None);
        assert_eq!(queue.arm(), Some(later));
        assert_eq!(queue.arm(), None, "one wake-up is enough");
        queue.disarm(later);
        assert_eq!(queue.next_to_start(later).map(|(id, _)| id), Some(id));
        assert_eq!(queue.runs(id), 2);
    }
}
