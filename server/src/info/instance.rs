//! What distinguishes this run of the server from all others.

use std::fmt::Write as _;

use crate::entropy;

/// Random bytes of an identity; it is written in hexadecimal digits.
const IDENTITY_BYTES: usize = 20;

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listening {
    /// `tcp`, `tls` or `unix`.
    pub(crate) name: &'static str,
    /// An address, or a path.
    pub(crate) bind: String,
    /// None of a path.
    pub(crate) port: Option<u16>,
}

/// What this run of the server is.
#[derive(Debug)]
pub(crate) struct Instance {
    /// Names the run.
    pub(crate) run_id: String,
    /// When it started, in milliseconds of the epoch.
    pub(crate) started_ms: u64,
    /// Where clients find it.
    pub(crate) listening: Vec<Listening>,
}

impl Instance {
    pub(crate) fn new(started_ms: u64) -> Self {
        Self { run_id: identity(), started_ms, listening: Vec::new() }
    }

    /// The port of plain TCP; 0 if there is none.
    pub(crate) fn tcp_port(&self) -> u16 {
        self.port("tcp")
    }

    /// The port of sockets of a kind; 0 if there is none.
    pub(crate) fn port(&self, name: &str) -> u16 {
        self.listening.iter().find(|listening| listening.name == name).and_then(|l| l.port).unwrap_or(0)
    }
}

/// 40 hexadecimal digits that nobody has used before. They come from the kernel, because everybody may see them, and nobody shall
/// conclude from them what the generator of the keyspace gives.
pub(crate) fn identity() -> String {
    let mut bytes = [0; IDENTITY_BYTES];
    entropy::fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(2 * IDENTITY_BYTES), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
