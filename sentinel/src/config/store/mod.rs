//! Where settings and state survive a restart: the `.conf` file itself, or a state file beside a configuration that is
//! never written.

mod conf;
mod journal;
mod lines;
pub(crate) mod state;

pub use conf::ConfStore;
pub use journal::Journal;
pub use state::{StateError, StateStore};

pub(crate) use state::Base;

use std::path::Path;

pub use bongsu_process::atomic::SaveError;
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

/// Files larger than this take so long to rewrite that votes go to a journal first.
const QUICK_BYTES_MAX: usize = 64 * 1024;

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

    /// True if rewriting the file takes so long that what somebody waits for should go to a [`Journal`] first. Known after
    /// the first save.
    pub fn is_slow(&self) -> bool {
        let written = match self {
            Self::Conf(store) => store.written(),
            Self::State(store) => store.written(),
        };
        written.is_some_and(|text| text.len() > QUICK_BYTES_MAX)
    }

    /// True if the file can only be written over, not replaced, so that a crash of the machine while it is written may damage it.
    pub fn is_overwritten(&self) -> bool {
        match self {
            Self::Conf(store) => store.is_overwritten(),
            Self::State(_) => false,
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
