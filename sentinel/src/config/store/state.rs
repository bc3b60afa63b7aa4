//! Run-time state beside a configuration that is never written.
//!
//! The file holds `sentinel` lines, so people can read it, under a header with a version and a checksum. It says only
//! what differs from the configuration: learnt members, epochs, identity and present addresses, and what was changed by
//! commands. So an edited configuration takes effect at the next start except where a command or a failover overrode it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use bongsu_process::atomic::{Stamp, directory_of, replace};
use bongsu_protocol::conf::Presence;
use bongsu_sentinel_core::{Durable, GroupName, GroupSpec};

use super::super::group::GroupOption;
use super::super::sentinel::SENTINEL_DIRECTIVES;
use super::super::settings::{MasterSettings, Settings};
use super::super::source::FILE_BYTES_MAX;
use super::conf::{sha256_hex, user_lines};
use super::lines::{Stated, address, file_options, member_lines, option_lines, word};
use super::{SaveError, Store};

/// First words of a state file; the version follows.
const HEADER: &str = "# bongsu sentinel state, version ";
/// The version that this program writes and reads.
const VERSION: u32 = 1;
/// Passwords may be in it.
const FILE_MODE: u32 = 0o600;
/// Name of the state file in a state directory.
const FILE_NAME: &str = "state";
/// Locked while a sentinel runs, so that two never share an identity.
const LOCK_NAME: &str = "lock";

/// State that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A directory or file cannot be used.
    #[error("state {}: {step}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What was being done.
        step: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The content is damaged.
    #[error(
        "state file {} is damaged: {reason}. Restore it from a backup; or, if this sentinel may start as a new one \
         that remembers no vote, move the file away and start again",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process uses it.
    #[error("state directory {} is in use by another process; each sentinel needs its own (state-dir)", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The state file is the configuration itself.
    #[error("state-config-file {} must differ from the main config file", path.display())]
    IsConfig {
        /// The file.
        path: PathBuf,
    },
}

/// What the configuration alone says.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) settings: Settings,
    pub(crate) groups: Vec<GroupSpec>,
}

/// A state file.
#[derive(Debug)]
pub struct StateStore {
    path: PathBuf,
    base: Base,
    stamp: Option<Stamp>,
    written: Option<String>,
    /// Held for as long as the store lives.
    _lock: Option<File>,
}

impl StateStore {
    pub(crate) fn new(path: PathBuf, base: Base, lock: Option<File>) -> Self {
        Self { path, base, stamp: None, written: None, _lock: lock }
    }

    /// What was written last.
    pub(super) fn written(&self) -> Option<&str> {
        self.written.as_deref()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn render(&self, settings: &Settings, durable: &Durable) -> String {
        let body = self.body(settings, durable);
        format!("{HEADER}{VERSION}, sha256 {}\n{body}", sha256_hex(body.as_bytes()))
    }

    pub(super) fn save(&mut self, settings: &Settings, durable: &Durable) -> Result<(), SaveError> {
        let text = self.render(settings, durable);
        let untouched = self.stamp.is_some() && Stamp::at(&self.path) == self.stamp;
        if untouched && self.written.as_ref() == Some(&text) {
            return Ok(());
        }
        self.stamp = Some(replace(&self.path, &text, FILE_MODE)?);
        self.written = Some(text);
        Ok(())
    }

    fn body(&self, settings: &Settings, durable: &Durable) -> String {
        let mut lines = vec![format!("sentinel myid {}", durable.my_id)];
        lines.push(format!("sentinel current-epoch {}", durable.current_epoch));
        self.changed_settings(settings, &mut lines);
        let present: BTreeSet<&GroupName> = durable.groups.iter().map(|group| &group.name).collect();
        for group in self.base.groups.iter().filter(|group| !present.contains(&group.name)) {
            lines.push(format!("sentinel removed {}", word(group.name.as_str())));
        }
        let configured: BTreeMap<&GroupName, &GroupSpec> =
            self.base.groups.iter().map(|group| (&group.name, group)).collect();
        for group in &durable.groups {
            self.group(settings, group, configured.get(&group.name).copied(), &mut lines);
        }
        lines.push(String::new());
        // Words are quoted; were one not, it could still state nothing of its own.
        lines
            .iter_mut()
            .filter(|line| line.contains(['\r', '\n']))
            .for_each(|line| *line = line.replace(['\r', '\n'], " "));
        lines.join("\n")
    }

    /// What commands can change: the settings of the whole sentinel, the log level, the users.
    fn changed_settings(&self, settings: &Settings, lines: &mut Vec<String>) {
        let base = &self.base.settings;
        for directive in SENTINEL_DIRECTIVES.iter() {
            let Some(setting) = directive.setting else { continue };
            let value = (setting.lines)(settings).concat();
            if value != (setting.lines)(base).concat() {
                lines.push(format!("sentinel {} {value}", directive.name));
            }
        }
        if settings.server.loglevel != base.server.loglevel {
            lines.push(format!("loglevel {}", settings.server.loglevel.as_str()));
        }
        if settings.server.aclfile.is_none() && user_lines(settings) != user_lines(base) {
            lines.extend(user_lines(settings));
        }
    }

    /// The lines of one group; `base` is what the configuration says of it.
    fn group(&self, settings: &Settings, group: &GroupSpec, base: Option<&GroupSpec>, lines: &mut Vec<String>) {
        let name = word(group.name.as_str());
        let place = address(settings, &group.master);
        let quorum = group.options.quorum;
        let mut stated = Vec::new();
        match base {
            None => lines.push(format!("sentinel monitor {name} {place} {}", quorum.get())),
            Some(base) => {
                if !base.master.same_place(&group.master) {
                    lines.push(format!("sentinel address {name} {place}"));
                }
                if base.options.quorum != quorum {
                    lines.push(format!("sentinel quorum {name} {}", quorum.get()));
                }
            }
        }
        self.changed_options(settings, group, base, &mut stated);
        lines.extend(stated.into_iter().map(|stated| stated.line));
        lines.push(format!("sentinel config-epoch {name} {}", group.config_epoch));
        lines.push(format!("sentinel leader-epoch {name} {}", group.leader_epoch));
        let mut members = Vec::new();
        member_lines(settings, group, &mut members);
        lines.extend(members.into_iter().map(|stated| stated.line));
    }

    fn changed_options(
        &self,
        settings: &Settings,
        group: &GroupSpec,
        base: Option<&GroupSpec>,
        stated: &mut Vec<Stated>,
    ) {
        let none = MasterSettings::default();
        let name = group.name.as_str();
        let master = settings.master(name).unwrap_or(&none);
        let base_master = self.base.settings.master(name).filter(|_| base.is_some()).unwrap_or(&none);
        for option in file_options() {
            let now = option.lines(&group.options, master);
            let before = match base {
                Some(base) => option.lines(&base.options, base_master),
                None => default_lines(option),
            };
            if now == before {
                continue;
            }
            if option.name == "rename-command" {
                // Renaming a command to itself takes the configured mapping back.
                for (old, _) in base_master.renames.iter().filter(|(old, _)| master.renames.get(old).is_none()) {
                    stated.push(unset(option, name, &format!("{0} {0}", word(old))));
                }
            } else if now.is_empty() {
                stated.push(unset(option, name, "\"\""));
            }
            option_lines(option, &word(name), &group.options, master, stated);
        }
    }
}

/// A line that takes a configured value back.
fn unset(option: &'static GroupOption, name: &str, value: &str) -> Stated {
    let line = format!("sentinel {} {} {value}", option.name, word(name));
    Stated { option: option.name, line, presence: Presence::Required }
}

fn default_lines(option: &GroupOption) -> Vec<String> {
    if option.default.is_empty() { Vec::new() } else { vec![option.default.to_owned()] }
}

impl From<StateStore> for Store {
    fn from(store: StateStore) -> Self {
        Self::State(Box::new(store))
    }
}

/// Makes the state directory if it is missing and locks it. Gives the path of the state file and the lock.
pub(crate) fn open_directory(directory: &Path) -> Result<(PathBuf, File), StateError> {
    let failed = |path: &Path, step| {
        let path = path.to_owned();
        move |source| StateError::Io { path, step, source }
    };
    fs::create_dir_all(directory).map_err(failed(directory, "creating the directory"))?;
    let lock_path = directory.join(LOCK_NAME);
    let lock = File::options().write(true).create(true).truncate(false).open(&lock_path);
    let lock = lock.map_err(failed(&lock_path, "opening the lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok((directory.join(FILE_NAME), lock)),
        Err(TryLockError::WouldBlock) => Err(StateError::InUse { path: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(failed(&lock_path, "locking")(source)),
    }
}

/// The path of the state file in a state directory.
pub(crate) fn file_in(directory: &Path) -> PathBuf {
    directory.join(FILE_NAME)
}

/// Reads a state file; `None` if there is none yet. `strict` refuses a file without header, which real sentinels write.
pub(crate) fn read(path: &Path, strict: bool) -> Result<Option<String>, StateError> {
    let io = |step| move |source| StateError::Io { path: path.to_owned(), step, source };
    let damaged = |reason: &str| StateError::Damaged { path: path.to_owned(), reason: reason.to_owned() };
    let length = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Creating it must be possible, or the first vote would fail.
            return match directory_of(path).is_dir() {
                true => Ok(None),
                false => Err(io("looking for its directory")(error)),
            };
        }
        found => found.map_err(io("reading"))?.len(),
    };
    if length > FILE_BYTES_MAX {
        return Err(damaged("it is larger than any state can be"));
    }
    let bytes = fs::read(path).map_err(io("reading"))?;
    let text = String::from_utf8(bytes).map_err(|_| damaged("it is not text"))?;
    let Some(header) = text.strip_prefix(HEADER) else {
        return if strict { Err(damaged("the header is missing")) } else { Ok(Some(text)) };
    };
    let (header, body) = header.split_once('\n').ok_or_else(|| damaged("it ends in the header"))?;
    let (version, sum) = header.split_once(", sha256 ").ok_or_else(|| damaged("the header is malformed"))?;
    if version != VERSION.to_string() {
        return Err(damaged(&format!("it has version {version}, this program knows version {VERSION}")));
    }
    if sum != sha256_hex(body.as_bytes()) {
        return Err(damaged("the checksum does not match"));
    }
    Ok(Some(text))
}
