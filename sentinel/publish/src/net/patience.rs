//! Time limits.

use std::time::Duration;

use crate::SettingsError;

/// Longest limit: a target that takes longer is as good as gone, and its turn would block others.
const LIMIT_MAX: Duration = Duration::from_secs(60);
/// Shortest limit: timers do not tell less.
const LIMIT_MIN: Duration = Duration::from_millis(1);

/// How long one server is waited for, at most the sum of both. With several endpoints each has this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    connect: Duration,
    request: Duration,
}

impl Patience {
    /// `connect` covers the look-up of the name, the connection, the TLS handshake and a session, where the store has such; `request`
    /// is from then on until the answer.
    ///
    /// # Errors
    /// One of them is below 1 ms or above a minute.
    pub fn new(connect: Duration, request: Duration) -> Result<Self, SettingsError> {
        let is_fine = |limit| (LIMIT_MIN..=LIMIT_MAX).contains(&limit);
        if is_fine(connect) && is_fine(request) {
            Ok(Self { connect, request })
        } else {
            Err(SettingsError::Patience { connect, request })
        }
    }

    pub(crate) const fn connect(self) -> Duration {
        self.connect
    }

    pub(crate) const fn request(self) -> Duration {
        self.request
    }
}

impl Default for Patience {
    /// Half a second to connect, two seconds for an answer.
    fn default() -> Self {
        Self { connect: Duration::from_millis(500), request: Duration::from_secs(2) }
    }
}
