//! A server that knows that it lost its data: how it finds out, what it answers, and how that ends.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bongsu_protocol::command::CommandFlags;

use super::asking::{Asking, Known, Question};
use super::record::{self, Durable, Record};
use super::verdict::{self, Loss};
use super::{Keeper, Lineage, State};
use crate::config::Directive;
use crate::engine::Engine;

const AMNESIA: &str =
    "LOADING amnesia: this server was a master with data and came back without them. REPLICAOF tells it what to be.";

const ASKING: &str = "LOADING the sentinels are asked whether this server had data";

const NO_REPLICAS: &str = "NOMASTERLINK amnesia: this server came back without its data, keep yours";

/// Commands that tell a server what it is, or ask it for its data.
const DECIDING: [&str; 4] = ["replicaof", "slaveof", "psync", "sync"];

const US_PER_S: u64 = 1_000_000;

impl Engine {
    /// At the start: reads what this server wrote down of itself, and goes on with that.
    pub(crate) fn recall(&mut self) {
        let Some(path) = self.config.path(Directive::NodeStateFile) else { return };
        match Keeper::start() {
            Ok(keeper) => self.dataset.keeper = Some(keeper),
            Err(error) => self.log.warning(format_args!("Nothing will be written to {}: {error}", path.display())),
        }
        let record = match read(&path) {
            Ok(record) => record,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                let path = path.display();
                return self.log.warning(format_args!("{path} is ignored, as if it were not there: {error}"));
            }
        };
        self.dataset.replicas.clone_from(&record.replicas);
        self.dataset.previous.until_s = record.kept_until_s;
        self.recall_master(record.synced_with.clone());
        self.dataset.record = Some(record);
    }

    /// At the start: everything has been loaded. Is that what was here?
    pub(crate) fn judge_dataset(&mut self) {
        let keys = self.keys();
        let record = self.dataset.record.take();
        let found = &mut self.dataset.found;
        found.keys = keys + self.last_loaded.expired;
        if found.keys > 0 {
            let offset = found.place.as_ref().map_or(0, |(_, offset)| *offset);
            self.dataset.durable = Some(Durable { keys: found.keys, offset });
            let known = record.as_ref().and_then(|record| record.dataset);
            self.dataset.lineage = self.dataset.lineage.or(known).or_else(|| Some(Lineage::random()));
        }
        self.dataset.is_held = self.is_replica();
        if self.is_replica() || !self.config.is_on(Directive::AmnesiaGuard) {
            return;
        }
        match record {
            Some(record) => {
                if let Some(loss) = verdict::judge(&record, &self.dataset.found) {
                    self.begin_amnesia(loss, record.knows_others());
                }
            }
            None if self.dataset.found.keys == 0 => self.ask_sentinels(),
            None => {}
        }
    }

    fn begin_amnesia(&mut self, loss: Loss, knows_others: bool) {
        let wait_s = self.config.size(Directive::AmnesiaTimeout) as u64;
        let until_us = (!knows_others).then(|| self.clock.now_us + wait_s * US_PER_S);
        self.dataset.state = State::Amnesia { loss, until_us };
        self.log.warning(format_args!(
            "This server lost data: {loss}. It serves nobody, so that its replicas keep theirs, until a sentinel or an operator \
             tells it what to be: REPLICAOF HOST PORT if another server has the data, REPLICAOF NO ONE (or CONFIG SET \
             amnesia-guard no) if they are lost for good."
        ));
        if until_us.is_some() {
            self.log.warning(format_args!("No replica was ever there: it goes on without them in {wait_s} seconds."));
        }
    }

    fn ask_sentinels(&mut self) {
        let Some(question) = Question::of(&self.config) else { return };
        self.log.notice("Asking the sentinels whether this server had data");
        match Asking::start(question, self.waker.clone()) {
            Ok(asking) => self.dataset.state = State::Asking(asking),
            Err(error) => self.log.warning(format_args!("The sentinels cannot be asked: {error}")),
        }
    }

    /// What becomes of a doubt by itself. To be called now and then.
    pub(super) fn tend_doubt(&mut self) {
        match &self.dataset.state {
            State::Fine => {}
            State::Amnesia { until_us, .. } => {
                if until_us.is_some_and(|until_us| self.clock.now_us >= until_us) {
                    self.end_amnesia("nobody else can have what it lost");
                }
            }
            State::Asking(asking) => match asking.answer() {
                None => {}
                Some(Known::MasterWithData) => self.begin_amnesia(Loss::KnownToSentinels, true),
                Some(Known::Otherwise) => self.end_doubt("the sentinels do not know it as a master with data"),
                Some(Known::Nothing(why)) => self.end_doubt(&format!("too few sentinels answered ({why})")),
            },
        }
    }

    /// Somebody has said what this server is.
    pub(crate) fn end_amnesia(&mut self, reason: &str) {
        if self.dataset.is_in_doubt() {
            // Whatever is here is not what it was.
            self.dataset.lineage = None;
            self.end_doubt(reason);
        }
    }

    /// It was told who has the data: what was here before is remembered until they have come.
    pub(crate) fn await_data(&mut self) {
        if self.dataset.is_in_doubt() {
            self.end_amnesia("it was told who its master is");
            self.dataset.is_held = true;
        }
    }

    fn end_doubt(&mut self, reason: &str) {
        let State::Amnesia { loss, .. } = std::mem::take(&mut self.dataset.state) else {
            return self.log.notice(format_args!("This server serves: {reason}"));
        };
        self.log.warning(format_args!("This server goes on without what it lost ({loss}): {reason}"));
        self.dataset.hurry();
    }

    /// Why somebody who has to be told what it is does not run a command.
    #[inline]
    pub(crate) fn refusal_of_amnesiac(&self, name: &str, flags: CommandFlags) -> Option<&'static str> {
        if !self.dataset.is_in_doubt() || flags.contains(CommandFlags::LOADING) || DECIDING.contains(&name) {
            return None;
        }
        Some(if matches!(self.dataset.state, State::Asking(_)) { ASKING } else { AMNESIA })
    }

    /// Why nobody may take over the data that are here.
    pub(crate) fn refusal_to_pass_on(&self) -> Option<&'static str> {
        self.dataset.is_in_doubt().then_some(NO_REPLICAS)
    }
}

fn read(path: &Path) -> io::Result<Record> {
    let mut text = String::new();
    File::open(path)?.take(record::BYTES_MAX).read_to_string(&mut text)?;
    Record::parse(&text).map_err(io::Error::other)
}
