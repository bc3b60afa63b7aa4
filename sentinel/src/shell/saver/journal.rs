//! The journal's lane: votes, epochs and new masters go to it while the file is being rewritten, and it is removed once the
//! file holds them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use bongsu_sentinel_core::{Decisive, GroupId, Input, SaveSeq};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use super::super::Shell;
use crate::config::{Journal, SaveError};

pub(super) struct Lane {
    /// `None` while the helper thread has it.
    journal: RefCell<Option<Journal>>,
    /// Groups to be written, and the save that this answers.
    groups: RefCell<BTreeSet<GroupId>>,
    wanted: Cell<SaveSeq>,
    /// Groups of earlier saves that are not durable yet: they go with the next entries, which vouch for all before them.
    owed: RefCell<BTreeSet<GroupId>>,
    /// What the journal includes at most.
    appended: Cell<SaveSeq>,
    /// The journal may be removed.
    obsolete: Cell<bool>,
    asked: Notify,
    rested: Notify,
}

impl Lane {
    pub(super) fn new(journal: Journal) -> Self {
        Self {
            journal: RefCell::new(Some(journal)),
            groups: RefCell::default(),
            wanted: Cell::default(),
            owed: RefCell::default(),
            appended: Cell::default(),
            obsolete: Cell::new(false),
            asked: Notify::new(),
            rested: Notify::new(),
        }
    }

    pub(super) fn request(&self, seq: SaveSeq, group: GroupId) {
        self.groups.borrow_mut().insert(group);
        self.wanted.set(self.wanted.get().max(seq));
        self.asked.notify_one();
    }

    /// Has the next entries include this group, unless the file holds it before.
    pub(super) fn owe(&self, seq: SaveSeq, group: GroupId) {
        self.owed.borrow_mut().insert(group);
        self.wanted.set(self.wanted.get().max(seq));
    }

    /// The file holds everything up to `seq`.
    pub(super) fn written(&self, seq: SaveSeq) {
        let is_present = self.journal.borrow().as_ref().is_none_or(Journal::is_present);
        if self.appended.get().max(self.wanted.get()) > seq {
            return;
        }
        self.owed.take();
        if is_present {
            self.obsolete.set(true);
            self.asked.notify_one();
        }
    }

    /// True if a crash has left a journal behind.
    pub(super) fn is_left_over(&self) -> bool {
        self.journal.borrow().as_ref().is_some_and(Journal::is_present)
    }

    fn is_busy(&self) -> bool {
        self.journal.borrow().is_none() || !self.groups.borrow().is_empty() || self.obsolete.get()
    }

    /// Resolves when there is nothing to be done.
    pub(super) async fn idle(&self) {
        while self.is_busy() {
            self.rested.notified().await;
        }
    }
}

/// Serves the lane for ever.
pub(in crate::shell) async fn drive(shell: Shell) {
    let lane = &shell.0.saver.journal;
    loop {
        let mut groups = lane.groups.take();
        if !groups.is_empty() {
            groups.append(&mut lane.owed.borrow_mut());
            lane.obsolete.set(false);
            append(&shell, &groups, lane.wanted.get()).await;
        } else if lane.obsolete.replace(false) {
            let cleared = with_journal(&shell, Journal::clear).await;
            if let Err(error) = cleared {
                shell.0.log.warning(format_args!("The journal could not be removed: {error}"));
            }
        } else {
            lane.rested.notify_one();
            lane.asked.notified().await;
        }
    }
}

async fn append(shell: &Shell, groups: &BTreeSet<GroupId>, seq: SaveSeq) {
    let saver = &shell.0.saver;
    let entries: Vec<Decisive> = {
        let core = shell.0.core.borrow();
        groups.iter().filter_map(|group| core.decisive(*group)).collect()
    };
    saver.journal.appended.set(seq);
    match with_journal(shell, move |journal| journal.append(&entries)).await {
        Ok(()) => {
            shell.0.log.debug("Journal written");
            shell.with_core(|core, now| core.handle(now, Input::Saved { seq }));
        }
        Err(error) => {
            shell.0.log.warning(format_args!("The journal could not be written, rewriting the file: {error}"));
            groups.iter().for_each(|group| saver.journal.owe(seq, *group));
            saver.want(seq, true);
        }
    }
}

async fn with_journal(
    shell: &Shell,
    work: impl FnOnce(&mut Journal) -> Result<(), SaveError> + Send + 'static,
) -> Result<(), String> {
    let lane = &shell.0.saver.journal;
    let lost = || "its writer was lost".to_owned();
    let mut journal = lane.journal.borrow_mut().take().ok_or_else(lost)?;
    let done = spawn_blocking(move || {
        let outcome = work(&mut journal);
        (journal, outcome)
    });
    match done.await {
        Ok((journal, outcome)) => {
            lane.journal.replace(Some(journal));
            outcome.map_err(|error| error.to_string())
        }
        Err(_) => Err(lost()),
    }
}
