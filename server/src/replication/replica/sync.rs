//! Taking over all data of a master: those that are here are served until the others are whole.

use bongsu_store::shard::Shard;

use super::Following;
use super::Stage;
use super::failure::Failure;
use super::guard::{self, Own};
use super::intake::{Intake, Manner, Plan, Progress};
use super::load::Trust;
use super::payload::{Frame, Payload};
use crate::config::Directive;
use crate::engine::Engine;
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
    intake: Intake,
    manner: Manner,
    /// What was here is gone already.
    is_replacing: bool,
}

/// What `INFO` shows of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SyncFigures {
    /// Bytes in all; 0 if the master did not say.
    pub(crate) total: u64,
    pub(crate) read: u64,
    pub(crate) silent_us: u64,
    /// It takes no place beside what is served.
    pub(crate) is_replacing: bool,
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
        self.taking.as_ref().is_none_or(|taking| taking.intake.is_clear())
    }

    /// Takes the data in what has arrived. False if there is nothing more to be taken now.
    pub(super) fn take(&mut self, input: &mut Vec<u8>) -> Result<bool, Failure> {
        let Some(taking) = &mut self.taking else { return Ok(false) };
        if taking.payload.is_whole || input.is_empty() || !taking.intake.is_clear() {
            return Ok(false);
        }
        let (data, used) = taking.payload.take(input);
        input.drain(..used);
        taking.intake.push(data)?;
        if taking.payload.is_whole {
            taking.intake.end()?;
        }
        Ok(true)
    }

    pub(super) fn figures(&self, silent_us: u64) -> SyncFigures {
        let taking = self.taking.as_ref();
        SyncFigures {
            total: taking.map_or(0, |taking| taking.payload.total()),
            read: taking.map_or(0, |taking| taking.payload.read),
            silent_us,
            is_replacing: taking.is_some_and(|taking| taking.is_replacing),
            is_loading_beside: taking.is_some_and(|taking| match taking.manner {
                Manner::Beside => true,
                Manner::SpoolBeside => taking.payload.is_whole,
                Manner::SpoolInPlace => false,
            }),
        }
    }
}

impl Following {
    /// What was here has gone to make room for what comes.
    pub(super) fn has_no_data(&self) -> bool {
        match &self.stage {
            Stage::Syncing(sync) => sync.taking.as_ref().is_some_and(|taking| taking.is_replacing),
            _ => false,
        }
    }

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
        let path = self.config.dir().join(format!("temp-replica-{}.rdb", std::process::id()));
        let trust = Trust {
            is_little: self.config.words(Directive::SanitizeDumpPayload) == "yes",
            checks_sum: self.config.is_on(Directive::Rdbchecksum),
        };
        let plan = Plan { manner, trust, path };
        let intake = Intake::start(plan, self.shard.empty_like(), self.waker.clone());
        let intake = intake.map_err(|error| Failure::Load(error.into()))?;
        let mut taking = Taking { payload: Payload::new(frame), intake, manner, is_replacing: false };
        if taking.payload.is_whole {
            taking.intake.end()?;
        }
        if let Some(Stage::Syncing(sync)) = self.following.as_mut().map(|following| &mut following.stage) {
            sync.taking = Some(taking);
        }
        Ok(())
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
        taking.intake.has_room()?;
        match taking.intake.progress()? {
            None => Ok(()),
            Some(Progress::Failed(error)) => Err(error.into()),
            Some(Progress::Verified(keys)) => self.make_place(keys),
            Some(Progress::Loaded { data: shard, db }) => {
                let is_checked = taking.manner == Manner::SpoolInPlace;
                if !is_checked {
                    let keys = (0..shard.databases()).map(|db| shard.db(db).len() as u64).sum();
                    self.check_data(keys)?;
                }
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
        self.keep_previous(keys);
        self.log.notice("MASTER <-> REPLICA sync: the old data go before the new ones are loaded");
        self.dismiss_replicas();
        let empty = self.shard.empty_like();
        self.shard.replace(empty);
        self.tell_replaced();
        let old = self.shard.take_garbage();
        let Some(following) = &mut self.following else { return Ok(()) };
        // Until the others are there, what is here is the beginning of nothing.
        following.has_history = false;
        let Some(taking) = following.taking() else { return Ok(()) };
        taking.is_replacing = true;
        taking.intake.replace(old)
    }

    /// What was loaded is served from now on.
    fn take_over(&mut self, shard: Shard, db: u32) -> Result<(), Failure> {
        let Some(following) = &mut self.following else { return Ok(()) };
        let Stage::Syncing(sync) = &mut following.stage else { return Ok(()) };
        let (id, offset) = sync.point.take().unwrap_or_else(|| (ReplicationId::random(), 0));
        let Some(mut conn) = following.conn.take() else { return Err(Failure::Lost) };
        self.dismiss_replicas();
        self.keep_previous((0..shard.databases()).map(|db| shard.db(db).len() as u64).sum());
        self.shard.replace(shard);
        self.tell_replaced();
        self.history.replace(id, offset, self.config.size(Directive::ReplBacklogSize));
        self.note_taken_over();
        self.begin_stream(&mut conn, db);
        self.log_anew();
        // Part of the stream may be here already.
        conn.unread = true;
        self.log.notice("MASTER <-> REPLICA sync: Finished with success");
        self.put_back_master(conn, Ok(()));
        Ok(())
    }

    /// Nothing of what was taken over is on disk yet. What is there, and says what it is, stays until that has changed.
    fn log_anew(&mut self) {
        self.changes += self.keys();
        self.restart_log();
    }
}
