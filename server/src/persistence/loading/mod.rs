//! Loading what was saved, while clients are told how far that is.

mod gone;
mod reader;

use std::io;
use std::path::Path;

use bongsu_persist::rdb::decode::Options;
use bongsu_process::log::Log;
use bongsu_protocol::session::{ClientId, ClientRole};
use bongsu_store::image::{Admission, AdmissionOptions, NotAdmitted, Part, Reader};

use gone::Gone;
pub(crate) use reader::Source;
use reader::{Piece, Reading};

use crate::config::Directive;
use crate::dataset::Fields;
use crate::engine::Engine;
use crate::replication::ReplicationId;

/// How long data are taken in before clients are looked at again, in microseconds.
const STEP_US: u64 = 5_000;

/// What a key with its value hardly ever takes less than in a file. A number of keys that is announced must be credible.
const KEY_BYTES_MIN: u64 = 8;

/// Keys without elements that the log names: a file may have any number of them.
const EMPTY_KEYS_NAMED: u64 = 10;

/// Bytes of a key that the log shows.
const KEY_SHOWN_BYTES: usize = 128;

/// What a line of a log begins with that tells where in the stream of changes its end is.
const PLACE: &[u8] = b"#BONGSU:replid=";

fn length_of(path: &Path) -> io::Result<u64> {
    let found = std::fs::metadata(path);
    found
        .map(|metadata| metadata.len())
        .map_err(|error| io::Error::new(error.kind(), format!("{} cannot be opened: {error}", path.display())))
}

/// Loading that is under way.
pub(crate) struct Loading {
    reading: Reading,
    admission: Admission,
    is_log: bool,
    /// Bytes of all files.
    pub(crate) total_bytes: u64,
    /// When it began: in seconds of the epoch, and in microseconds since the start.
    pub(crate) begun_s: u64,
    begun_us: u64,
    /// Keys of snapshots that were taken in.
    keys: u64,
    /// Of those, the ones that are left out because their time is over.
    expired: u64,
    keeps_expired: bool,
    gone: Gone,
    empty_keys: u64,
    /// Memory that the data took where the snapshot was written, by what it says.
    pub(crate) used_memory: u64,
    /// What the snapshot or the log says about the stream of changes.
    place: Place,
    dataset: Fields,
    /// Runs commands of a log.
    client: Option<ClientId>,
    /// Nothing has to wait for clients, because there are none.
    is_alone: bool,
}

/// A place in a stream of changes.
#[derive(Default)]
struct Place {
    id: Option<ReplicationId>,
    offset: Option<u64>,
    db: u32,
}

impl Loading {
    /// `key-load-delay` has changed.
    pub(crate) fn set_delay(&self, delay: i64) {
        self.reading.set_delay(delay);
    }

    /// A key is left out because its collection has no elements.
    fn note_empty(&mut self, key: &[u8], log: &Log) {
        self.empty_keys += 1;
        if self.empty_keys <= EMPTY_KEYS_NAMED {
            let shown = &key[..key.len().min(KEY_SHOWN_BYTES)];
            log.notice(format_args!("Loading, skipping empty key: {}", shown.escape_ascii()));
        }
    }

    /// Bytes that have been read.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.reading.read_bytes().min(self.total_bytes)
    }
}

/// What was loaded.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Loaded {
    /// Keys of snapshots that were taken in.
    pub(crate) keys: u64,
    /// Keys of snapshots whose time was over.
    pub(crate) expired: u64,
}

impl Engine {
    /// Begins to load. Nothing that is there goes.
    ///
    /// # Errors
    /// If files cannot be looked at, or the system gives no thread.
    pub(crate) fn begin_loading(&mut self, source: Source) -> io::Result<()> {
        let paths = match &source {
            Source::Snapshot(path) => std::slice::from_ref(path),
            Source::Log { paths, .. } => paths,
        };
        let total_bytes = paths.iter().map(|path| length_of(path)).sum::<io::Result<u64>>()?;
        let is_log = matches!(source, Source::Log { .. });
        let options = Options {
            distinct: self.config.words(Directive::SanitizeDumpPayload) == "yes",
            checksum: self.config.is_on(Directive::Rdbchecksum),
            ..Options::default()
        };
        let reading =
            Reading::start(source, options, self.config.integer(Directive::KeyLoadDelay), self.waker.clone())?;
        let keeps_expired = is_log || self.is_replica();
        let admission = Admission::new(AdmissionOptions { keeps_expired, ..AdmissionOptions::default() });
        self.loading = Some(Loading {
            reading,
            admission,
            is_log,
            total_bytes,
            begun_s: self.clock.wall_ms() / 1000,
            begun_us: self.clock.now_us,
            keys: 0,
            expired: 0,
            keeps_expired,
            gone: Gone::new(self.config.size(Directive::ReplBacklogSize)),
            empty_keys: 0,
            used_memory: 0,
            place: Place::default(),
            dataset: Fields::default(),
            client: None,
            is_alone: false,
        });
        self.update_interest();
        self.update_pause();
        Ok(())
    }

    /// Takes in what has been read. To be called after every turn.
    pub(crate) fn continue_loading(&mut self) {
        let until_us = self.clock.advanced() + STEP_US;
        while let Some(piece) = self.loading.as_ref().and_then(|loading| loading.reading.next()) {
            self.take_piece(piece);
            if self.clock.advanced() >= until_us {
                // There may be more.
                self.waker.wake();
                return;
            }
        }
    }

    /// Takes everything in while nobody is served; `replaces`: instead of what is there under the same keys.
    ///
    /// # Errors
    /// Why it cannot be loaded.
    pub(crate) fn complete_loading(&mut self, replaces: bool) -> Result<(), String> {
        if let Some(loading) = &mut self.loading {
            loading.is_alone = true;
            let keeps_expired = loading.keeps_expired;
            loading.admission =
                Admission::new(AdmissionOptions { replaces, keeps_expired, ..AdmissionOptions::default() });
        }
        while let Some(loading) = &self.loading {
            let gone = || Piece::Failed("the thread that reads the files is gone".to_owned());
            let piece = loading.reading.wait_next().unwrap_or_else(gone);
            self.take_piece(piece);
        }
        self.fatal.take().map_or(Ok(()), Err)
    }

    fn take_piece(&mut self, piece: Piece) {
        let Some(loading) = &mut self.loading else { return };
        let result = match piece {
            Piece::Sizes(db, keys) => {
                let most = loading.total_bytes / KEY_BYTES_MIN;
                if (db as usize) < self.shard.databases() {
                    self.shard.db_mut(db as usize).expect(keys.min(most));
                }
                Ok(())
            }
            Piece::Parts(parts) => self.admit_parts(&parts),
            Piece::Aux(name, value) => {
                if name == b"used-mem" {
                    let number = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok());
                    loading.used_memory = number.unwrap_or(0);
                }
                loading.place.note(&name, &value);
                loading.dataset.note(&name, &value);
                Ok(())
            }
            Piece::Note(line) => {
                loading.place.note_line(&line);
                Ok(())
            }
            Piece::EmptyKey(key) => {
                loading.note_empty(&key, &self.log);
                Ok(())
            }
            Piece::Function => Err("functions are not supported".to_owned()),
            Piece::Commands(commands) if commands.is_empty() => Ok(()),
            Piece::Commands(commands) => {
                // Whatever was said of a place before is not the end.
                loading.place = Place::default();
                commands.iter().try_for_each(|argv| self.run_loaded(&argv))
            }
            Piece::FileRead(path) => {
                self.log.notice(format_args!("DB loaded from {}", path.display()));
                Ok(())
            }
            Piece::Warning(text) => {
                self.log.warning(text);
                Ok(())
            }
            Piece::End => {
                self.end_loading();
                Ok(())
            }
            Piece::Failed(reason) => Err(reason),
        };
        if let Err(reason) = result {
            self.fail_loading(reason);
        }
    }

    fn admit_parts(&mut self, parts: &[u8]) -> Result<(), String> {
        self.shard.now_ms = self.clock.wall_ms();
        let (mut reader, mut few) = (Reader::new(parts), Vec::new());
        while reader.next_few(&mut few).map_err(|error| error.to_string())? {
            self.shard.announce(&few);
            few.iter().try_for_each(|part| self.admit_part(part))?;
        }
        Ok(())
    }

    fn admit_part(&mut self, part: &Part<'_>) -> Result<(), String> {
        let Some(loading) = &mut self.loading else { return Ok(()) };
        if let Part::Head(head) = part {
            let is_over = head.expiry_ms.is_some_and(|at| at <= self.shard.now_ms) && !loading.keeps_expired;
            loading.keys += u64::from(!is_over);
            loading.expired += u64::from(is_over);
            if is_over {
                loading.gone.note(head.db as usize, head.key);
            }
            if head.db as usize >= self.shard.databases() {
                let count = self.shard.databases();
                return Err(format!("the data were saved with more than {count} databases"));
            }
        }
        match (self.shard.admit(part, &mut loading.admission), part) {
            (Ok(()), _) => Ok(()),
            (Err(NotAdmitted::Empty), Part::Head(head)) => {
                loading.keys = loading.keys.saturating_sub(1);
                loading.note_empty(head.key, &self.log);
                Ok(())
            }
            (Err(error), _) => Err(format!("a key cannot be loaded: {error}")),
        }
    }

    /// Runs a command of a log: it has run before, so that nothing is asked.
    fn run_loaded(&mut self, argv: &[&[u8]]) -> Result<(), String> {
        let Some(loading) = &mut self.loading else { return Ok(()) };
        let now_ms = self.shard.now_ms;
        let client = *loading.client.get_or_insert_with(|| {
            let session = self.clients.accept(String::new(), String::new(), now_ms, &self.acl);
            session.role = ClientRole::Master;
            session.id
        });
        let mut reply = Vec::new();
        self.execute(client, argv, &mut reply);
        let name = || argv.first().map_or_else(String::new, |name| name.escape_ascii().to_string());
        // Also where a command is known and what it is asked for is not, as with functions: what it did would be missing.
        let is_unknown = [b"-ERR unknown command".as_slice(), b"-ERR unknown subcommand", b"-ERR wrong number"];
        if is_unknown.iter().any(|refusal| reply.starts_with(refusal)) {
            return Err(format!("Unknown command '{}' reading the append only file", name()));
        }
        if let Some(session) = self.clients.get_mut(client) {
            session.end_request();
        }
        Ok(())
    }

    /// The line of a log that tells where in the stream of changes its end is; nothing where that says nothing.
    pub(crate) fn place_line(&self) -> String {
        if !self.keeps_place() {
            return String::new();
        }
        let (id, offset) = (self.history.id.as_str(), self.history.offset);
        let db = self.history.stream_db().map_or_else(String::new, |db| format!(" db={db}"));
        format!("{}{id} offset={offset}{db}\r\n", String::from_utf8_lossy(PLACE))
    }

    /// Everything has been loaded.
    fn end_loading(&mut self) {
        let Some(loading) = self.finish_loading() else { return };
        let seconds = (self.clock.advanced() - loading.begun_us) as f64 / 1e6;
        let kind = if loading.is_log { "append only file" } else { "disk" };
        self.log.notice(format_args!("DB loaded from {kind}: {seconds:.3} seconds"));
        let (keys, expired, empty) = (loading.keys, loading.expired, loading.empty_keys);
        if !loading.is_log || keys + expired + empty > 0 {
            self.log.notice(format_args!(
                "Done loading RDB, keys loaded: {keys}, keys expired: {expired}, empty keys skipped: {empty}."
            ));
        }
        let place = loading.place.id.clone().zip(loading.place.offset);
        self.dataset.note_loaded(loading.dataset.lineage(), place, loading.is_log);
        // What replicas cannot be told of, they must not go on without.
        if let Place { id: Some(id), offset: Some(offset), db } = loading.place
            && loading.gone.is_complete()
        {
            self.restore_history(id, offset, db);
            loading.gone.tell(&mut self.history);
        }
        // What was loaded is on disk.
        self.snapshots.saved_changes = self.changes;
        if !loading.is_alone {
            self.loaded();
        }
    }

    fn fail_loading(&mut self, reason: String) {
        if self.finish_loading().is_some() {
            self.fatal = Some(reason);
        }
    }

    fn finish_loading(&mut self) -> Option<Loading> {
        let mut loading = self.loading.take()?;
        if let Some(client) = loading.client.take() {
            self.forget(client);
        }
        self.last_loaded = Loaded { keys: loading.keys, expired: loading.expired };
        self.update_interest();
        self.update_pause();
        Some(loading)
    }
}

impl Place {
    fn note(&mut self, name: &[u8], value: &[u8]) {
        let number = || std::str::from_utf8(value).ok()?.parse::<u64>().ok();
        match name {
            b"repl-id" => self.id = ReplicationId::parse(value),
            b"repl-offset" => self.offset = number(),
            b"repl-stream-db" => self.db = number().and_then(|db| db.try_into().ok()).unwrap_or(0),
            _ => {}
        }
    }

    /// Only what stands at the very end of a log says where that is.
    fn note_line(&mut self, line: &[u8]) {
        let Some(rest) = line.strip_prefix(PLACE) else { return };
        let text = String::from_utf8_lossy(rest);
        let mut words = text.trim_end().split([' ', '=']);
        *self = Self::default();
        self.id = words.next().and_then(|id| ReplicationId::parse(id.as_bytes()));
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            match name {
                "offset" => self.offset = value.parse().ok(),
                "db" => self.db = value.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}
