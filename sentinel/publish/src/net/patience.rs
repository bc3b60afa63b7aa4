//! Time limits.

use std::time::Duration;

use crate::SettingsError;

/// Longest limit: a target that takes longer is as good as gone, and its turn would block others.
const LIMIT_MAX: Duration = Duration::from_secs(60);

/// How long one server is waited for. With several endpoints each has this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    connect: Duration,
    request: Duration,
}

impl Patience {
    /// `connect` covers the look-up of the name, the connection and the TLS handshake; `request` that and the answer.
    ///
    /// # Errors
    /// One of them is below 1 ms or above a minute, or `connect` is longer than `request`.
    pub fn new(connect: Duration, request: Duration) -> Result<Self, SettingsError> {
        let fine = connect >= Duration::from_millis(1) && connect <= request && request <= LIMIT_MAX;
        if fine { Ok(Self { connect, request }) } else { Err(SettingsError::Patience { connect, request }) }
    }

    pub(crate) const fn connect(self) -> Duration {
        self.connect
    }

    pub(crate) const fn request(self) -> Duration {
        self.request
    }
}

impl Default for Patience {
    /// Half a second to connect, two seconds in all.
    fn default() -> Self {
        Self { connect: Duration::from_millis(500), request: Duration::from_secs(2) }
    }
}
