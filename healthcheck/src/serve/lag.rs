//! How far a replica is behind, from what its master said over time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Answers of a master that are kept: at one a second, those of ten minutes. A replica that is further behind is as far
/// behind as the oldest.
const SAMPLES_MAX: usize = 600;

/// One answer of the master.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Just before it was asked.
    pub(super) asked: Instant,
    /// When the answer was there.
    pub(super) answered: Instant,
    /// Bytes of the stream that it had.
    pub(super) offset: i64,
    /// Bytes that this replica had acknowledged, if the master lists it.
    pub(super) acknowledged: Option<i64>,
}

/// What a master said, within one replication history.
#[derive(Debug, Default)]
pub(super) struct History {
    id: String,
    samples: VecDeque<Sample>,
}

impl History {
    /// Adds an answer of the master of the history `id`. Offsets of another history say nothing about this one's.
    pub(super) fn add(&mut self, id: &str, sample: Sample) {
        if self.id != id {
            *self = Self { id: id.to_owned(), samples: VecDeque::new() };
        }
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// The samples, if they are of the history `id`.
    fn of(&self, id: Option<&str>) -> Option<&VecDeque<Sample>> {
        (id == Some(self.id.as_str()) && !self.samples.is_empty()).then_some(&self.samples)
    }

    /// Bytes that a replica in the history `id`, which had `offset` when it was asked at `asked`, lacked of what the
    /// master had before that. `None` if the master has not told.
    pub(super) fn bytes_behind(&self, id: Option<&str>, offset: i64, asked: Instant) -> Option<u64> {
        let samples = self.of(id)?;
        let before = samples.iter().rev().find(|sample| sample.answered <= asked);
        let sample = before.or_else(|| samples.back())?;
        Some(u64::try_from(sample.offset.saturating_sub(offset)).unwrap_or(0))
    }

    /// For how long something may have been at the master that a replica with `offset` lacks: the time since the last
    /// moment at which the master is known to have had no more than that.
    pub(super) fn time_behind(&self, id: Option<&str>, offset: i64, now: Instant) -> Option<Duration> {
        let samples = self.of(id)?;
        let covered = samples.iter().rev().find(|sample| sample.offset <= offset);
        let since = covered.or_else(|| samples.front())?.asked;
        Some(now.saturating_duration_since(since))
    }

    /// As [`Self::time_behind`], for what the replica has acknowledged to the master. `None` also if the master does not
    /// list it.
    pub(super) fn time_unacknowledged(&self, id: Option<&str>, now: Instant) -> Option<Duration> {
        let acknowledged = self.of(id)?.back()?.acknowledged?;
        self.time_behind(id, acknowledged, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A master that writes 100 bytes a second, asked every second, each answer taking 100 ms.
    fn history(start: Instant) -> History {
        let mut history = History::default();
        for second in 0..5 {
            let asked = start + Duration::from_secs(second);
            let offset = 100 * i64::try_from(second).expect("small");
            let answered = asked + Duration::from_millis(100);
            history.add("a", Sample { asked, answered, offset, acknowledged: Some(offset - 100) });
        }
        history
    }

    #[test]
    fn what_is_missing_is_what_the_master_had_before() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let history = history(start);
        assert_eq!(history.bytes_behind(Some("a"), 400, at(4200)), Some(0));
        assert_eq!(history.bytes_behind(Some("a"), 290, at(4200)), Some(110));
        assert_eq!(history.bytes_behind(Some("a"), 290, at(4050)), Some(10), "the last answer came later");
        assert_eq!(history.bytes_behind(Some("b"), 290, at(4200)), None);
        assert_eq!(history.bytes_behind(None, 290, at(4200)), None);
    }

    #[test]
    fn time_counts_from_when_the_master_had_no_more() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let history = history(start);
        assert_eq!(history.time_behind(Some("a"), 400, at(4500)), Some(Duration::from_millis(500)));
        assert_eq!(history.time_behind(Some("a"), 399, at(4500)), Some(Duration::from_millis(1500)));
        assert_eq!(history.time_behind(Some("a"), -1, at(4500)), Some(Duration::from_millis(4500)));
        assert_eq!(history.time_unacknowledged(Some("a"), at(4500)), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn another_history_begins_anew_and_none_grows_for_ever() {
        let start = Instant::now();
        let mut history = history(start);
        let sample = Sample { asked: start, answered: start, offset: 7, acknowledged: None };
        history.add("b", sample);
        assert_eq!(history.bytes_behind(Some("a"), 0, start), None);
        assert_eq!(history.time_unacknowledged(Some("b"), start), None);
        for _ in 0..2 * SAMPLES_MAX {
            history.add("b", sample);
        }
        assert_eq!(history.samples.len(), SAMPLES_MAX);
    }
}
