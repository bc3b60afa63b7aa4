//! Ending the loop's wait from another thread.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};

/// Ends the loop's wait, now or the next time. Any number of threads may hold one.
#[derive(Clone, Debug)]
pub(crate) struct Waker(Arc<OwnedFd>);

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        let counter = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self(Arc::new(counter)))
    }

    /// The loop takes another turn.
    pub(crate) fn wake(&self) {
        // It fails only if nobody has looked for 2^64 times; the loop is about to turn then.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::net::poll::Poll;

    #[test]
    fn every_call_ends_a_wait() {
        let (mut poll, waker) = (Poll::new().unwrap(), Waker::new().unwrap());
        poll.add(&waker, 7).unwrap();
        for _ in 0..3 {
            let other = waker.clone();
            let thread = std::thread::spawn(move || other.wake());
            while !poll.ready().any(|ready| ready.token == 7 && ready.readable) {
                poll.wait(Some(Duration::from_secs(60))).unwrap();
            }
            thread.join().unwrap();
            poll.wait(Some(Duration::ZERO)).unwrap();
        }
    }
}
