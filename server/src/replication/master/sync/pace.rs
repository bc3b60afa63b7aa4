//! How fast an image for replicas goes on.
//!
//! All that it costs in the end follows from the walk: what is walked is encoded by the thread, which may have to share a core with the loop,
//! and then sent. So only the walk is paced, and the thread and the sockets keep up with it. The thread has no lower priority on purpose:
//! what clients change is written for it without being asked for, and would pile up in memory before a thread that gets no core.
//!
//! Slower is not always better. Until a replica has the image, all that clients write is kept for it: in memory, and only up to
//! `client-output-buffer-limit`, beyond which the replica is given up and has to begin anew. So the image goes on slowly only as long as that
//! fits into its room.

use rustix::time::{ClockId, clock_gettime};

/// While clients want something, the walk gets one in so many parts of the time. All that follows from it costs some four times as much again:
/// on one core clients keep five sixths of it. With less, a replica would wait longer than for a server that forks.
const SHARE: f64 = 32.0;

/// Steps in microseconds: shorter ones are not worth the while, and a request that comes meanwhile waits for no longer ones.
const STEP_US_MIN: f64 = 50.0;
const STEP_US_MAX: f64 = 200.0;

/// What clients write may take so much memory beside the backlog until the image is complete: one in so many parts of what the server has.
const ROOM_SHARE: usize = 20;

/// After so long without a request nobody is disturbed, in microseconds.
const IDLE_US: u64 = 100;

/// What a byte costs before any has been walked, in microseconds.
const BYTE_US: f64 = 0.001;

/// The pace of a walk.
pub(super) struct Pace {
    /// When it was last looked at, and when clients last wanted something, in microseconds since the start.
    looked_us: u64,
    wanted_us: u64,
    /// Time that the walk may take. Below zero, it took more.
    credit_us: f64,
    /// What it has taken and written.
    walked_us: f64,
    walked_bytes: f64,
    /// Bytes of the image that were there when it stopped.
    left_bytes: usize,
    /// Bytes of the image until now, by whomever they were written, and about as many as there will be.
    written_bytes: usize,
    expected_bytes: usize,
}

impl Pace {
    /// A walk through so many bytes.
    pub(super) fn new(now_us: u64, used_bytes: usize) -> Self {
        Self {
            looked_us: now_us,
            wanted_us: now_us,
            credit_us: 0.0,
            walked_us: 0.0,
            walked_bytes: 0.0,
            left_bytes: 0,
            written_bytes: 0,
            expected_bytes: used_bytes,
        }
    }

    /// More of the stream is kept than there will be room for if it goes on like that. Beside the backlog, which is there anyway, there is
    /// a part of the memory; but never more than half of what a replica may be behind (zero: as far as it likes).
    pub(super) fn is_late(&self, stream_bytes: u64, backlog_bytes: usize, behind_max: usize) -> bool {
        let room = backlog_bytes.saturating_add(self.expected_bytes / ROOM_SHARE);
        let room = if behind_max > 0 { room.min(behind_max / 2) } else { room };
        u128::from(stream_bytes) * self.expected_bytes as u128 > self.written_bytes as u128 * room as u128
    }

    /// How long the walk may go on now, in microseconds. Clients come first if they want something and it is not late. `image_bytes` are
    /// those that wait to be taken: what clients have added counts as walked, since it costs the same.
    pub(super) fn step_us(&mut self, now_us: u64, is_wanted: bool, is_late: bool, image_bytes: usize) -> u64 {
        let passed_us = now_us.saturating_sub(self.looked_us);
        self.looked_us = now_us;
        let of_clients = image_bytes.saturating_sub(self.left_bytes);
        self.left_bytes = image_bytes;
        self.written_bytes += of_clients;
        let credit_us = self.credit_us + passed_us as f64 / SHARE - of_clients as f64 * self.byte_us();
        self.credit_us = credit_us.min(STEP_US_MAX);
        if is_wanted {
            self.wanted_us = now_us;
        }
        if is_late || now_us.saturating_sub(self.wanted_us) >= IDLE_US {
            // Nor is there anything to be made up for.
            self.credit_us = STEP_US_MAX;
        }
        if self.credit_us < STEP_US_MIN { 0 } else { self.credit_us as u64 }
    }

    /// The walk took so long, wrote so many bytes, and so many have not been taken.
    pub(super) fn walked(&mut self, us: f64, bytes: usize, image_bytes: usize) {
        self.credit_us -= us;
        self.walked_us += us;
        self.walked_bytes += bytes as f64;
        self.written_bytes += bytes;
        self.left_bytes = image_bytes;
    }

    fn byte_us(&self) -> f64 {
        if self.walked_bytes > 0.0 { self.walked_us / self.walked_bytes } else { BYTE_US }
    }
}

/// What this thread has taken of a core, in microseconds. Time in which the core was another's costs clients nothing more.
pub(super) fn own_us() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a walk goes on in a second of turns of so many microseconds, in each of which clients add so many bytes.
    fn walked_in_a_second(turn_us: u64, is_wanted: bool, bytes_of_clients: usize) -> f64 {
        let mut pace = Pace::new(0, 0);
        let (mut now_us, mut walked_us) = (0, 0);
        while now_us < 1_000_000 {
            now_us += turn_us;
            let step_us = pace.step_us(now_us, is_wanted, false, bytes_of_clients);
            // A byte takes a nanosecond, and all are taken.
            pace.walked(step_us as f64, step_us as usize * 1000, 0);
            now_us += step_us;
            walked_us += step_us;
        }
        walked_us as f64 / now_us as f64
    }

    #[test]
    fn clients_leave_the_walk_its_share_and_no_more() {
        for turn_us in [10, 400, 2000] {
            let share = walked_in_a_second(turn_us, true, 0);
            assert!((share * SHARE - 1.0).abs() < 0.05, "turns of {turn_us} us: {share}");
        }
    }

    #[test]
    fn nobody_is_waited_for_once_all_are_silent() {
        assert!(walked_in_a_second(2, false, 0) > 0.95);
    }

    #[test]
    fn what_clients_write_hurries_the_walk_when_its_room_fills_faster_than_the_image_grows() {
        let mut pace = Pace::new(0, 1000);
        assert!(!pace.is_late(0, 50, 0));
        pace.walked(1.0, 500, 0);
        // Half of the image is there: half of the backlog and of a twentieth of the memory may be taken, or a quarter of the limit.
        assert_eq!((pace.is_late(50, 50, 0), pace.is_late(51, 50, 0)), (false, true));
        assert_eq!((pace.is_late(10, 50, 40), pace.is_late(11, 50, 40)), (false, true));
        assert_eq!(pace.step_us(1, true, true, 0), STEP_US_MAX as u64);
    }

    #[test]
    fn what_clients_add_is_walked_already() {
        // Half of the share, and twice as much as it: a thousand bytes take a microsecond.
        let share_bytes = (400.0 * 1000.0 / SHARE) as usize;
        let half = walked_in_a_second(400, true, share_bytes / 2);
        assert!((half * SHARE - 0.5).abs() < 0.1, "{half}");
        assert!(walked_in_a_second(400, true, 2 * share_bytes) < 0.001);
    }
}
