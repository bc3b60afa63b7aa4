//! Users at the start.

use std::path::PathBuf;

use bongsu_protocol::acl::{Acl, Dialect, FileErrors, UserError};

use super::{Config, Directive};
use crate::engine::{Engine, command_table};

/// Why users cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// Users are defined twice over.
    #[error(
        "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid: \
        define users in one of the two"
    )]
    Both,
    /// A `user` line is wrong.
    #[error("Error in user declaration '{name}': {error}")]
    Line {
        /// Of the user.
        name: String,
        /// What is wrong.
        error: UserError,
    },
    /// The file cannot be read.
    #[error("Error loading ACLs, opening file '{path}': {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Commands are renamed in a way that does not work.
    #[error("{0}")]
    Commands(std::io::Error),
    /// The file is wrong.
    #[error("Aborting startup because of ACL errors: {0}")]
    File(FileErrors),
}

impl Engine {
    /// Makes the users that the configuration defines, or those of the file.
    pub(crate) fn load_users(&mut self) -> Result<(), UsersError> {
        self.config.define_users(&mut self.acl)
    }
}

impl Config {
    /// Whether a server with this configuration would have its users. Reads their file.
    ///
    /// # Errors
    /// [`UsersError`] with what keeps it from starting.
    pub fn check_users(&self) -> Result<(), UsersError> {
        let table = command_table(self).map_err(UsersError::Commands)?;
        self.define_users(&mut Acl::new(table, Dialect::Redis72))
    }

    fn define_users(&self, acl: &mut Acl) -> Result<(), UsersError> {
        if let Some(path) = self.path(Directive::Aclfile) {
            if !self.users().is_empty() {
                return Err(UsersError::Both);
            }
            let text = std::fs::read(&path).map_err(|source| UsersError::Read { path: path.clone(), source })?;
            acl.load_file(&path.to_string_lossy(), &text).map_err(UsersError::File)?;
        }
        for words in self.users() {
            let [name, rules @ ..] = words.as_slice() else { continue };
            let rules: Vec<&[u8]> = rules.iter().map(Vec::as_slice).collect();
            let wrong = |error| UsersError::Line { name: String::from_utf8_lossy(name).into_owned(), error };
            acl.define_user(name, &rules).map_err(wrong)?;
        }
        Ok(())
    }
}
