//! The time between emptying this server for a master's data and having them: they go on being loaded, with or without the link.

use bongsu_protocol::command::CommandFlags;
use bongsu_store::shard::Shard;

use super::Stage;
use super::failure::Failure;
use super::intake::{Intake, Progress};
use crate::config::Directive;
use crate::dataset::Lineage;
use crate::engine::Engine;
use crate::replication::ReplicationId;

/// What was here is gone, and what is to take its place is not all there. Nobody is shown, and nothing keeps, what is here meanwhile.
pub(crate) struct Vacancy {
    /// Loads data that are known to be whole. `None` once that has failed: others have to be sent.
    intake: Option<Intake>,
    /// What they are the state of: so many bytes of this stream.
    point: (ReplicationId, u64),
    /// Which they are, if their master says so.
    dataset: Option<Lineage>,
    /// Where they come from.
    master: (String, u16),
}

/// Commands that tell a server what it is. The data may be about to come from a master that is gone.
const DECIDING: [&str; 2] = ["replicaof", "slaveof"];

/// The command of this name tells a server what it is.
pub(crate) fn decides_role(name: &[u8]) -> bool {
    DECIDING.iter().any(|deciding| name.eq_ignore_ascii_case(deciding.as_bytes()))
}

impl Vacancy {
    pub(super) const fn new(
        intake: Intake,
        point: (ReplicationId, u64),
        dataset: Option<Lineage>,
        master: (String, u16),
    ) -> Self {
        Self { intake: Some(intake), point, dataset, master }
    }

    /// For `key-load-delay`.
    pub(super) const fn intake(&self) -> Option<&Intake> {
        self.intake.as_ref()
    }
}

impl Engine {
    /// What is here is not what this server has: it is still being loaded.
    pub(crate) const fn is_incomplete(&self) -> bool {
        self.loading.is_some() || self.dataset.vacancy.is_some()
    }

    /// A command has to wait until everything is here.
    pub(crate) fn needs_all_data(&self, name: &str, flags: CommandFlags) -> bool {
        let is_deciding = self.loading.is_none() && decides_role(name.as_bytes());
        !is_deciding && !flags.contains(CommandFlags::LOADING)
    }

    /// Data are on their way from this machine, whatever becomes of the link.
    pub(super) fn is_moving_in(&self) -> bool {
        self.dataset.vacancy.as_ref().is_some_and(|vacancy| vacancy.intake.is_some())
    }

    /// Takes what the thread has to say. To be called every turn.
    pub(crate) fn tend_vacancy(&mut self) {
        let Some(intake) = self.dataset.vacancy.as_mut().and_then(|vacancy| vacancy.intake.as_mut()) else { return };
        match intake.has_room().and_then(|_| intake.progress()) {
            Ok(None | Some(Progress::Verified(_))) => {}
            Ok(Some(Progress::Loaded { data, db })) => self.move_in(*data, db),
            Ok(Some(Progress::Failed(error))) => self.stay_vacant(&error.into()),
            Err(failure) => self.stay_vacant(&failure),
        }
    }

    /// The data are here.
    fn move_in(&mut self, data: Shard, db: u32) {
        let Some(vacancy) = self.dataset.vacancy.take() else { return };
        self.install(data, vacancy.point);
        let Some(following) = &mut self.following else {
            // It has become a master meanwhile, with what was on its way.
            self.history.note_selected(db);
            self.history.branch(ReplicationId::random());
            self.dataset.lineage = vacancy.dataset;
            self.dataset.begin_epoch();
            self.log_anew();
            return;
        };
        if matches!(following.stage, Stage::Syncing(_))
            && let Some(conn) = following.conn.take()
        {
            return self.go_on_behind_data(conn, db);
        }
        // The rest of the stream is asked for as after any other break.
        (following.has_history, following.db) = (true, db);
        self.history.note_selected(db);
        self.dataset.lineage = vacancy.dataset;
        self.synced_with = Some(vacancy.master);
        self.log_anew();
        self.log.notice("The data of the master are loaded, without a link to it");
    }

    /// Everything here is this from now on, which is the state of so many bytes of this stream.
    pub(super) fn install(&mut self, data: Shard, (id, offset): (ReplicationId, u64)) {
        self.dataset.vacancy = None;
        self.shard.replace(data);
        self.tell_replaced();
        self.history.replace(id, offset, self.config.size(Directive::ReplBacklogSize));
        self.note_taken_over();
    }

    fn stay_vacant(&mut self, failure: &Failure) {
        if let Some(vacancy) = &mut self.dataset.vacancy {
            vacancy.intake = None;
        }
        match &self.following {
            Some(following) if matches!(following.stage, Stage::Syncing(_)) => self.lose_master(failure),
            Some(_) => self.log.warning(failure),
            None => {
                self.log.warning(failure);
                self.leave_vacancy();
            }
        }
    }

    /// It becomes a master. Nobody else will send what has not come.
    pub(super) fn leave_vacancy(&mut self) {
        if self.dataset.vacancy.take_if(|vacancy| vacancy.intake.is_none()).is_some() {
            self.log.warning("This master begins without data.");
            // What is on disk is what went: nothing may come to stand behind that.
            self.log_anew();
        }
    }
}
