//! What an agent keeps while the host is up: who it is, and that it is the only one for its node.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use bongsu_sentinel_core::{Addr, RunId};
use rustix::fs::{FlockOperation, flock};
use rustix::rand::{GetRandomFlags, getrandom};
use thiserror::Error;

/// Identity of this boot: an address that was held before the host was started anew went with it.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Why there is no place to work in.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// A second agent would give back what the first one holds.
    #[error("another agent runs for this node (it has locked {})", path.display())]
    Taken {
        /// The locked file.
        path: PathBuf,
    },
    /// A file cannot be used.
    #[error("{}: {error}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Names of the files of one node's agent.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    dir: PathBuf,
    name: String,
}

impl Paths {
    pub(super) fn new(dir: &Path, node: &Addr) -> Self {
        Self { dir: dir.to_owned(), name: format!("{}-{}", node.host().replace(['/', ':'], "_"), node.port()) }
    }

    pub(super) fn identity(&self) -> PathBuf {
        self.dir.join(format!("{}.id", self.name))
    }

    pub(super) fn deadline(&self) -> PathBuf {
        self.dir.join(format!("{}.lease", self.name))
    }

    pub(super) fn status(&self) -> PathBuf {
        self.dir.join(format!("{}.json", self.name))
    }
}

/// Held as long as the agent lives.
pub(super) struct Runtime {
    pub(super) paths: Paths,
    pub(super) holder: RunId,
    /// This host was started anew since the identity was made, or there was none.
    pub(super) is_new: bool,
    _lock: File,
}

impl Runtime {
    /// Makes the directory and takes the lock. Who asks for leases is the same after a restart of the agent, so that it gets back at
    /// once what it had; another boot is another holder, and so is one that holds something else (`claim`, in one line): what is left
    /// of a lease is not good for that.
    pub(super) fn enter(dir: &Path, node: &Addr, claim: &str) -> Result<Self, RuntimeError> {
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |error: io::Error| RuntimeError::File { path, error }
        };
        fs::create_dir_all(dir).map_err(fail(dir))?;
        let paths = Paths::new(dir, node);
        let path = paths.identity();
        let mut file =
            File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(fail(&path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(RuntimeError::Taken { path }),
            Err(error) => return Err(fail(&path)(error.into())),
        }
        let boot = fs::read_to_string(BOOT_ID).map_err(fail(Path::new(BOOT_ID)))?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(fail(&path))?;
        if let Some(holder) = known(&text, boot.trim(), claim) {
            return Ok(Self { paths, holder, is_new: false, _lock: file });
        }
        let mut bits = [0; 20];
        getrandom(&mut bits, GetRandomFlags::empty()).map_err(|error| fail(&path)(error.into()))?;
        let holder = RunId::from_bits(bits);
        let write = |file: &mut File| -> io::Result<()> {
            file.rewind()?;
            file.set_len(0)?;
            writeln!(file, "{} {holder} {claim}", boot.trim())
        };
        write(&mut file).map_err(fail(&path))?;
        Ok(Self { paths, holder, is_new: true, _lock: file })
    }
}

fn known(text: &str, boot: &str, claim: &str) -> Option<RunId> {
    let (of, rest) = text.trim_end().split_once(' ')?;
    let (holder, claimed) = rest.split_once(' ')?;
    RunId::parse(holder).filter(|_| of == boot && claimed == claim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_the_same_after_its_restart_and_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let node = Addr::new("10.0.0.1", 6379).expect("valid");
        let first = Runtime::enter(dir.path(), &node, "m 10.0.0.9/32").expect("free");
        assert!(first.is_new);
        assert!(matches!(Runtime::enter(dir.path(), &node, "m 10.0.0.9/32"), Err(RuntimeError::Taken { .. })));
        let other = Addr::new("10.0.0.2", 6379).expect("valid");
        let other = Runtime::enter(dir.path(), &other, "m 10.0.0.9/32").expect("another node");
        assert_ne!(other.holder, first.holder);
        let holder = first.holder;
        drop(first);
        let again = Runtime::enter(dir.path(), &node, "m 10.0.0.9/32").expect("free again");
        assert_eq!((again.holder, again.is_new), (holder, false));
        drop(again);
        let changed = Runtime::enter(dir.path(), &node, "m 10.0.0.8/32").expect("free again");
        assert!(changed.is_new && changed.holder != holder, "it holds another address now");
    }

    #[test]
    fn another_boot_is_another_holder() {
        let text = format!("one {} m 10.0.0.9/32\n", RunId::from_bits([7; 20]));
        assert!(known(&text, "one", "m 10.0.0.9/32").is_some());
        assert!(known(&text, "two", "m 10.0.0.9/32").is_none());
        assert!(known(&text, "one", "m 10.0.0.8/32").is_none());
        assert!(known("", "one", "m 10.0.0.9/32").is_none());
    }
}
