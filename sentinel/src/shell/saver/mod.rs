//! Makes the durable state durable without blocking the loop.
//!
//! One write at a time, on a helper thread. What is asked for meanwhile goes into the next write, so a burst of votes costs
//! as many writes as the disk can do, not one each. Saves that nobody waits for are gathered for a second. A failed write is
//! repeated every second until one succeeds, which tells the core that the disk is back. Where a write takes long, what
//! somebody waits for goes to a journal first.

mod journal;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use bongsu_sentinel_core::{Input, SaveNeed, SaveSeq, Time};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::Shell;
use crate::config::{Journal, Store};
use journal::Lane;

pub(super) use journal::drive as drive_journal;

/// For how long saves that nobody waits for are gathered.
const GATHER: Duration = Duration::from_secs(1);

/// Pause after a failed write before it is repeated on its own account.
const RETRY: Duration = Duration::from_secs(1);

/// How often it is told that writes go on failing.
const COMPLAINT_PERIOD: Duration = Duration::from_secs(60);

/// The state could not be written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct SaveError {
    /// What the disk or the renderer said.
    pub reason: String,
}

type Waiter = (SaveSeq, oneshot::Sender<Result<(), SaveError>>);

pub(super) struct Saver {
    /// `None` while the helper thread has it.
    store: RefCell<Option<Store>>,
    wanted: Cell<Option<SaveSeq>>,
    done: Cell<SaveSeq>,
    /// What the write under way includes.
    writing: Cell<SaveSeq>,
    urgent: Cell<bool>,
    asked: Notify,
    hurry: Notify,
    waiters: RefCell<Vec<Waiter>>,
    /// Writes take so long that the journal goes before them.
    is_slow: Cell<bool>,
    /// It was told that the file is written over.
    overwrites: Cell<bool>,
    /// When it was last told that writing fails.
    complained: Cell<Option<Instant>>,
    journal: Lane,
}

impl Saver {
    pub(super) fn new(store: Store, journal: Journal) -> Self {
        Self {
            is_slow: Cell::new(store.is_slow()),
            store: RefCell::new(Some(store)),
            wanted: Cell::new(None),
            done: Cell::default(),
            writing: Cell::default(),
            overwrites: Cell::new(false),
            complained: Cell::new(None),
            urgent: Cell::new(false),
            asked: Notify::new(),
            hurry: Notify::new(),
            waiters: RefCell::default(),
            journal: Lane::new(journal),
        }
    }

    /// Asks for a save; answered by `Saved` or `SaveFailed` with this or a later number.
    pub(super) fn request(&self, seq: SaveSeq, need: SaveNeed) {
        match need {
            SaveNeed::Sometime => self.want(seq, false),
            SaveNeed::Group(group) if self.is_slow.get() => {
                self.journal.request(seq, group);
                self.want(seq, false);
            }
            SaveNeed::Group(group) => {
                self.journal.owe(seq, group);
                self.want(seq, true);
            }
            SaveNeed::Everything => self.want(seq, true),
        }
    }

    fn want(&self, seq: SaveSeq, urgent: bool) {
        self.wanted.set(self.wanted.get().max(Some(seq)));
        self.asked.notify_one();
        if urgent {
            self.urgent.set(true);
            self.hurry.notify_one();
        }
    }

    /// True if a crash has left a journal behind, which the next save makes superfluous.
    pub(super) fn has_leftovers(&self) -> bool {
        self.journal.is_left_over()
    }

    /// Resolves with the outcome of the first write that includes `seq`.
    pub(super) async fn wait_for(&self, seq: SaveSeq) -> Result<(), SaveError> {
        if self.done.get() >= seq && self.wanted.get().is_none_or(|wanted| wanted < seq) {
            return Ok(());
        }
        let (done, outcome) = oneshot::channel();
        self.waiters.borrow_mut().push((seq, done));
        outcome.await.unwrap_or_else(|_| Err(SaveError { reason: "the process is ending".into() }))
    }

    /// Resolves when nothing is left to be written, or the write of it failed.
    pub(super) async fn flush(&self) {
        let last = self.wanted.get().or_else(|| self.store.borrow().is_none().then(|| self.writing.get()));
        if let Some(seq) = last {
            self.want(seq, true);
            // A failure was logged, and there is nobody left to try again.
            let _ = self.wait_for(seq).await;
        }
        self.journal.idle().await;
    }

    fn finish(&self, seq: SaveSeq, outcome: &Result<(), SaveError>) {
        if outcome.is_ok() {
            self.done.set(self.done.get().max(seq));
            self.journal.written(seq);
        }
        let (ready, waiting): (Vec<Waiter>, Vec<Waiter>) =
            self.waiters.take().into_iter().partition(|(wanted, _)| *wanted <= seq);
        self.waiters.replace(waiting);
        for (_, waiter) in ready {
            // Whoever waited may have gone.
            let _ = waiter.send(outcome.clone());
        }
    }
}

/// Serves save requests for ever.
pub(super) async fn drive(shell: Shell) {
    let saver = &shell.0.saver;
    loop {
        if saver.wanted.get().is_none() {
            saver.asked.notified().await;
            continue;
        }
        let gather_until = Instant::now() + GATHER;
        while !saver.urgent.get() {
            tokio::select! {
                () = saver.hurry.notified() => {}
                () = tokio::time::sleep_until(gather_until) => break,
            }
        }
        saver.urgent.set(false);
        let Some(seq) = saver.wanted.take() else { continue };
        saver.writing.set(seq);
        let outcome = write(&shell).await;
        report(&shell, seq, &outcome);
        if outcome.is_err() {
            // Whoever asks meanwhile is answered at once; the retry serves those who do not ask again.
            saver.want(seq, false);
            let retry_at = Instant::now() + RETRY;
            tokio::select! {
                () = saver.hurry.notified() => {}
                () = tokio::time::sleep_until(retry_at) => saver.urgent.set(true),
            }
        }
    }
}

async fn write(shell: &Shell) -> Result<(), SaveError> {
    let Some(mut store) = shell.0.saver.store.borrow_mut().take() else {
        return Err(SaveError { reason: "the writer of the state was lost".into() });
    };
    let settings = shell.settings().clone();
    let durable = shell.0.core.borrow().durable();
    let written = tokio::task::spawn_blocking(move || {
        let outcome = store.save(&settings, &durable);
        (store, outcome)
    });
    match written.await {
        Ok((store, outcome)) => {
            let saver = &shell.0.saver;
            saver.is_slow.set(store.is_slow());
            if store.is_overwritten() && !saver.overwrites.replace(true) {
                shell.0.log.warning(format_args!(
                    "{} cannot be replaced and is written over instead: a crash of the machine in that moment may damage it. \
                     Mount its directory, not the file, or let it be written to.",
                    store.path().display()
                ));
            }
            shell.0.saver.store.replace(Some(store));
            outcome.map_err(|error| SaveError { reason: error.to_string() })
        }
        Err(_) => Err(SaveError { reason: "the writer of the state was lost".into() }),
    }
}

fn report(shell: &Shell, seq: SaveSeq, outcome: &Result<(), SaveError>) {
    let input = match outcome {
        Ok(()) => {
            shell.0.saver.complained.set(None);
            shell.0.log.notice("Sentinel new configuration saved on disk");
            Input::Saved { seq }
        }
        Err(error) => {
            let now = Instant::now();
            if shell.0.saver.complained.get().is_none_or(|at| now - at >= COMPLAINT_PERIOD) {
                shell.0.saver.complained.set(Some(now));
                shell.0.log.warning(format_args!(
                    "WARNING: Sentinel was not able to save the new configuration on disk!!!: {error}"
                ));
            }
            Input::SaveFailed { seq }
        }
    };
    shell.0.saver.finish(seq, outcome);
    shell.with_core(|core, now: Time| core.handle(now, input));
}
