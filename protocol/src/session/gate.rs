//! May this connection run this command in its present state?

use std::fmt;

use super::Session;
use crate::acl::{Acl, Denied, DeniedReason, LogContext, LogEntry};
use crate::command::{Command, CommandFlags};

/// Commands a RESP2 connection with subscriptions may use.
const ALLOWED_WHILE_SUBSCRIBED: [&str; 9] =
    ["ping", "psubscribe", "punsubscribe", "quit", "reset", "ssubscribe", "subscribe", "sunsubscribe", "unsubscribe"];

/// Why a known command with the right number of arguments is not run. The display form is the error line without the
/// leading `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The peer has not proved who it is.
    NotAuthenticated,
    /// The user lacks a permission.
    Denied {
        /// What kind of.
        reason: DeniedReason,
        /// The error line.
        text: String,
    },
    /// A RESP2 connection with subscriptions.
    Subscribed {
        /// Full name of the command.
        full_name: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAuthenticated => f.write_str("NOAUTH Authentication required."),
            Self::Denied { text, .. } => f.write_str(text),
            Self::Subscribed { full_name } => write!(
                f,
                "ERR Can't execute '{full_name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are \
                 allowed in this context"
            ),
        }
    }
}

impl std::error::Error for Refusal {}

impl Session {
    /// Checks authentication, permissions and the subscribed state, in the order Redis does. A lacking permission is
    /// recorded in the access control log. `now_ms` is in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Refusal`], to be sent as an error.
    pub fn admit(&self, acl: &mut Acl, command: &Command, argv: &[&[u8]], now_ms: u64) -> Result<(), Refusal> {
        let open_to_all = command.spec.flags.contains(CommandFlags::NO_AUTH);
        let authenticated = self.is_authenticated(acl);
        if !authenticated && !open_to_all {
            return Err(Refusal::NotAuthenticated);
        }
        if authenticated {
            let context = if self.queued.is_some() { LogContext::Multi } else { LogContext::TopLevel };
            self.check_permissions(acl, command, argv, context, now_ms)?;
        }
        if self.is_subscribed_resp2() && !ALLOWED_WHILE_SUBSCRIBED.contains(&&*command.full_name) {
            return Err(Refusal::Subscribed { full_name: command.full_name.to_string() });
        }
        Ok(())
    }

    /// True if the peer has proved who it is, or the default user needs no proof.
    #[must_use]
    pub fn is_authenticated(&self, acl: &Acl) -> bool {
        self.authenticated || acl.default_needs_no_authentication()
    }

    /// As [`Self::admit`], for a request that was admitted to a transaction and is run now: permissions may have changed.
    ///
    /// # Errors
    /// [`Refusal::Denied`], to be sent as an error.
    pub fn admit_queued(&self, acl: &mut Acl, command: &Command, argv: &[&[u8]], now_ms: u64) -> Result<(), Refusal> {
        self.check_permissions(acl, command, argv, LogContext::Multi, now_ms)
    }

    fn check_permissions(
        &self,
        acl: &mut Acl,
        command: &Command,
        argv: &[&[u8]],
        context: LogContext,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let Some(user) = acl.user(&self.user) else { return Err(Refusal::NotAuthenticated) };
        let Err(denied) = user.check(command, argv) else { return Ok(()) };
        let (reason, text) = (denied.reason, denied.error_text(&self.user, acl.dialect()));
        self.log_denied(acl, denied, context, now_ms);
        Err(Refusal::Denied { reason, text })
    }

    fn log_denied(&self, acl: &mut Acl, denied: Denied, context: LogContext, now_ms: u64) {
        let entry = LogEntry {
            reason: denied.reason.into(),
            context,
            object: denied.object,
            username: self.user.clone(),
            client_info: self.describe(now_ms, acl.dialect()),
        };
        acl.log.record(now_ms, entry);
    }
}
