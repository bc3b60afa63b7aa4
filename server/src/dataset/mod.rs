//! Which data these are, and whether all of them are here.
//!
//! A server writes down what it has ([`record`]). When it starts as a master with less than that, it is an *amnesiac*: its replicas
//! would take its emptiness over. It answers nobody but those who tell it what to be, until somebody does.

mod amnesia;
mod asking;
mod keep;
mod keeper;
mod lineage;
mod record;
mod verdict;

use asking::Asking;
use keeper::Keeper;
pub(crate) use lineage::Lineage;
use record::{Address, Durable, Record};
use verdict::{Found, Loss};

use crate::persistence::Previous;
use crate::replication::{ReplicationId, Vacancy};

/// Fields of snapshots.
pub(crate) const ID_FIELD: &str = "x-dataset-id";
pub(crate) const EPOCH_FIELD: &str = "x-epoch";

/// What is known of the data that are here.
#[derive(Default)]
pub(crate) struct Dataset {
    /// Which they are. `None` before anything was written, and of those of other servers.
    pub(crate) lineage: Option<Lineage>,
    state: State,
    /// What was loaded at the start.
    found: Found,
    /// What the snapshot holds that was saved last.
    durable: Option<Durable>,
    /// The same of the one under way.
    saving: Option<Durable>,
    /// Those who have followed this server.
    replicas: Vec<Address>,
    /// The files of the data that were here before these.
    pub(crate) previous: Previous,
    /// This server has emptied itself for those of a master.
    pub(crate) vacancy: Option<Box<Vacancy>>,
    /// What the file told at the start.
    record: Option<Record>,
    keeper: Option<Keeper>,
    /// What was written last, and when, in microseconds since the start.
    written: Option<Record>,
    written_us: u64,
    looked_us: u64,
    /// It is to be written at once.
    is_urgent: bool,
    /// What the file tells is more than what is here, and is to be remembered until that is back.
    is_held: bool,
    failure: Option<String>,
}

#[derive(Default)]
enum State {
    #[default]
    Fine,
    /// The sentinels are asked what this server was.
    Asking(Asking),
    /// It has lost this. Without others who may have it, it waits only until then, in microseconds since the start.
    Amnesia { loss: Loss, until_us: Option<u64> },
}

/// What replicas and masters tell each other (`REPLCONF`).
pub(crate) const ID_FIELD_OF_LINK: &[u8] = b"x-dataset";

/// A name and an epoch as words; without any, others learn that there is none.
pub(crate) fn words(lineage: Option<Lineage>) -> [String; 2] {
    lineage
        .map_or_else(|| ["?".to_owned(), "0".to_owned()], |Lineage { id, epoch }| [id.to_string(), epoch.to_string()])
}

/// The line in which a master tells which data it has.
pub(crate) fn line(lineage: Lineage) -> String {
    format!("x-dataset {} {}", lineage.id, lineage.epoch)
}

/// The same from what a master said. Others say other things.
pub(crate) fn parse_line(line: &[u8]) -> Option<Lineage> {
    let mut words = line.strip_prefix(b"+x-dataset ")?.split(|byte| *byte == b' ');
    Lineage::parse(words.next()?, words.next()?)
}

/// What a snapshot tells of its data.
#[derive(Default)]
pub(crate) struct Fields {
    id: Vec<u8>,
    epoch: Vec<u8>,
}

impl Fields {
    /// A field of a snapshot, of whatever name.
    pub(crate) fn note(&mut self, name: &[u8], value: &[u8]) {
        if name == ID_FIELD.as_bytes() {
            self.id = value.to_vec();
        } else if name == EPOCH_FIELD.as_bytes() {
            self.epoch = value.to_vec();
        }
    }

    /// Which data these are, if it tells.
    pub(crate) fn lineage(&self) -> Option<Lineage> {
        Lineage::parse(&self.id, &self.epoch)
    }
}

impl Dataset {
    /// Somebody has to say what this server is.
    pub(crate) const fn is_in_doubt(&self) -> bool {
        !matches!(self.state, State::Fine)
    }

    /// For `INFO`.
    pub(crate) const fn word(&self) -> &'static str {
        match self.state {
            State::Fine => "ok",
            State::Asking(_) => "asking",
            State::Amnesia { .. } => "amnesia",
        }
    }

    /// For snapshots. Others skip what they do not know.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let fields =
            self.lineage.map(|Lineage { id, epoch }| [(ID_FIELD, id.to_string()), (EPOCH_FIELD, epoch.to_string())]);
        fields.into_iter().flatten()
    }

    /// This was loaded.
    pub(crate) fn note_loaded(&mut self, lineage: Option<Lineage>, place: Option<(ReplicationId, u64)>, is_log: bool) {
        self.lineage = lineage.or(self.lineage);
        self.found = Found { keys: 0, place, is_log };
    }

    /// The data have another master from now on.
    pub(crate) const fn begin_epoch(&mut self) {
        if let Some(lineage) = &mut self.lineage {
            lineage.epoch += 1;
        }
    }

    /// Something has changed that others rely on: it is to be written at once.
    pub(crate) const fn hurry(&mut self) {
        self.is_urgent = true;
    }
}
