//! As what this sentinel presents itself to clients that look at names and versions.

use bongsu_protocol::session::ServerIdentity;

/// `redis_version` in `INFO`: the version whose protocol is spoken.
pub(super) const VERSION: &str = "7.2.4";

/// What `HELLO` says. A sentinel has no role in replication.
pub(super) const fn identity() -> ServerIdentity<'static> {
    ServerIdentity { server: "redis", version: VERSION, mode: "sentinel", role: None }
}
