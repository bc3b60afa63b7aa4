//! Data of a master that are all to be here before any of them is used: in memory while they are few, else in a file.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use crate::persistence::unseen_file;

/// Up to this size no file is needed. It is what a chunk of the heap that is given back soon may well be.
const MEMORY_BYTES: usize = 8 * 1024 * 1024;

/// Read from the file at a time.
const READ_BYTES: usize = 256 * 1024;

/// What has been put away. Its file has no name, so that nothing is left of it whatever happens.
#[derive(Debug)]
pub(super) struct Spool {
    directory: PathBuf,
    memory: Vec<u8>,
    file: Option<File>,
}

impl Spool {
    /// Nothing yet; what does not fit into memory goes to a file in this directory.
    pub(super) const fn new(directory: PathBuf) -> Self {
        Self { directory, memory: Vec::new(), file: None }
    }

    /// Appends.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            return file.write_all(bytes);
        }
        self.memory.extend_from_slice(bytes);
        if self.memory.len() > MEMORY_BYTES {
            let mut file = unseen_file(&self.directory)?;
            file.write_all(&std::mem::take(&mut self.memory))?;
            self.file = Some(file);
        }
        Ok(())
    }

    /// Reads all of it from the beginning.
    pub(super) fn read(&mut self) -> io::Result<impl Read + '_> {
        Ok(match &mut self.file {
            Some(file) => {
                file.seek(SeekFrom::Start(0))?;
                Source::File(BufReader::with_capacity(READ_BYTES, file))
            }
            None => Source::Memory(Cursor::new(&self.memory)),
        })
    }
}

enum Source<'a> {
    File(BufReader<&'a mut File>),
    Memory(Cursor<&'a Vec<u8>>),
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(into),
            Self::Memory(memory) => memory.read(into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_stays_in_memory_and_more_goes_to_a_file_that_nobody_sees() {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(dir.path().to_owned());
        let part: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
        let mut all = Vec::new();
        for _ in 0..MEMORY_BYTES / part.len() + 2 {
            spool.write(&part).unwrap();
            all.extend_from_slice(&part);
            let mut read = Vec::new();
            if all.len() < 3 * part.len() || all.len() > MEMORY_BYTES {
                spool.read().unwrap().read_to_end(&mut read).unwrap();
                assert!(read == all);
            }
            if let Some(file) = &mut spool.file {
                file.seek(SeekFrom::End(0)).unwrap();
            }
        }
        assert!(spool.file.is_some());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
