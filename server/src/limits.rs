//! What a client may take.

use std::time::Duration;

use bongsu_protocol::resp::RequestLimits;
use bongsu_protocol::session::ClientType;
use bongsu_store::settings::STRING_BYTES_MAX;

use crate::config::{Config, Directive, OutputLimit, OutputLimits};

/// Most arguments of a request, as in Redis. What they take together is limited by `client-query-buffer-limit`.
const ARGS_MAX: usize = i32::MAX as usize;

/// Replies of a turn count against the limits of what may wait even if the socket would take them, but for so many. As in Redis, where
/// they lie in a buffer of their own.
pub(crate) const UNCOUNTED_BYTES: usize = 16 * 1024;

/// Where no limit is configured, replies that could be of any length end here, before they take all memory. It is more than a
/// client could use: the longest single value is half of it.
const REPLY_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// Limits of connections.
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
    /// `maxmemory-clients`: what all connections together may take, in bytes; 0 is no limit.
    pub(crate) clients_bytes_max: usize,
    /// `client-output-buffer-limit`.
    output: OutputLimits,
    /// Only this machine is served for as long as everybody may do everything (`protected-mode`).
    pub(crate) is_protected: bool,
    /// Of single requests.
    pub(crate) request: RequestLimits,
}

impl Limits {
    /// As configured.
    pub(crate) fn of(config: &Config) -> Self {
        let seconds = |directive| {
            let seconds = config.size(directive) as u64;
            (seconds > 0).then(|| Duration::from_secs(seconds))
        };
        Self {
            clients_max: config.size(Directive::Maxclients),
            idle: seconds(Directive::Timeout),
            keepalive: seconds(Directive::TcpKeepalive),
            query_bytes_max: config.size(Directive::ClientQueryBufferLimit),
            clients_bytes_max: usize::try_from(config.clients_bytes_max()).unwrap_or(usize::MAX),
            output: config.output_limits(),
            is_protected: config.is_on(Directive::ProtectedMode),
            request: RequestLimits {
                args_max: ARGS_MAX,
                bulk_bytes_max: config.size(Directive::ProtoMaxBulkLen).min(STRING_BYTES_MAX),
                ..RequestLimits::default()
            },
        }
    }

    /// How long a reply may grow that could be of any length.
    pub(crate) fn reply_bytes_max(&self, of: ClientType) -> usize {
        match self.output(of).hard_bytes {
            0 => REPLY_BYTES_MAX,
            // A few bytes are never too many, see where the limit is enforced.
            hard => hard.clamp(UNCOUNTED_BYTES, REPLY_BYTES_MAX),
        }
    }

    /// What may wait to be sent to clients of a type.
    pub(crate) const fn output(&self, of: ClientType) -> OutputLimit {
        match of {
            // Our master is sent next to nothing.
            ClientType::Normal | ClientType::Master => self.output.normal,
            ClientType::Replica => self.output.replica,
            ClientType::PubSub => self.output.pubsub,
        }
    }
}
