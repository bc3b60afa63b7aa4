//! The set of users and authentication.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{AclLog, DefaultChannels, Dialect, User, UserError};
use crate::command::CommandTable;

/// The user a connection starts as.
pub const DEFAULT_USER: &[u8] = b"default";

/// All users of a server, with the log of refusals.
#[derive(Clone, Debug)]
pub struct Acl {
    table: Arc<CommandTable>,
    users: BTreeMap<Vec<u8>, User>,
    default_channels: DefaultChannels,
    dialect: Dialect,
    /// What was refused.
    pub log: AclLog,
}

impl Acl {
    /// Only the default user, unrestricted and without password.
    #[must_use]
    pub fn new(table: Arc<CommandTable>, dialect: Dialect) -> Self {
        let users = BTreeMap::from([(DEFAULT_USER.to_vec(), User::unrestricted(DEFAULT_USER))]);
        Self { table, users, default_channels: DefaultChannels::default(), dialect, log: AclLog::default() }
    }

    /// The commands that rules can name.
    #[must_use]
    pub const fn table(&self) -> &Arc<CommandTable> {
        &self.table
    }

    /// Whose wording replies follow.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The channels of new users.
    #[must_use]
    pub const fn default_channels(&self) -> DefaultChannels {
        self.default_channels
    }

    /// Changes `acl-pubsub-default`; users that exist keep what they have.
    pub const fn set_default_channels(&mut self, channels: DefaultChannels) {
        self.default_channels = channels;
    }

    /// The user called `name`; names are case-sensitive.
    #[must_use]
    pub fn user(&self, name: &[u8]) -> Option<&User> {
        self.users.get(name)
    }

    /// All users, ordered by name.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// Creates or changes a user, all rules or none.
    ///
    /// # Errors
    /// [`UserError`]; nothing has changed then.
    pub fn set_user(&mut self, name: &[u8], rules: &[&[u8]]) -> Result<(), UserError> {
        if name.iter().any(|byte| byte.is_ascii_whitespace() || *byte == 0) {
            return Err(UserError::BadName);
        }
        let mut user = self.users.get(name).cloned().unwrap_or_else(|| User::new(name, self.default_channels));
        user.apply_all(rules, &self.table, self.default_channels)?;
        self.users.insert(name.to_vec(), user);
        Ok(())
    }

    /// Removes a user. The default user stays.
    pub fn remove_user(&mut self, name: &[u8]) -> bool {
        name != DEFAULT_USER && self.users.remove(name).is_some()
    }

    /// The setting `requirepass`: one password of the default user; an empty one removes the need for a password.
    pub fn require_password(&mut self, password: &[u8]) {
        let default = self.users.entry(DEFAULT_USER.to_vec()).or_insert_with(|| User::unrestricted(DEFAULT_USER));
        let rule = if password.is_empty() { b"nopass".to_vec() } else { [b">", password].concat() };
        // Neither rule can be refused.
        let _ = default.apply_all(&[b"resetpass", &rule], &self.table, self.default_channels);
    }

    pub(super) fn replace_users(&mut self, users: BTreeMap<Vec<u8>, User>) -> BTreeMap<Vec<u8>, User> {
        std::mem::replace(&mut self.users, users)
    }

    /// True if a new connection may run commands at once.
    #[must_use]
    pub fn default_needs_no_authentication(&self) -> bool {
        self.user(DEFAULT_USER).is_some_and(|user| user.needs_no_password() && user.is_enabled())
    }

    /// Checks a name and a password. Recording a failure in the log is up to the caller, who knows the client.
    ///
    /// # Errors
    /// [`AuthError::WrongPassword`] for any reason, so that a client cannot find out which names exist.
    pub fn authenticate(&self, name: &[u8], password: &[u8]) -> Result<&User, AuthError> {
        self.user(name).filter(|user| user.accepts_password(password)).ok_or(AuthError::WrongPassword)
    }
}

/// Why `AUTH` or `HELLO ... AUTH` fails. The display form is the error line without the leading `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// Unknown user, disabled user or wrong password.
    WrongPassword,
    /// `AUTH <password>` while the default user needs none.
    NoPasswordConfigured,
}

impl std::fmt::Display for AuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WrongPassword => "WRONGPASS invalid username-password pair or user is disabled.",
            Self::NoPasswordConfigured => {
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your \
                 configuration is correct?"
            }
        })
    }
}

impl std::error::Error for AuthError {}
