//! What is to be sent to a client, and the signals that reach its task from outside.

use std::cell::{Cell, RefCell};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::BufferLimit;

/// Bytes for one client. Replies come from its own task, messages from wherever an event happens.
#[derive(Default)]
pub(in crate::front) struct Outbox {
    pending: RefCell<Vec<u8>>,
    /// Bytes not handed to the socket yet, those that the task has taken included.
    unsent: Cell<usize>,
    soft_deadline: Cell<Option<Instant>>,
    is_closed: Cell<bool>,
    over_limit: Cell<bool>,
    changed: Notify,
    closed: Notify,
}

impl Outbox {
    /// Lets `write` append bytes, then enforces the limit: a client beyond it is closed.
    pub(in crate::front) fn append(&self, limit: &BufferLimit, write: impl FnOnce(&mut Vec<u8>)) {
        if self.is_closed.get() {
            return;
        }
        let added = {
            let mut pending = self.pending.borrow_mut();
            let before = pending.len();
            write(&mut pending);
            pending.len() - before
        };
        if added > 0 {
            self.unsent.set(self.unsent.get() + added);
            self.enforce(limit);
            self.changed.notify_one();
        }
    }

    /// Moves everything that waits into `bytes`, which is empty.
    pub(super) fn take(&self, bytes: &mut Vec<u8>) {
        std::mem::swap(bytes, &mut self.pending.borrow_mut());
    }

    /// `n` bytes have gone to the socket.
    pub(super) fn written(&self, n: usize) {
        self.unsent.set(self.unsent.get().saturating_sub(n));
    }

    /// Bytes that have not gone to the socket.
    pub(in crate::front) fn unsent(&self) -> usize {
        self.unsent.get()
    }

    /// Ends the connection at once; what is unsent is dropped.
    pub(in crate::front) fn close(&self) {
        self.is_closed.set(true);
        self.pending.take();
        self.closed.notify_one();
    }

    /// True if the connection was closed because its client did not read.
    pub(in crate::front) fn exceeded_its_limit(&self) -> bool {
        self.over_limit.get()
    }

    /// Resolves once the connection is to end.
    pub(super) async fn closed(&self) {
        while !self.is_closed.get() {
            self.closed.notified().await;
        }
    }

    /// Resolves when something was appended.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// When a client that stays beyond its soft limit is closed.
    pub(super) fn soft_deadline(&self, limit: &BufferLimit) -> Option<Instant> {
        if limit.soft.0 == 0 || (self.unsent.get() as u64) <= limit.soft.0 {
            self.soft_deadline.set(None);
        }
        self.soft_deadline.get()
    }

    fn enforce(&self, limit: &BufferLimit) {
        let unsent = self.unsent.get() as u64;
        if limit.soft.0 != 0 && unsent > limit.soft.0 {
            let deadline = self.soft_deadline.get().unwrap_or_else(|| Instant::now() + limit.soft_for);
            self.soft_deadline.set(Some(deadline));
        } else {
            self.soft_deadline.set(None);
        }
        let too_long = self.soft_deadline.get().is_some_and(|deadline| Instant::now() > deadline);
        if too_long || (limit.hard.0 != 0 && unsent > limit.hard.0) {
            self.over_limit.set(true);
            self.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::ByteCount;

    fn limit(hard: u64, soft: u64, soft_for: Duration) -> BufferLimit {
        BufferLimit { hard: ByteCount(hard), soft: ByteCount(soft), soft_for }
    }

    #[test]
    fn the_hard_limit_closes_at_once() {
        let outbox = Outbox::default();
        let limit = limit(10, 0, Duration::ZERO);
        outbox.append(&limit, |bytes| bytes.extend_from_slice(b"0123456789"));
        assert!(!outbox.exceeded_its_limit());
        let mut taken = Vec::new();
        outbox.take(&mut taken);
        assert_eq!(taken, b"0123456789");
        outbox.append(&limit, |bytes| bytes.push(b'x'));
        assert!(outbox.exceeded_its_limit(), "what is taken but not written counts");
    }

    #[tokio::test(start_paused = true)]
    async fn the_soft_limit_allows_a_while() {
        let outbox = Outbox::default();
        let limit = limit(0, 4, Duration::from_secs(60));
        outbox.append(&limit, |bytes| bytes.extend_from_slice(b"01234"));
        let deadline = outbox.soft_deadline(&limit).expect("beyond the soft limit");
        assert_eq!(deadline, Instant::now() + Duration::from_secs(60));
        tokio::time::advance(Duration::from_secs(61)).await;
        outbox.append(&limit, |bytes| bytes.push(b'x'));
        assert!(outbox.exceeded_its_limit());
    }

    #[test]
    fn a_client_that_reads_is_below_its_soft_limit_again() {
        let outbox = Outbox::default();
        let limit = limit(0, 4, Duration::from_secs(60));
        outbox.append(&limit, |bytes| bytes.extend_from_slice(b"01234"));
        outbox.written(5);
        assert_eq!(outbox.soft_deadline(&limit), None);
    }
}
