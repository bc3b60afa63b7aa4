//! Why there is no link to the master.

use std::io;

use bongsu_process::tls::TlsError;
use bongsu_protocol::resp::ProtocolError;

use super::guard::Rejection;
use super::load::LoadError;

/// Why a link to a master was given up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("Unable to connect to MASTER: {0}")]
    Connect(io::Error),
    #[error("Unable to use TLS towards the MASTER: {0}")]
    Tls(#[from] TlsError),
    #[error("Connection with master lost.")]
    Lost,
    #[error("Timeout connecting to the MASTER...")]
    ConnectTimeout,
    #[error("MASTER timeout: no data nor PING received...")]
    Silent,
    #[error(
        "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter in redis.conf to a larger value."
    )]
    BulkTimeout,
    #[error("Error reply to PING from master: '{0}'")]
    Ping(String),
    #[error("Unable to AUTH to MASTER: {0}")]
    Auth(String),
    #[error("MASTER is currently unable to PSYNC, will be tried again: {0}")]
    NotYet(String),
    #[error("Unexpected reply from MASTER: '{0}'")]
    Unexpected(String),
    #[error("MASTER sent a line without end")]
    EndlessLine,
    #[error("MASTER aborted replication with an error: {0}")]
    Aborted(String),
    #[error("Bad protocol from MASTER, the first byte is not '$' (we received '{0}')")]
    NoPayload(String),
    #[error("Protocol error from MASTER: {0}")]
    Protocol(#[from] ProtocolError),
    #[error("Receiving inline protocol from master, master stream corruption? Closing the master connection.")]
    Inline,
    #[error("MASTER sent a transaction of more than {0} bytes")]
    TransactionTooLong(usize),
    #[error("Failed trying to load the MASTER synchronization DB: {0}")]
    Load(#[from] LoadError),
    #[error("Full resynchronization refused: {0}")]
    Rejected(#[from] Rejection),
    #[error("Link with MASTER closed by a client")]
    Killed,
    #[error("The thread that loads the data is gone")]
    LoaderGone,
}

impl Failure {
    /// The stream that came so far cannot be trusted: everything has to be sent anew.
    pub(crate) const fn spoils_stream(&self) -> bool {
        matches!(self, Self::Protocol(_) | Self::Inline | Self::TransactionTooLong(_))
    }
}
