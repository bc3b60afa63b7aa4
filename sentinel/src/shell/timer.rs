//! The one timer of the core: sleeps until [`Sentinel::poll_timeout`] and feeds a tick.
//!
//! Deadlines mostly move later (a reply came, the next heartbeat is due in a second); the timer then keeps its earlier
//! wake-up, finds nothing due and sleeps on. Only an earlier deadline disturbs it.
//!
//! [`Sentinel::poll_timeout`]: bongsu_sentinel_core::Sentinel::poll_timeout

use std::cell::Cell;

use bongsu_sentinel_core::{Input, Time};
use tokio::sync::Notify;

use super::Shell;

#[derive(Default)]
pub(super) struct Timer {
    /// When the sleeper wakes up; `None` while it waits for a deadline.
    armed: Cell<Option<Time>>,
    earlier: Notify,
}

impl Timer {
    /// Takes note of the core's present deadline.
    pub(super) fn set(&self, due: Option<Time>) {
        let Some(due) = due else { return };
        if self.armed.get().is_none_or(|armed| due < armed) {
            self.armed.set(Some(due));
            self.earlier.notify_one();
        }
    }
}

/// Serves the deadlines for ever.
pub(super) async fn drive(shell: Shell) {
    let timer = &shell.0.timer;
    let sleep = tokio::time::sleep(std::time::Duration::ZERO);
    tokio::pin!(sleep);
    loop {
        let Some(due) = timer.armed.get() else {
            timer.earlier.notified().await;
            continue;
        };
        sleep.as_mut().reset(shell.0.clock.instant(due));
        tokio::select! {
            () = &mut sleep => {}
            () = timer.earlier.notified() => continue,
        }
        timer.armed.set(None);
        let next = shell.0.core.borrow().poll_timeout();
        if next.is_some_and(|next| next <= shell.now()) {
            shell.with_core(|core, now| core.handle(now, Input::Tick));
        } else {
            timer.set(next);
        }
    }
}
