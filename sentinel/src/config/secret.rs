//! Passwords, which leave this type only on purpose.

use std::fmt;

/// A password or passphrase. Bytes, because a quoted word of a configuration file may hold any byte.
///
/// It neither prints nor compares through formatting: `Debug` shows asterisks.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// What is shown in place of a secret.
    pub const MASK: &'static str = "******";

    /// Wraps a password; `None` for an empty one, which means "unset" everywhere in sentinel mode.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes: Vec<u8> = bytes.into();
        (!bytes.is_empty()).then(|| Self(bytes.into_boxed_slice()))
    }

    /// The password itself, to be sent or compared.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::MASK)
    }
}

/// One `user` line: a name and ACL rules, which may contain passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct UserLine {
    /// Name of the user.
    pub name: String,
    /// ACL rules as `ACL SETUSER` takes them, one word each.
    pub rules: Vec<Vec<u8>>,
}

impl fmt::Debug for UserLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {} {}", self.name, Secret::MASK)
    }
}
