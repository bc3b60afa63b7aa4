//! What the end of a script means.

use std::io;
use std::time::Duration;

/// Starts of one job at most.
const MAX_RUNS: u32 = 10;

/// How a script ended, in the numbers that `-script-error` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The signal that killed it, or 0.
    pub(super) signal: i32,
    /// Its exit code; 0 if it was killed.
    pub(super) exit_code: i32,
}

impl Outcome {
    /// No process could be made; Sentinel shows it as a signal of this number.
    pub(super) const NOT_STARTED: Self = Self { signal: 99, exit_code: 0 };
    /// The file could not be executed; the child would have exited with this code.
    const NOT_EXECUTABLE: Self = Self { signal: 0, exit_code: 2 };
}

/// What becomes of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    RetryAfter(Duration),
    GiveUp,
}

pub(super) fn of_spawn_error(error: &io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory | io::ErrorKind::Interrupted => Outcome::NOT_STARTED,
        // We have no descriptor to spare for the moment.
        _ if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => Outcome::NOT_STARTED,
        _ => Outcome::NOT_EXECUTABLE,
    }
}

/// Exit 0 is success; exit 1 and death by signal are transient; every other code is final. `runs` counts the run that just
/// ended; the delay doubles with each.
pub(super) fn judge(outcome: Outcome, runs: u32, retry_delay: Duration) -> Verdict {
    let transient = outcome.signal != 0 || outcome.exit_code == 1;
    match outcome {
        Outcome { signal: 0, exit_code: 0 } => Verdict::Done,
        _ if transient && runs < MAX_RUNS => {
            Verdict::RetryAfter(retry_delay.saturating_mul(1 << runs.saturating_sub(1).min(MAX_RUNS)))
        }
        _ => Verdict::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_secs(30);

    #[track_caller]
    fn check(signal: i32, exit_code: i32, runs: u32, want: Verdict) {
        assert_eq!(judge(Outcome { signal, exit_code }, runs, DELAY), want);
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        for (errno, want) in [
            (libc::EAGAIN, Outcome::NOT_STARTED),
            (libc::EMFILE, Outcome::NOT_STARTED),
            (libc::EACCES, Outcome::NOT_EXECUTABLE),
            (libc::ENOENT, Outcome::NOT_EXECUTABLE),
        ] {
            assert_eq!(of_spawn_error(&io::Error::from_raw_os_error(errno)), want);
        }
    }

    #[test]
    fn exit_codes_decide() {
        check(0, 0, 1, Verdict::Done);
        check(0, 1, 1, Verdict::RetryAfter(DELAY));
        check(9, 0, 1, Verdict::RetryAfter(DELAY));
        check(99, 0, 1, Verdict::RetryAfter(DELAY));
        check(0, 2, 1, Verdict::GiveUp);
        check(0, 127, 1, Verdict::GiveUp);
    }

    #[test]
    fn delays_double_until_the_last_run() {
        check(0, 1, 2, Verdict::RetryAfter(DELAY * 2));
        check(0, 1, 9, Verdict::RetryAfter(DELAY * 256));
        check(0, 1, 10, Verdict::GiveUp);
        check(15, 0, 10, Verdict::GiveUp);
    }
}
