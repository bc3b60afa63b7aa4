//! Access control lists: users, passwords, permissions, the log of refusals, and the `ACL` command family.
//!
//! [`Acl`] owns the users. It reads and writes no files and knows no clock: texts and milliseconds come in, texts and
//! replies go out.

mod check;
mod commands;
mod error;
mod file;
mod log;
mod password;
mod rules;
mod selector;
mod store;
#[cfg(test)]
mod tests;
mod user;

pub use check::{Denied, DeniedReason};
pub use commands::{AclEffect, AclRequest, handle_acl};
pub use error::{RuleError, UserError};
pub use file::FileErrors;
pub use log::{AclLog, DeniedCounts, LogContext, LogEntry, LogReason};
pub use store::{Acl, AuthError, DEFAULT_USER};
pub use user::User;

/// Which server's wording and format replies follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Dialect {
    /// Redis 7.0.
    Redis70,
    /// Redis 7.2 and later, and Valkey.
    #[default]
    Redis72,
}

/// The channels a new user may use: the setting `acl-pubsub-default`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DefaultChannels {
    /// `allchannels`
    All,
    /// `resetchannels`
    #[default]
    None,
}
