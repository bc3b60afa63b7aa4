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
    // What has been taken away already.
    let mut done = Time::ZERO;
    loop {
        let Entry { owner, until } = file.read();
        let now = clock::now();
        let is_ours = owner == guarded.owner;
        if is_ours && until != Time::ZERO && until <= now && until != done {
            remove(guarded);
            done = until;
        }
        let is_held = is_ours && until > now;
        if pipe.is_none() && !is_held {
            return Ok(());
        }
        let idle = until == Time::ZERO || !is_ours;
        let sleep = if is_held { until.since(now).min(LOOK) } else { LOOK };
        wait(&mut pipe, (!idle).then_some(sleep))?;
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

fn remove(guarded: &Guarded) {
    let result = match &guarded.means {
        Means::Nothing => Ok(()),
        Means::Kernel { index } => remove_addresses(*index, &guarded.vips),
        Means::Script { path, group, node } => {
            let script = Script::new(path.clone(), group.clone(), node.clone());
            guarded.vips.iter().map(|vip| script.release_now(*vip)).fold(Ok(()), io::Result::and)
        }
    };
    if let Err(error) = result {
        eprintln!("bongsu: the lease is over, and the address cannot be removed: {error}");
    }
}
