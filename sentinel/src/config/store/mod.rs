//! Where settings and state survive a restart: the `.conf` file itself, or a state file beside a configuration that is
//! never written.

mod atomic;
mod conf;
mod lines;
pub(crate) mod state;

pub use conf::ConfStore;
pub use state::{StateError, StateStore};

pub(crate) use state::Base;

use std::io;
use std::path::{Path, PathBuf};

use bongsu_sentinel_core::Durable;

use super::settings::Settings;

/// The place where a sentinel keeps what must survive. Saving blocks; it is meant for a helper thread.
#[derive(Debug)]
pub enum Store {
    /// The `.conf` file, rewritten in place.
    Conf(ConfStore),
    /// A state file; the configuration is never written.
    State(Box<StateStore>),
}

/// State could not be made durable.
#[derive(Debug, thiserror::Error)]
#[error("{}: {step}: {source}", path.display())]
pub struct SaveError {
    /// The file.
    pub path: PathBuf,
    /// What was being done.
    pub step: &'static str,
    /// Why it failed.
    pub source: io::Error,
}

impl Store {
    /// The text that a save would write.
    pub fn render(&self, settings: &Settings, durable: &Durable) -> String {
        match self {
            Self::Conf(store) => store.render(settings, durable),
            Self::State(store) => store.render(settings, durable),
        }
    }

    /// Writes settings and state; they are on disk when this returns. Nothing is written if the file holds them already.
    pub fn save(&mut self, settings: &Settings, durable: &Durable) -> Result<(), SaveError> {
        match self {
            Self::Conf(store) => store.save(settings, durable),
            Self::State(store) => store.save(settings, durable),
        }
    }

    /// The file that is written.
    pub fn path(&self) -> &Path {
        match self {
            Self::Conf(store) => store.path(),
            Self::State(store) => store.path(),
        }
    }
}
