//! What a client may take.

use std::time::Duration;

use bongsu_protocol::session::ClientType;

/// Limits of connections. The defaults are Redis'.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// `maxclients`.
    pub(crate) clients_max: usize,
    /// `timeout`: how long a connection may be silent.
    pub(crate) idle: Option<Duration>,
    /// `tcp-keepalive`.
    pub(crate) keepalive: Option<Duration>,
    /// `client-query-buffer-limit`, in bytes.
    pub(crate) query_bytes_max: usize,
    /// `client-output-buffer-limit` of ordinary clients.
    pub(crate) normal: OutputLimit,
    /// The same of replicas.
    pub(crate) replica: OutputLimit,
    /// The same of subscribers.
    pub(crate) pubsub: OutputLimit,
    /// Only loopback connections are served (`protected-mode`, with nothing configured that would protect).
    pub(crate) is_protected: bool,
}

/// How much may wait to be sent to a client. Zero is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct OutputLimit {
    /// Never more than this, in bytes.
    pub(crate) hard_bytes: usize,
    /// More than this only for a while, in bytes.
    pub(crate) soft_bytes: usize,
    /// That while.
    pub(crate) soft: Duration,
}

impl OutputLimit {
    const fn new(hard_mib: usize, soft_mib: usize, soft_s: u64) -> Self {
        const MIB: usize = 1024 * 1024;
        Self { hard_bytes: hard_mib * MIB, soft_bytes: soft_mib * MIB, soft: Duration::from_secs(soft_s) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients_max: 10_000,
            idle: None,
            keepalive: Some(Duration::from_secs(300)),
            query_bytes_max: 1024 * 1024 * 1024,
            normal: OutputLimit::default(),
            replica: OutputLimit::new(256, 64, 60),
            pubsub: OutputLimit::new(32, 8, 60),
            is_protected: false,
        }
    }
}

impl Limits {
    /// What may wait to be sent to clients of a type.
    pub(crate) const fn output(&self, of: ClientType) -> OutputLimit {
        match of {
            // Our master is sent next to nothing.
            ClientType::Normal | ClientType::Master => self.normal,
            ClientType::Replica => self.replica,
            ClientType::PubSub => self.pubsub,
        }
    }
}
