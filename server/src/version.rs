//! What this server says it is.

/// The version of Redis whose behaviour is offered, so that clients choose the right features.
pub(crate) const REDIS_VERSION: &str = "7.2.4";

/// The version of this server itself.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
