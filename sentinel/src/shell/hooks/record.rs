//! What became of the latest runs.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use bongsu_sentinel_core::{Addr, Epoch, GroupName};

use super::child::HookEnd;
use crate::config::{HookPhase, HookSettings, OnFailure};

/// Runs remembered: those of the last hundred failovers of a group with a hook for each phase, in two megabytes at most.
const RECORDS_MAX: usize = 512;
/// Exit status of a hook that lets the failover go on.
const STATUS_GO: i32 = 0;
/// Exit status of a hook that stops the failover: "temporary failure" (`EX_TEMPFAIL`), with which no script ends by mistake.
const STATUS_VETO: i32 = 75;
/// Of what a hook says of its veto, so much is shown, in bytes.
const WHY_BYTES_MAX: usize = 200;

/// One run of a hook.
#[derive(Clone, Debug)]
pub struct HookRun {
    /// When it began.
    pub wall: SystemTime,
    /// The hook.
    pub hook: String,
    /// Its phase.
    pub phase: HookPhase,
    /// The group.
    pub group: GroupName,
    /// The epoch of the failover.
    pub epoch: Epoch,
    /// The node whose role has changed, for [`HookPhase::RoleChange`].
    pub node: Option<Addr>,
    /// Nothing has happened: somebody wanted to see it run.
    pub is_dry_run: bool,
    /// How it ended.
    pub end: HookEnd,
    /// For [`HookPhase::PreFailover`]: why it stops the failover, or `Ok` if it does not.
    pub verdict: Option<Result<(), String>>,
    /// How long it took.
    pub took: Duration,
    /// The beginning of what it wrote.
    pub output: String,
    /// How much it wrote, in bytes.
    pub output_bytes: u64,
}

impl fmt::Display for HookEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exit status {status}"),
            Self::Signalled(signal) => write!(f, "killed by signal {signal}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::NotStarted(reason) => write!(f, "not started: {reason}"),
        }
    }
}

impl HookRun {
    /// True if the hook did not do what it should; a veto is no failure.
    pub const fn has_failed(&self) -> bool {
        match self.end {
            HookEnd::Exited(STATUS_GO) => false,
            HookEnd::Exited(STATUS_VETO) => !matches!(self.phase, HookPhase::PreFailover),
            _ => true,
        }
    }
}

/// What a run says about the failover that it was asked about: `Err` with the reason if it stops it.
pub(super) fn judge(hook: &HookSettings, end: &HookEnd, output: &str) -> Result<(), String> {
    match (end, hook.on_failure) {
        (HookEnd::Exited(STATUS_GO), _) => Ok(()),
        (HookEnd::Exited(STATUS_VETO), _) => Err(first_line(output).unwrap_or_else(|| end.to_string())),
        (_, OnFailure::Proceed) => Ok(()),
        (_, OnFailure::Veto) => Err(end.to_string()),
    }
}

/// The first line that says something, without control characters.
fn first_line(output: &str) -> Option<String> {
    let line = output.lines().map(str::trim).find(|line| !line.is_empty())?;
    let mut shown: String = line.chars().filter(|c| !c.is_control()).collect();
    shown.truncate(shown.floor_char_boundary(WHY_BYTES_MAX));
    Some(shown).filter(|shown| !shown.is_empty())
}

/// The latest runs, oldest first.
#[derive(Default)]
pub(super) struct Records(VecDeque<Rc<HookRun>>);

impl Records {
    pub(super) fn push(&mut self, run: Rc<HookRun>) {
        if self.0.len() == RECORDS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(run);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Rc<HookRun>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_end_means_for_the_failover() {
        let hook = |on_failure| HookSettings {
            name: "h".to_owned(),
            phase: HookPhase::PreFailover,
            command: vec!["/x".to_owned()],
            groups: Vec::new(),
            timeout: Duration::from_secs(1),
            on_failure,
        };
        let judged = |end: HookEnd, output: &str| {
            [OnFailure::Proceed, OnFailure::Veto].map(|on_failure| judge(&hook(on_failure), &end, output))
        };
        let both = |result: Result<(), String>| [result.clone(), result];
        assert_eq!(judged(HookEnd::Exited(0), "no"), both(Ok(())));
        assert_eq!(judged(HookEnd::Exited(75), "\n \x1bno\nmore"), both(Err("no".to_owned())));
        assert_eq!(judged(HookEnd::Exited(75), "\n"), both(Err("exit status 75".to_owned())));
        assert_eq!(judged(HookEnd::Exited(75), &"é".repeat(500)), both(Err("é".repeat(100))));
        for (end, why) in [
            (HookEnd::Exited(1), "exit status 1"),
            (HookEnd::Signalled(11), "killed by signal 11"),
            (HookEnd::TimedOut, "timed out"),
            (HookEnd::NotStarted("no".to_owned()), "not started: no"),
        ] {
            assert_eq!(judged(end, "no"), [Ok(()), Err(why.to_owned())]);
        }
    }
}
