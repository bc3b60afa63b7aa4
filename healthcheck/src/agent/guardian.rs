//! The guardian: a process of its own that takes the address away when its time is over and the agent does not.
//!
//! The kernel ends the lifetime of an address by itself, but counts in seconds and takes up to one and a quarter more. A process that
//! only sleeps is exact to milliseconds, and is not stopped with the agent. It outlives an agent that was killed, until the lease is
//! over or another agent has taken its place.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use bongsu_sentinel_core::Time;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::deadline::{DeadlineFile, Entry};
use super::kernel::remove_addresses;
use super::script::Script;
use super::{Vip, clock};

/// It looks at least so often while something is held: its sleep does not count the time that the host is suspended.
const LOOK: Duration = Duration::from_millis(100);

/// Pause before a program that failed is run again.
const SCRIPT_PAUSE: Duration = Duration::from_secs(1);

/// What a guardian guards.
pub struct Guarded {
    /// The file with the time.
    pub deadline: PathBuf,
    /// The agent that it belongs to.
    pub owner: u64,
    /// The addresses.
    pub vips: Vec<Vip>,
    /// How they are taken away.
    pub means: Means,
}

/// How addresses are taken away.
pub enum Means {
    /// From this interface.
    Kernel {
        /// Its index.
        index: u32,
    },
    /// By this program.
    Script {
        /// Its path.
        path: PathBuf,
        /// The group, which it is told.
        group: String,
        /// The node, which it is told.
        node: String,
    },
    /// Not at all: nothing was done either.
    Nothing,
}

/// Guards until the agent, at the other end of `pipe`, is gone and nothing is held by it any longer.
///
/// # Errors
/// The file with the time cannot be opened, or waiting fails.
pub fn guard(guarded: &Guarded, pipe: File) -> io::Result<()> {
    let file = DeadlineFile::open(&guarded.deadline)?;
    let mut pipe = Some(pipe);
    let mut removal = Removal::default();
    loop {
        let Entry { owner, until } = file.read();
        let now = clock::now();
        let is_guarded = owner == guarded.owner && until != Time::ZERO;
        let is_over = until <= now;
        if is_guarded && is_over {
            removal.make_sure(guarded, now, until);
        }
        if pipe.is_none() && (!is_guarded || is_over && removal.done == Some(until)) {
            return Ok(());
        }
        let sleep = if is_over { LOOK } else { until.since(now).min(LOOK) };
        wait(&mut pipe, is_guarded.then_some(sleep))?;
    }
}

/// What has been done about a time that is over.
#[derive(Default)]
struct Removal {
    /// The time for which it succeeded.
    done: Option<Time>,
    /// The time for which it was said that it does not.
    reported: Option<Time>,
    /// The time for which it was tried last, and when.
    tried: Option<(Time, Time)>,
}

impl Removal {
    /// Tries until it succeeds. The kernel is asked again and again even then: an agent that stood still between its look at the clock
    /// and its request adds the address late, and may stand still again.
    fn make_sure(&mut self, guarded: &Guarded, now: Time, until: Time) {
        let is_done = self.done == Some(until);
        let is_a_program = matches!(guarded.means, Means::Script { .. });
        let is_too_soon = self.tried.is_some_and(|(of, at)| of == until && now.since(at) < SCRIPT_PAUSE);
        if is_a_program && (is_done || is_too_soon) {
            return;
        }
        match remove(guarded) {
            Ok(()) => self.done = Some(until),
            Err(error) if self.reported != Some(until) => {
                self.reported = Some(until);
                eprintln!("bongsu: the lease is over, and the address cannot be removed: {error}");
            }
            Err(_said_before) => {}
        }
        self.tried = Some((until, clock::now()));
    }
}

/// Waits for a word of the agent, for the end of the agent, or for so long.
fn wait(pipe: &mut Option<File>, limit: Option<Duration>) -> io::Result<()> {
    let Some(open) = pipe else {
        std::thread::sleep(limit.unwrap_or(LOOK));
        return Ok(());
    };
    let limit = limit.map(|limit| Timespec { tv_sec: 0, tv_nsec: i64::from(limit.subsec_nanos()) });
    let mut fds = [PollFd::from_borrowed_fd(open.as_fd(), PollFlags::IN)];
    match poll(&mut fds, limit.as_ref()) {
        Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(()),
        Ok(_) => {}
        Err(error) => return Err(error.into()),
    }
    if open.read(&mut [0; 64])? == 0 {
        *pipe = None;
    }
    Ok(())
}

fn remove(guarded: &Guarded) -> io::Result<()> {
    match &guarded.means {
        Means::Nothing => Ok(()),
        Means::Kernel { index } => remove_addresses(*index, &guarded.vips),
        Means::Script { path, group, node } => {
            let script = Script::new(path.clone(), group.clone(), node.clone());
            guarded.vips.iter().map(|vip| script.release_now(*vip)).fold(Ok(()), io::Result::and)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::script::tests::program;

    /// It stays until it has succeeded, although nobody is left to tell it anything.
    #[test]
    fn it_tries_until_the_address_is_gone() {
        let dir = tempfile::tempdir().expect("a directory");
        let calls = dir.path().join("calls");
        let count = format!("echo >> {0}; test $(wc -l < {0})", calls.display());
        // Refuses, then does not do it, then does it.
        let path = program(
            dir.path(),
            &format!("{count} -gt 1 || exit 1\n{count} -gt 4 && held=false || held=true\necho {{\\\"held\\\": $held}}"),
        );
        let deadline = dir.path().join("lease");
        let owner = 7;
        let until = Time::from_ms(clock::now().as_ms() - 1);
        DeadlineFile::open(&deadline).expect("a file").write(Entry { owner, until }).expect("written");
        let (node, group) = ("10.0.0.1:6379".to_owned(), "mymaster".to_owned());
        let vips = vec!["10.0.0.9".parse().expect("valid")];
        let guarded = Guarded { deadline, owner, vips, means: Means::Script { path, group, node } };
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(writer);
        guard(&guarded, File::from(std::os::fd::OwnedFd::from(reader))).expect("guarded");
        // One line of the first call, two of each other.
        assert_eq!(std::fs::read(&calls).expect("called").len(), 5);
    }
}
