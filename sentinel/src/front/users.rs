//! The users at start, and the file that may hold them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bongsu_protocol::acl::{Acl, DefaultChannels, Dialect, FileErrors, UserError};
use bongsu_protocol::command::CommandTable;

use super::table::COMMANDS;
use crate::config::{AclPubsubDefault, Secret, Settings, UserLine};

/// Largest ACL file that is read, in bytes: thousands of users.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Why the users of the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// `user` lines and an ACL file.
    #[error("Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid")]
    Both,
    /// A `user` line is refused.
    #[error("Error in the line of user '{name}': {error}")]
    Line {
        /// The user.
        name: String,
        /// What is wrong.
        error: UserError,
    },
    /// The ACL file cannot be read.
    #[error("Error loading ACLs, opening file '{path}': {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The ACL file holds errors.
    #[error("{0}")]
    File(FileErrors),
}

/// Whether a `user` line can be used.
pub(crate) fn check_line(line: &UserLine) -> Result<(), UserError> {
    let rules: Vec<&[u8]> = line.rules.iter().map(Vec::as_slice).collect();
    no_users().define_user(line.name.as_bytes(), &rules)
}

fn no_users() -> Acl {
    Acl::new(Arc::new(CommandTable::new(&COMMANDS)), Dialect::Redis72)
}

/// The users that `settings` define: `requirepass`, `user` lines, or the ACL file.
pub(super) fn load(settings: &Settings) -> Result<Acl, UsersError> {
    let server = &settings.server;
    let mut acl = no_users();
    acl.set_default_channels(match server.acl_pubsub_default {
        AclPubsubDefault::AllChannels => DefaultChannels::All,
        AclPubsubDefault::ResetChannels => DefaultChannels::None,
    });
    acl.log.set_entries_max(usize::try_from(server.acllog_max_len).unwrap_or(usize::MAX));
    acl.require_password(server.requirepass.as_ref().map(Secret::expose).unwrap_or_default());
    if let Some(path) = &server.aclfile {
        if !settings.users.is_empty() {
            return Err(UsersError::Both);
        }
        let path = settings.path(path);
        let text = read_file(&path).map_err(|source| UsersError::Read { path: path.clone(), source })?;
        acl.load_file(&path.to_string_lossy(), &text).map_err(UsersError::File)?;
    }
    for line in &settings.users {
        let rules: Vec<&[u8]> = line.rules.iter().map(Vec::as_slice).collect();
        acl.define_user(line.name.as_bytes(), &rules)
            .map_err(|error| UsersError::Line { name: line.name.clone(), error })?;
    }
    Ok(acl)
}

/// Reads the ACL file. Blocks: for the start and for helper threads.
pub(super) fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let size = std::fs::metadata(path)?.len();
    if size > FILE_BYTES_MAX {
        return Err(std::io::Error::other(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read(path)
}

/// Replaces the ACL file so that a crash leaves the old or the new one. Blocks: for helper threads.
pub(super) fn write_file(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".tmp-{}", std::process::id()));
    let temporary = dir.join(name);
    let written = write_durably(&temporary, path, text);
    if written.is_err() {
        // What remains of the attempt must not pile up.
        let _ = std::fs::remove_file(&temporary);
    }
    written?;
    std::fs::File::open(dir)?.sync_all()
}

fn write_durably(temporary: &Path, path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::create(temporary)?;
    if let Ok(old) = std::fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_required_once_it_is_configured() {
        let mut settings = Settings::default();
        assert!(load(&settings).expect("valid").default_needs_no_authentication());
        settings.server.requirepass = Secret::new("secret");
        let acl = load(&settings).expect("valid");
        assert!(!acl.default_needs_no_authentication());
        assert!(acl.authenticate(b"default", b"secret").is_ok());
    }

    #[test]
    fn users_come_from_lines_or_from_a_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("users.acl");
        write_file(&path, b"user ann on >pass +sentinel|master\n").expect("written");
        let mut settings = Settings::default();
        settings.server.aclfile = Some(path.clone());
        assert!(load(&settings).expect("valid").user(b"ann").is_some());
        settings.users = UserLine::parse(b"user bob on nopass +ping").into_iter().collect();
        assert!(matches!(load(&settings), Err(UsersError::Both)));
        settings.server.aclfile = None;
        let acl = load(&settings).expect("valid");
        assert!(acl.user(b"bob").is_some() && acl.user(b"ann").is_none());
        assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 1);
    }
}
