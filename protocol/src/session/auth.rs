//! `AUTH`, and the authentication part of `HELLO`.

use super::Session;
use crate::acl::{Acl, AuthError, DEFAULT_USER, LogContext, LogEntry, LogReason};
use crate::resp::Writer;

/// Answers `AUTH <password>` and `AUTH <user> <password>`. `now_ms` is in milliseconds since 1970.
pub fn handle_auth(session: &mut Session, acl: &mut Acl, argv: &[&[u8]], now_ms: u64, out: &mut Writer<'_>) {
    let result = match argv {
        [_, _] if acl.user(DEFAULT_USER).is_some_and(crate::acl::User::needs_no_password) => {
            Err(AuthError::NoPasswordConfigured)
        }
        [_, password] => session.authenticate(acl, DEFAULT_USER, password, b"AUTH", now_ms),
        [_, name, password] => session.authenticate(acl, name, password, b"AUTH", now_ms),
        _ => return out.error("ERR syntax error"),
    };
    match result {
        Ok(()) => out.simple("OK"),
        Err(error) => out.error(error.to_string()),
    }
}

impl Session {
    /// Becomes the user `name` if the password is right; a failure is recorded in the access control log as `object`.
    pub(super) fn authenticate(
        &mut self,
        acl: &mut Acl,
        name: &[u8],
        password: &[u8],
        object: &[u8],
        now_ms: u64,
    ) -> Result<(), AuthError> {
        match acl.authenticate(name, password) {
            Ok(user) => {
                self.user = user.name().to_vec();
                self.authenticated = true;
                Ok(())
            }
            Err(error) => {
                let entry = LogEntry {
                    reason: LogReason::Auth,
                    context: LogContext::TopLevel,
                    object: object.to_vec(),
                    username: name.to_vec(),
                    client_info: self.describe(now_ms, acl.dialect()),
                };
                acl.log.record(now_ms, entry);
                Err(error)
            }
        }
    }
}
