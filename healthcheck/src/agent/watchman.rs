//! The agent's end of its guardian: the process, and the file that tells it the time.

use std::io::{self, PipeWriter, Write};
use std::path::PathBuf;
use std::process::Stdio;

use bongsu_sentinel_core::Time;
use tokio::process::{Child, Command};
use tokio::time::{Duration, Instant, sleep_until};

use super::deadline::{DeadlineFile, Entry};
use super::{AgentConfig, AgentError, Means, clock};

/// Pause before a guardian that has ended is replaced.
const RESTART_PAUSE: Duration = Duration::from_millis(100);

/// A guardian that is always there.
pub(super) struct Watchman {
    words: Vec<String>,
    file: DeadlineFile,
    owner: u64,
    until: Time,
    child: Option<(Child, PipeWriter)>,
    /// When the last one was found to have ended.
    ended: Option<Instant>,
}

impl Watchman {
    /// Starts a guardian for what `config` names. `index`: the interface.
    pub(super) fn start(config: &AgentConfig, path: PathBuf, index: Option<u32>) -> Result<Self, AgentError> {
        let mut words = config.guardian.clone();
        let mut option = |name: &str, value: String| words.extend([format!("--{name}"), value]);
        // The process, and when it started: a number that comes again after a restart of the host does so with another file.
        let owner = u64::from(std::process::id()) << 32 | clock::now().as_ms() & 0xffff_ffff;
        option("deadline", path.display().to_string());
        option("owner", owner.to_string());
        match &config.means {
            Means::Script { path } => {
                option("script", path.display().to_string());
                option("group", config.group.clone());
                option("node", config.node.0.to_string());
            }
            Means::Kernel { .. } => option("index", index.unwrap_or_default().to_string()),
            Means::Nothing => {}
        }
        for vip in &config.vips {
            option("vip", vip.to_string());
        }
        let file = DeadlineFile::open(&path).map_err(|error| AgentError::Deadline { path, error })?;
        let mut me = Self { words, file, owner, until: Time::ZERO, child: None, ended: None };
        if config.means != Means::Nothing {
            me.spawn().map_err(|error| AgentError::Guardian { error })?;
        }
        Ok(me)
    }

    /// Until when an agent before this one was allowed to hold the addresses.
    pub(super) fn inherited(&self) -> Time {
        self.file.read().until
    }

    fn spawn(&mut self) -> io::Result<()> {
        let [program, arguments @ ..] = self.words.as_slice() else { return Ok(()) };
        let (reader, writer) = io::pipe()?;
        // A group of its own: what stops or ends the agent's at a terminal does not reach it.
        let child = Command::new(program).args(arguments).stdin(Stdio::from(reader)).process_group(0).spawn()?;
        self.child = Some((child, writer));
        Ok(())
    }

    /// The addresses may be here until then; [`Time::ZERO`]: they are not here.
    pub(super) fn tell(&mut self, until: Time) -> io::Result<()> {
        self.file.write(Entry { owner: self.owner, until })?;
        let sleeps = self.until <= clock::now();
        self.until = until;
        match &mut self.child {
            // It looks at the file by itself as long as something is held.
            Some((_, pipe)) if sleeps && until != Time::ZERO => pipe.write_all(&[1]),
            _ => Ok(()),
        }
    }

    /// Waits for the end of the guardian, which nobody wants, and starts another one.
    pub(super) async fn again(&mut self) -> io::Result<()> {
        let Some((child, _)) = &mut self.child else { return std::future::pending().await };
        child.wait().await?;
        let ended = *self.ended.get_or_insert_with(Instant::now);
        sleep_until(ended + RESTART_PAUSE).await;
        self.ended = None;
        self.spawn()?;
        self.until = Time::ZERO;
        Ok(())
    }
}
