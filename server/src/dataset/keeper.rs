//! The thread that writes the record, so that the loop never waits for a disk.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use bongsu_process::atomic;

/// Permissions of the file, which the umask restricts.
const MODE: u32 = 0o644;

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What is to be written next. Of several that came meanwhile only the last one matters.
    next: Option<(PathBuf, String)>,
    is_writing: bool,
    has_ended: bool,
    failure: Option<String>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some((path, text)) = state.next.take() {
                state.is_writing = true;
                drop(state);
                let failure = atomic::replace(&path, text, MODE).err().map(|error| error.to_string());
                state = self.lock();
                state.is_writing = false;
                state.failure = failure;
                self.changed.notify_all();
            } else if state.has_ended {
                return;
            } else {
                state = self.wait(state);
            }
        }
    }
}

/// The thread, from the side of the loop.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start() -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("bongsu-state".to_owned()).spawn(move || of_thread.work())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// This is to be in the file, some time soon.
    pub(crate) fn write(&self, path: PathBuf, text: String) {
        self.shared.lock().next = Some((path, text));
        self.shared.changed.notify_all();
    }

    /// Waits until everything is on disk: at the end.
    pub(crate) fn settle(&self) {
        let mut state = self.shared.lock();
        while state.next.is_some() || state.is_writing {
            state = self.shared.wait(state);
        }
    }

    /// Why the last attempt failed, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        self.shared.lock().failure.clone()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.shared.lock().has_ended = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_is_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let keeper = Keeper::start().unwrap();
        for n in 0..50 {
            keeper.write(path.clone(), format!("{n}"));
        }
        keeper.settle();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "49");
        assert_eq!(keeper.failure(), None);
        keeper.write(dir.path().join("nowhere/state"), String::new());
        keeper.settle();
        assert!(keeper.failure().is_some());
        keeper.write(path.clone(), "the end".to_owned());
        drop(keeper);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "the end");
    }
}
