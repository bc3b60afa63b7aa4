//! Until when the address may be held, as a file: the agent writes it, its guardian and the agent that comes after it read it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bongsu_sentinel_core::Time;

/// Reading again what was being written.
const ATTEMPTS: usize = 100;

/// What stands in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Entry {
    /// The agent that wrote it, by its process.
    pub(super) owner: u64,
    /// [`Time::ZERO`] where nothing is held.
    pub(super) until: Time,
}

/// The file: owner, time, and a check of both, since it may be read while it is written.
pub(super) struct DeadlineFile(File);

impl DeadlineFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        File::options().create(true).truncate(false).read(true).write(true).open(path).map(Self)
    }

    pub(super) fn write(&self, entry: Entry) -> io::Result<()> {
        let (owner, until) = (entry.owner, entry.until.as_ms());
        let words = [owner, until, check(owner, until)];
        self.0.write_all_at(words.map(u64::to_ne_bytes).as_flattened(), 0)
    }

    /// What makes no sense holds nothing.
    pub(super) fn read(&self) -> Entry {
        for _ in 0..ATTEMPTS {
            let mut bytes = [0; 24];
            if self.0.read_exact_at(&mut bytes, 0).is_err() {
                break;
            }
            let (words, _) = bytes.as_chunks::<8>();
            if let [owner, until, sum] = words.iter().map(|word| u64::from_ne_bytes(*word)).collect::<Vec<_>>()[..]
                && sum == check(owner, until)
            {
                return Entry { owner, until: Time::from_ms(until) };
            }
        }
        Entry::default()
    }
}

const fn check(owner: u64, until: u64) -> u64 {
    !(owner.rotate_left(32) ^ until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("lease");
        let file = DeadlineFile::open(&path).expect("a file");
        assert_eq!(file.read(), Entry::default());
        let entry = Entry { owner: 7, until: Time::from_ms(1234) };
        file.write(entry).expect("written");
        assert_eq!(DeadlineFile::open(&path).expect("a file").read(), entry);
        std::fs::write(&path, [1; 24]).expect("written");
        assert_eq!(file.read(), Entry::default());
    }
}
