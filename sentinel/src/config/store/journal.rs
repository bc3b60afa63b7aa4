//! A journal of what must never be forgotten, beside a file that takes long to rewrite.
//!
//! A vote waits for the disk. Rewriting the file of a thousand groups takes tens of milliseconds, in which candidates give up
//! on each other; a line appended here takes one. The whole file follows within a second, after which the journal is removed:
//! it exists only between the two, or after a crash in between. Small files are simply rewritten, as Sentinel does.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bongsu_process::atomic::directory_of;
use bongsu_protocol::conf::{push_word, split_words};
use bongsu_sentinel_core::{Addr, Decisive, Epoch, GroupName, RunId};

use super::SaveError;

/// First words of a journal; the identity of the sentinel follows.
const HEADER: &str = "# bongsu sentinel journal, version 1, of ";
/// Readable as the files that it accompanies.
const FILE_MODE: u32 = 0o644;
/// Above this it is refused, and the file is rewritten instead: nothing removes a journal whose file cannot be written.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The journal of one sentinel. Everything here blocks; it is meant for a helper thread.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    my_id: RunId,
    file: Option<File>,
    bytes: u64,
    /// A write failed: the last line may be incomplete.
    torn: bool,
}

impl Journal {
    /// The journal beside `file`, of the sentinel `my_id`, and what a crash has left in it.
    ///
    /// # Errors
    /// There is one that cannot be read: a vote might be in it.
    pub fn open(file: &Path, my_id: RunId) -> Result<(Self, Vec<Decisive>), SaveError> {
        let mut path = file.as_os_str().to_owned();
        path.push(".journal");
        let mut journal = Self { path: path.into(), my_id, file: None, bytes: 0, torn: true };
        let text = match fs::metadata(&journal.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((journal, Vec::new())),
            Err(error) => return Err(journal.failed("reading")(error)),
            Ok(meta) if meta.len() > BYTES_MAX * 2 => {
                return Err(journal.failed("reading")(io::ErrorKind::FileTooLarge.into()));
            }
            Ok(meta) => {
                journal.bytes = meta.len();
                fs::read(&journal.path).map_err(journal.failed("reading"))?
            }
        };
        let entries = parse(&text, my_id);
        Ok((journal, entries))
    }

    /// True if there may be a file.
    pub fn is_present(&self) -> bool {
        self.bytes > 0
    }

    /// Appends entries; they are on disk when this returns.
    ///
    /// # Errors
    /// They may not be on disk. Later calls may succeed.
    pub fn append(&mut self, entries: &[Decisive]) -> Result<(), SaveError> {
        if self.bytes > BYTES_MAX {
            return Err(self.failed("appending")(io::ErrorKind::FileTooLarge.into()));
        }
        // Ends an incomplete line, which is then skipped when it is read.
        let mut text = String::from(if self.torn { "\n" } else { "" });
        let is_new = self.file.is_none();
        if is_new {
            text.push_str(&format!("{HEADER}{}\n", self.my_id));
        }
        for entry in entries {
            push_entry(&mut text, entry);
        }
        self.torn = true;
        self.bytes += text.len() as u64;
        let file = match self.file.take() {
            Some(file) => file,
            None => OpenOptions::new()
                .append(true)
                .create(true)
                .mode(FILE_MODE)
                .open(&self.path)
                .map_err(self.failed("opening"))?,
        };
        (&file).write_all(text.as_bytes()).and_then(|()| file.sync_data()).map_err(self.failed("appending"))?;
        if is_new {
            let directory = File::open(directory_of(&self.path)).and_then(|directory| directory.sync_all());
            directory.map_err(self.failed("syncing the directory"))?;
        }
        self.file = Some(file);
        self.torn = false;
        Ok(())
    }

    /// Removes the journal: the file that it accompanies holds everything.
    ///
    /// # Errors
    /// It is still there, which does no harm.
    pub fn clear(&mut self) -> Result<(), SaveError> {
        self.file = None;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.failed("removing")(error)),
            _ => {}
        }
        (self.bytes, self.torn) = (0, true);
        Ok(())
    }

    fn failed(&self, step: &'static str) -> impl Fn(io::Error) -> SaveError + use<> {
        let path = self.path.clone();
        move |source| SaveError { path: path.clone(), step, source }
    }
}

/// The last word tells a complete line from one whose end never reached the disk.
const END: &str = "end";

fn push_entry(text: &mut String, entry: &Decisive) {
    let Decisive { group, current_epoch, leader_epoch, config_epoch, master } = entry;
    text.push_str("group ");
    push_word(text, group.as_str().as_bytes());
    text.push_str(&format!(" current-epoch {current_epoch} leader-epoch {leader_epoch} config-epoch {config_epoch} "));
    text.push_str(&format!("master {} {} {END}\n", master.host(), master.port()));
}

/// The entries of this sentinel. Lines that are no entries are what a crash left of them, and were never acted upon.
fn parse(text: &[u8], my_id: RunId) -> Vec<Decisive> {
    let mut ours = false;
    let mut entries = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        match line.strip_prefix(HEADER.as_bytes()) {
            Some(id) => ours = id == my_id.as_str().as_bytes(),
            None => entries.extend(parse_entry(line).filter(|_| ours)),
        }
    }
    entries
}

fn parse_entry(line: &[u8]) -> Option<Decisive> {
    let words: Vec<String> =
        split_words(line).ok()?.into_iter().map(String::from_utf8).collect::<Result<_, _>>().ok()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [
        "group",
        name,
        "current-epoch",
        current,
        "leader-epoch",
        leader,
        "config-epoch",
        config,
        "master",
        host,
        port,
        END,
    ] = words.as_slice()
    else {
        return None;
    };
    let epoch = |text: &str| text.parse().ok().map(Epoch);
    Some(Decisive {
        group: GroupName::parse(name)?,
        current_epoch: epoch(current)?,
        leader_epoch: epoch(leader)?,
        config_epoch: epoch(config)?,
        master: Addr::new(host, port.parse().ok()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    fn id(text: &str) -> RunId {
        RunId::parse(text).expect("run id")
    }

    fn entry(name: &str, epoch: u64) -> Decisive {
        Decisive {
            group: GroupName::parse(name).expect("name"),
            current_epoch: Epoch(epoch + 1),
            leader_epoch: Epoch(epoch),
            config_epoch: Epoch(epoch - 1),
            master: Addr::new("10.0.0.1", 6379).expect("address"),
        }
    }

    #[test]
    fn what_was_appended_is_found_until_it_is_cleared() {
        let dir = tempfile::tempdir().expect("directory");
        let conf = dir.path().join("s.conf");
        let (mut journal, found) = Journal::open(&conf, id(ID)).expect("opened");
        assert!(found.is_empty() && !journal.is_present());
        journal.append(&[entry("a\"b", 4)]).expect("appended");
        journal.append(&[entry("c", 7), entry("d", 7)]).expect("appended");
        let (again, found) = Journal::open(&conf, id(ID)).expect("opened");
        assert_eq!(found, [entry("a\"b", 4), entry("c", 7), entry("d", 7)]);
        assert!(again.is_present());
        journal.clear().expect("cleared");
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
        journal.append(&[entry("e", 9)]).expect("appended");
        assert_eq!(Journal::open(&conf, id(ID)).expect("opened").1, [entry("e", 9)]);
    }

    #[test]
    fn a_line_without_its_end_is_skipped_and_what_follows_counts() {
        let dir = tempfile::tempdir().expect("directory");
        let conf = dir.path().join("s.conf");
        let (mut journal, _) = Journal::open(&conf, id(ID)).expect("opened");
        journal.append(&[entry("a", 4), entry("b", 5)]).expect("appended");
        let path = dir.path().join("s.conf.journal");
        let whole = fs::read(&path).expect("read");
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).expect("cut");
            let (mut journal, found) = Journal::open(&conf, id(ID)).expect("opened");
            assert!([entry("a", 4), entry("b", 5)].starts_with(&found), "{end}: {found:?}");
            journal.append(&[entry("z", 9)]).expect("appended");
            let (_, all) = Journal::open(&conf, id(ID)).expect("opened");
            assert_eq!(all.last(), Some(&entry("z", 9)), "{end}");
            assert!(all.starts_with(&found), "{end}");
        }
    }

    #[test]
    fn the_journal_of_another_sentinel_says_nothing() {
        let dir = tempfile::tempdir().expect("directory");
        let conf = dir.path().join("s.conf");
        Journal::open(&conf, id(ID)).expect("opened").0.append(&[entry("a", 4)]).expect("appended");
        let other = id(&ID.replace('0', "f"));
        let (mut journal, found) = Journal::open(&conf, other).expect("opened");
        assert!(found.is_empty());
        journal.append(&[entry("b", 5)]).expect("appended");
        assert_eq!(Journal::open(&conf, other).expect("opened").1, [entry("b", 5)]);
        assert_eq!(Journal::open(&conf, id(ID)).expect("opened").1, [entry("a", 4)]);
    }

    #[test]
    fn a_directory_in_its_place_is_an_error() {
        let dir = tempfile::tempdir().expect("directory");
        fs::create_dir(dir.path().join("s.conf.journal")).expect("made");
        Journal::open(&dir.path().join("s.conf"), id(ID)).expect_err("unreadable");
    }
}
