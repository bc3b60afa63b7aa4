//! Users at the start.

use std::path::PathBuf;

use bongsu_protocol::acl::{FileErrors, UserError};

use super::Directive;
use crate::engine::Engine;

/// Why users cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsersError {
    /// Users are defined twice over.
    #[error(
        "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid: \
        define users in one of the two"
    )]
    Both,
    /// A `user` line is wrong.
    #[error("Error in user declaration '{name}': {error}")]
    Line { name: String, error: UserError },
    /// The file cannot be read.
    #[error("Error loading ACLs, opening file '{path}': {source}", path = path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// The file is wrong.
    #[error("Aborting startup because of ACL errors: {0}")]
    File(FileErrors),
}

impl Engine {
    /// Makes the users that the configuration defines, or those of the file.
    pub(crate) fn load_users(&mut self) -> Result<(), UsersError> {
        if let Some(path) = self.config.path(Directive::Aclfile) {
            if !self.config.users().is_empty() {
                return Err(UsersError::Both);
            }
            let text = std::fs::read(&path).map_err(|source| UsersError::Read { path: path.clone(), source })?;
            self.acl.load_file(&path.to_string_lossy(), &text).map_err(UsersError::File)?;
        }
        for words in self.config.users() {
            let [name, rules @ ..] = words.as_slice() else { continue };
            let rules: Vec<&[u8]> = rules.iter().map(Vec::as_slice).collect();
            let wrong = |error| UsersError::Line { name: String::from_utf8_lossy(name).into_owned(), error };
            self.acl.define_user(name, &rules).map_err(wrong)?;
        }
        Ok(())
    }
}
