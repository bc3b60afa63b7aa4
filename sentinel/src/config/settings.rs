//! Everything that a sentinel is told, with types.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bongsu_protocol::conf::{join_words, split_words};
use bongsu_sentinel_core::GroupName;

use super::renames::Renames;
use super::secret::{Secret, UserLine};
use super::section::{Entry, HookSettings, PublishSettings};
use super::server::ServerSettings;

/// All settings that are the daemon's business. What decisions depend on (quorum, limits, addresses) is in the core's
/// `Setup`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The process as a whole.
    pub server: ServerSettings,
    /// `user` lines, in order. The front replaces them by the users in force before the settings are saved.
    pub users: Vec<UserLine>,
    /// `sentinel announce-ip`: the address that hello messages carry; unset: that of the link.
    pub announce_ip: Option<String>,
    /// `sentinel announce-port`: the port that hello messages carry; 0: the listener's.
    pub announce_port: u16,
    /// `sentinel deny-scripts-reconfig`: refuse changes of scripts at run time.
    pub deny_scripts_reconfig: bool,
    /// `sentinel sentinel-user`: the user that we are towards peer sentinels.
    pub sentinel_user: Option<String>,
    /// `sentinel sentinel-pass`: the password towards peer sentinels; unset: `requirepass`.
    pub sentinel_pass: Option<Secret>,
    /// `sentinel resolve-hostnames`: accept host names where addresses are expected.
    pub resolve_hostnames: bool,
    /// `sentinel announce-hostnames`: show host names instead of addresses.
    pub announce_hostnames: bool,
    /// Settings of each group. A group without an entry has the defaults.
    pub masters: BTreeMap<GroupName, MasterSettings>,
    /// Every entry of every named section as it was given, for what shows configurations.
    pub sections: Vec<Entry>,
    /// `hooks`: programs that run in the phases of a failover.
    pub hooks: Vec<HookSettings>,
    /// `publish`: targets that show clients where the master is.
    pub publish: Vec<PublishSettings>,
}

/// What the daemon, but not the core, must know of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MasterSettings {
    /// `auth-user`: the user that we are towards the master and its replicas.
    pub auth_user: Option<String>,
    /// `auth-pass`: the password towards them.
    pub auth_pass: Option<Secret>,
    /// `notification-script`: run for events of level warning; relative to `dir`.
    pub notification_script: Option<PathBuf>,
    /// `client-reconfig-script`: run when the master's address changes; relative to `dir`.
    pub client_reconfig_script: Option<PathBuf>,
    /// `rename-command`: commands that the data nodes know by other names.
    pub renames: Renames,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server: ServerSettings::default(),
            users: Vec::new(),
            announce_ip: None,
            announce_port: 0,
            deny_scripts_reconfig: true,
            sentinel_user: None,
            sentinel_pass: None,
            resolve_hostnames: false,
            announce_hostnames: false,
            masters: BTreeMap::new(),
            sections: Vec::new(),
            hooks: Vec::new(),
            publish: Vec::new(),
        }
    }
}

impl Settings {
    /// Settings of a group, if it has any of its own.
    pub fn master(&self, name: &str) -> Option<&MasterSettings> {
        self.masters.get(name)
    }

    /// Settings of a group, to be changed.
    pub fn master_mut(&mut self, name: &GroupName) -> &mut MasterSettings {
        self.masters.entry(name.clone()).or_default()
    }

    /// User and password presented to peer sentinels: `sentinel-user` and `sentinel-pass`, else `requirepass`.
    pub fn peer_credentials(&self) -> Option<(Option<&str>, &Secret)> {
        match &self.sentinel_pass {
            Some(pass) => Some((self.sentinel_user.as_deref(), pass)),
            None => self.server.requirepass.as_ref().map(|pass| (None, pass)),
        }
    }

    /// Replaces the users by lines as `ACL LIST` gives them.
    pub fn set_user_lines<L: AsRef<[u8]>>(&mut self, lines: impl IntoIterator<Item = L>) {
        self.users = lines.into_iter().filter_map(|line| UserLine::parse(line.as_ref())).collect();
    }

    /// Where a script or file given in the configuration is: relative paths start at `dir`.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.server.dir.join(path)
    }

    /// True if `path` names a file that we may execute.
    pub fn is_executable(&self, path: &Path) -> bool {
        use rustix::fs::{Access, access};
        let path = self.path(path);
        path.is_file() && access(&path, Access::EXEC_OK).is_ok()
    }
}

impl UserLine {
    /// Reads `user <name> <rule> ...`; the leading `user` may be missing.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let mut words = split_words(line).ok()?.into_iter().peekable();
        words.next_if(|word| word.eq_ignore_ascii_case(b"user"));
        let name = String::from_utf8(words.next()?).ok()?;
        Some(Self { name, rules: words.collect() })
    }

    /// The line as a configuration file holds it.
    pub fn to_line(&self) -> String {
        let rules = join_words(&self.rules);
        let name = join_words([&self.name]);
        if rules.is_empty() { format!("user {name}") } else { format!("user {name} {rules}") }
    }
}
