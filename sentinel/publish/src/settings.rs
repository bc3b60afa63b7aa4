//! Why settings cannot be used.

use std::time::Duration;

use bongsu_process::tls::TlsError;
use thiserror::Error;

/// A setting of a target that cannot be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// An address of a server.
    #[error("endpoint '{text}' {reason}")]
    Endpoint {
        /// As given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// None, or too many of them.
    #[error("{given} endpoints; it must be 1 to {max}")]
    Endpoints {
        /// How many there are.
        given: usize,
        /// How many there may be.
        max: usize,
    },
    /// A path in a store.
    #[error("path '{text}' {reason}")]
    Path {
        /// As given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Time limits.
    #[error(
        "limits of {} ms to connect and {} ms for a request: each must be at least 1 ms and at most a minute",
        connect.as_millis(),
        request.as_millis()
    )]
    Patience {
        /// To connect.
        connect: Duration,
        /// For a request.
        request: Duration,
    },
    /// TLS without an authority to trust.
    #[error("endpoint {endpoint} speaks TLS, but no file or directory with certificates of authorities is given")]
    NoAuthority {
        /// The first such endpoint.
        endpoint: String,
    },
    /// The files of TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A user name, password or token. It is not shown.
    #[error("the {what} {reason}")]
    Credentials {
        /// Which.
        what: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A name such as that of a datacenter.
    #[error("'{text}' is no name of a {what}")]
    Name {
        /// What it should name.
        what: &'static str,
        /// As given.
        text: String,
    },
}
