//! Connections that are used again.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::Instant;

/// Most connections of one target that are kept. After a failover of many groups some tens are written at the same time; the next
/// time that is so is far away.
const KEPT_MAX: usize = 8;

/// For how long an idle connection is used again. Servers and the firewalls between keep theirs longer, so a request hardly ever
/// meets a connection that the other side is just closing.
pub(crate) const IDLE_MAX: Duration = Duration::from_secs(5);

/// Connections that nobody uses at the moment.
pub(crate) struct Idle<T>(RefCell<Vec<Kept<T>>>);

struct Kept<T> {
    /// Which of the servers it is with.
    at: usize,
    until: Instant,
    connection: T,
}

impl<T> Idle<T> {
    pub(crate) const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// The one with this server that was used last. Those that are too old are closed.
    pub(crate) fn take(&self, at: usize) -> Option<T> {
        let mut kept = self.0.borrow_mut();
        let now = Instant::now();
        kept.retain(|kept| kept.until > now);
        let found = kept.iter().rposition(|kept| kept.at == at)?;
        Some(kept.remove(found).connection)
    }

    /// Keeps one that was just used, for at most so long.
    pub(crate) fn put(&self, at: usize, connection: T, idle_max: Duration) {
        let mut kept = self.0.borrow_mut();
        if kept.len() == KEPT_MAX {
            kept.remove(0);
        }
        kept.push(Kept { at, until: Instant::now() + idle_max, connection });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_with_a_server_is_taken() {
        let idle = Idle::new();
        for (at, name) in [(0, "a"), (1, "b"), (0, "c")] {
            idle.put(at, name, IDLE_MAX);
        }
        assert_eq!(idle.take(0), Some("c"));
        assert_eq!(idle.take(0), Some("a"));
        assert_eq!(idle.take(0), None);
        assert_eq!(idle.take(1), Some("b"));
    }

    #[test]
    fn old_ones_and_those_too_many_are_closed() {
        let idle = Idle::new();
        idle.put(0, 0, Duration::ZERO);
        assert_eq!(idle.take(0), None);
        for number in 0..=KEPT_MAX {
            idle.put(0, number, IDLE_MAX);
        }
        assert_eq!(std::iter::from_fn(|| idle.take(0)).collect::<Vec<_>>(), (1..=KEPT_MAX).rev().collect::<Vec<_>>());
    }
}
