//! Taking over all data of a master: those that are here are served until the others are whole.

use bongsu_store::shard::Shard;

use super::Following;
use super::Stage;
use super::failure::Failure;
use super::guard::{self, Own};
use super::intake::{Intake, Manner, Plan, Progress};
use super::load::Trust;
use super::payload::{Frame, Payload};
use super::vacancy::Vacancy;
use crate::config::Directive;
use crate::engine::Engine;
use crate::net::conn::Conn;
use crate::replication::ReplicationId;

/// Data of a master on their way.
pub(crate) struct FullSync {
    /// What they are the state of: so many bytes of this stream.
    point: Option<(ReplicationId, u64)>,
    /// Once they come.
    taking: Option<Taking>,
}

struct Taking {
    payload: Payload,
    /// `None` once it goes on without the link.
    intake: Option<Intake>,
    manner: Manner,
}

/// What `INFO` shows of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SyncFigures {
    /// Bytes in all; 0 if the master did not say.
    pub(crate) total: u64,
    pub(crate) read: u64,
    pub(crate) silent_us: u64,
    /// It is being read while what is here is served.
    pub(crate) is_loading_beside: bool,
}

impl FullSync {
    pub(super) const fn new(point: Option<(ReplicationId, u64)>) -> Self {
        Self { point, taking: None }
    }

    /// The data come, and not only lines before them.
    pub(super) const fn has_begun(&self) -> bool {
        self.taking.is_some()
    }

    /// All data have arrived.
    pub(super) fn is_whole(&self) -> bool {
        self.taking.as_ref().is_some_and(|taking| taking.payload.is_whole)
    }

    /// More can be taken.
    pub(super) fn has_room(&self) -> bool {
        self.taking.as_ref().is_none_or(Taking::is_clear)
    }

    /// Takes the data in what has arrived. False if there is nothing more to be taken now.
    pub(super) fn take(&mut self, input: &mut Vec<u8>) -> Result<bool, Failure> {
        let Some(taking) = &mut self.taking else { return Ok(false) };
        if taking.payload.is_whole || input.is_empty() || !taking.is_clear() {
            return Ok(false);
        }
        let Some(intake) = &mut taking.intake else { return Ok(false) };
        let (data, used) = taking.payload.take(input);
        input.drain(..used);
        intake.push(data)?;
        if taking.payload.is_whole {
            intake.end()?;
        }
        Ok(true)
    }

    pub(super) fn figures(&self, silent_us: u64) -> SyncFigures {
        let taking = self.taking.as_ref();
        SyncFigures {
            total: taking.map_or(0, |taking| taking.payload.total()),
            read: taking.map_or(0, |taking| taking.payload.read),
            silent_us,
            is_loading_beside: taking.is_some_and(|taking| match taking.manner {
                Manner::Beside => true,
                Manner::SpoolBeside => taking.payload.is_whole,
                Manner::SpoolInPlace => false,
            }),
        }
    }
}

impl Taking {
    /// Nothing waits for room.
    fn is_clear(&self) -> bool {
        self.intake.as_ref().is_none_or(Intake::is_clear)
    }
}

impl Following {
    fn taking(&mut self) -> Option<&mut Taking> {
        match &mut self.stage {
            Stage::Syncing(sync) => sync.taking.as_mut(),
            _ => None,
        }
    }
}

impl Engine {
    /// The data come next, in this frame.
    pub(super) fn begin_taking(&mut self, frame: Frame) -> Result<(), Failure> {
        let manner = self.manner();
        match frame {
            Frame::Length(bytes) => self.log.notice(format_args!("MASTER sends {bytes} bytes of data ({manner})")),
            Frame::Mark(_) => self.log.notice(format_args!("MASTER sends data up to a mark ({manner})")),
        }
        let trust = Trust {
            is_little: self.config.words(Directive::SanitizeDumpPayload) == "yes",
            checks_sum: self.config.is_on(Directive::Rdbchecksum),
        };
        let (directory, delay_us) = (self.config.dir().to_owned(), self.config.integer(Directive::KeyLoadDelay));
        let plan = Plan { manner, trust, directory, delay_us };
        let intake = Intake::start(plan, self.shard.empty_like(), self.waker.clone());
        let mut intake = intake.map_err(|error| Failure::Load(error.into()))?;
        let payload = Payload::new(frame);
        if payload.is_whole {
            intake.end()?;
        }
        let taking = Taking { payload, intake: Some(intake), manner };
        if let Some(Stage::Syncing(sync)) = self.following.as_mut().map(|following| &mut following.stage) {
            sync.taking = Some(taking);
        }
        Ok(())
    }

    /// `key-load-delay` has changed.
    pub(crate) fn delay_intake(&mut self) {
        let delay_us = self.config.integer(Directive::KeyLoadDelay);
        let taking = self.following.as_mut().and_then(|following| following.taking());
        let intake = taking.and_then(|taking| taking.intake.as_ref());
        let moving_in = self.dataset.vacancy.as_ref().and_then(|vacancy| vacancy.intake());
        intake.into_iter().chain(moving_in).for_each(|intake| intake.set_delay(delay_us));
    }

    /// How data of a master are taken.
    fn manner(&self) -> Manner {
        if self.config.is_on(Directive::ReplicaLoadInPlace) {
            return Manner::SpoolInPlace;
        }
        match self.config.words(Directive::ReplDisklessLoad).as_str() {
            "swapdb" => Manner::Beside,
            "on-empty-db" if self.keys() == 0 => Manner::Beside,
            _ => Manner::SpoolBeside,
        }
    }

    /// Hands over what has arrived, and takes what the thread has to say.
    pub(super) fn go_on_syncing(&mut self) -> Result<(), Failure> {
        let Some(taking) = self.following.as_mut().and_then(|following| following.taking()) else { return Ok(()) };
        let Some(intake) = &mut taking.intake else { return Ok(()) };
        intake.has_room()?;
        match intake.progress()? {
            None => Ok(()),
            Some(Progress::Failed(error)) => Err(error.into()),
            Some(Progress::Verified(keys)) => self.make_place(keys),
            Some(Progress::Loaded { data: shard, db }) => {
                self.check_data(keys_of(&shard))?;
                self.take_over(*shard, db)
            }
        }
    }

    /// May data with so many keys replace what is here?
    fn check_data(&self, keys: u64) -> Result<(), Failure> {
        let Some(following) = &self.following else { return Ok(()) };
        let Stage::Syncing(sync) = &following.stage else { return Ok(()) };
        let is_own = |id: &ReplicationId| {
            *id == self.history.id || self.history.before.as_ref().is_some_and(|(before, _)| before == id)
        };
        // The name goes with the data through restarts and changes of the master, and the offset does not fall.
        let is_same_dataset = following
            .dataset
            .zip(self.dataset.lineage)
            .is_some_and(|(theirs, own)| theirs.id == own.id && theirs.epoch >= own.epoch);
        let is_same_history = sync
            .point
            .as_ref()
            .is_some_and(|(id, offset)| is_own(id) || is_same_dataset && *offset >= self.history.offset);
        let own = Own { keys: self.keys(), is_same_history, is_chosen: following.is_chosen };
        let min_percent = self.config.size(Directive::ReplicaFullResyncMinRatio) as u64;
        Ok(guard::judge(own, keys, min_percent)?)
    }

    /// The data are known to be whole: the others may go, in order to make room for them.
    fn make_place(&mut self, keys: u64) -> Result<(), Failure> {
        self.check_data(keys)?;
        let Some(following) = &mut self.following else { return Ok(()) };
        let (dataset, master) = (following.dataset, (following.host.clone(), following.port));
        let Stage::Syncing(sync) = &mut following.stage else { return Ok(()) };
        let Some(mut intake) = sync.taking.as_mut().and_then(|taking| taking.intake.take()) else { return Ok(()) };
        let point = sync.point.take().unwrap_or_else(beginning);
        // Until the others are there, what is here is the beginning of nothing.
        following.has_history = false;
        self.keep_previous(keys);
        self.log.notice("MASTER <-> REPLICA sync: the old data go before the new ones are loaded");
        self.dismiss_replicas();
        let empty = self.shard.empty_like();
        self.install(empty, beginning());
        let handed_over = intake.replace(self.shard.take_garbage());
        self.dataset.vacancy = Some(Box::new(Vacancy::new(intake, point, dataset, master)));
        handed_over
    }

    /// What was loaded is served from now on.
    fn take_over(&mut self, shard: Shard, db: u32) -> Result<(), Failure> {
        let Some(following) = &mut self.following else { return Ok(()) };
        let Stage::Syncing(sync) = &mut following.stage else { return Ok(()) };
        let point = sync.point.take().unwrap_or_else(beginning);
        let Some(conn) = following.conn.take() else { return Err(Failure::Lost) };
        self.dismiss_replicas();
        self.keep_previous(keys_of(&shard));
        self.install(shard, point);
        self.go_on_behind_data(conn, db);
        Ok(())
    }

    /// All data of the master are here: its stream is applied from now on.
    pub(super) fn go_on_behind_data(&mut self, mut conn: Conn, db: u32) {
        self.begin_stream(&mut conn, db);
        self.log_anew();
        // Part of the stream may be here already.
        conn.unread = true;
        self.log.notice("MASTER <-> REPLICA sync: Finished with success");
        self.put_back_master(conn, Ok(()));
    }

    /// Nothing of what was taken over is on disk yet. What is there, and says what it is, stays until that has changed.
    pub(super) fn log_anew(&mut self) {
        self.changes += self.keys();
        self.restart_log();
    }
}

/// The place of data of which nobody says what they are the state of.
fn beginning() -> (ReplicationId, u64) {
    (ReplicationId::random(), 0)
}

fn keys_of(shard: &Shard) -> u64 {
    (0..shard.databases()).map(|db| shard.db(db).len() as u64).sum()
}
