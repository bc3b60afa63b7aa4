//! Signals, as flags for a loop that looks at them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// What has arrived.
pub struct Signals {
    /// The number of the one that ends the process; 0 if there was none.
    end: Arc<AtomicUsize>,
    hangup: Arc<AtomicBool>,
}

impl Signals {
    /// Begins to watch. SIGTERM and SIGINT end the process, a second SIGINT does at once, with status 1; SIGHUP is for the log.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn watch() -> io::Result<Self> {
        let signals = Self { end: Arc::default(), hangup: Arc::default() };
        let impatient = Arc::new(AtomicBool::new(false));
        // In this order: the first SIGINT finds the flag that it sets not set yet.
        flag::register_conditional_shutdown(SIGINT, 1, Arc::clone(&impatient))?;
        flag::register(SIGINT, impatient)?;
        for signal in [SIGTERM, SIGINT] {
            flag::register_usize(signal, Arc::clone(&signals.end), usize::try_from(signal).unwrap_or(1))?;
        }
        flag::register(SIGHUP, Arc::clone(&signals.hangup))?;
        Ok(signals)
    }

    /// The name of the signal that ends the process, once it has arrived.
    pub fn end(&self) -> Option<&'static str> {
        match i32::try_from(self.end.load(Ordering::Relaxed)) {
            Ok(SIGTERM) => Some("SIGTERM"),
            Ok(SIGINT) => Some("SIGINT"),
            _ => None,
        }
    }

    /// The process cannot end now: the signal counts as not arrived.
    pub fn forget_end(&self) {
        self.end.store(0, Ordering::Relaxed);
    }

    /// True once for every SIGHUP.
    pub fn take_hangup(&self) -> bool {
        self.hangup.swap(false, Ordering::Relaxed)
    }
}
