//! Options of one group: `sentinel <option> <group> <value>`, also in `SENTINEL SET` and under `masters:` in YAML.

use std::path::PathBuf;
use std::time::Duration;

use bongsu_sentinel_core::{GroupChange, GroupOptions, Quorum, WriteKey};

use super::field::Field;
use super::renames::Renames;
use super::secret::Secret;
use super::settings::MasterSettings;
use super::value::{Syntax, Value};

/// An option of one group.
pub struct GroupOption {
    /// Its name.
    pub name: &'static str,
    /// Other accepted spellings.
    pub aliases: &'static [&'static str],
    /// How its value is read.
    pub syntax: Syntax,
    /// Its default, as it would be written.
    pub default: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// What Redis says of a value outside the bounds.
    pub(crate) out_of_range: &'static str,
    /// True if it may stand in a configuration file (`quorum` is part of `monitor` there).
    pub(crate) in_file: bool,
    make: fn(Value) -> Option<GroupSetting>,
    lines: fn(&GroupOptions, &MasterSettings) -> Vec<String>,
}

/// A value for one option of one group.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupSetting {
    /// The core's business.
    Core(GroupChange),
    /// `auth-user`.
    AuthUser(Option<String>),
    /// `auth-pass`.
    AuthPass(Option<Secret>),
    /// `notification-script`.
    NotificationScript(Option<PathBuf>),
    /// `client-reconfig-script`.
    ClientReconfigScript(Option<PathBuf>),
    /// `rename-command`: the command and its other name.
    Rename(String, String),
}

const MS: Syntax = Syntax::Int(1, i32::MAX as i64 * 1000);
const MS_OR_ZERO: Syntax = Syntax::Int(0, i32::MAX as i64 * 1000);
const NOT_POSITIVE: &str = "negative or zero time parameter.";
const NEGATIVE: &str = "negative time parameter.";

/// Every option of a group.
pub static GROUP_OPTIONS: &[GroupOption] = &[
    GroupOption {
        name: "quorum",
        aliases: &[],
        syntax: Syntax::Int(1, u32::MAX as i64),
        default: "",
        help: "Sentinels that must see the master down before a failover may start.",
        out_of_range: "Quorum must be 1 or greater.",
        in_file: false,
        make: |value| Some(core(GroupChange::Quorum(Quorum::new(int(&value)?)?))),
        lines: |options, _| vec![options.quorum.get().to_string()],
    },
    GroupOption {
        name: "down-after-milliseconds",
        aliases: &[],
        syntax: MS,
        default: "30000",
        help: "Milliseconds of silence after which the master, a replica or a peer sentinel is subjectively down.",
        out_of_range: NOT_POSITIVE,
        in_file: true,
        make: |value| Some(core(GroupChange::DownAfter(millis(&value)?))),
        lines: |options, _| vec![options.down_after.as_millis().to_string()],
    },
    GroupOption {
        name: "failover-timeout",
        aliases: &[],
        syntax: MS,
        default: "180000",
        help: "Milliseconds that each phase of a failover may take.",
        out_of_range: NOT_POSITIVE,
        in_file: true,
        make: |value| Some(core(GroupChange::FailoverTimeout(millis(&value)?))),
        lines: |options, _| vec![options.failover_timeout.as_millis().to_string()],
    },
    GroupOption {
        name: "parallel-syncs",
        aliases: &[],
        syntax: Syntax::Int(0, i32::MAX as i64),
        default: "1",
        help: "Replicas that are pointed to the new master at the same time.",
        out_of_range: "argument must be 0 or greater",
        in_file: true,
        make: |value| Some(core(GroupChange::ParallelSyncs(int(&value)?))),
        lines: |options, _| vec![options.parallel_syncs.to_string()],
    },
    GroupOption {
        name: "notification-script",
        aliases: &[],
        syntax: Syntax::Text,
        default: "",
        help: "Program run for every event of level warning, with the event's type and text as arguments.",
        out_of_range: "",
        in_file: true,
        make: |value| Some(GroupSetting::NotificationScript(text(value)?.map(PathBuf::from))),
        lines: |_, master| path_lines(master.notification_script.as_ref()),
    },
    GroupOption {
        name: "client-reconfig-script",
        aliases: &[],
        syntax: Syntax::Text,
        default: "",
        help: "Program run when the master's address changes: group, role, state, old host, old port, new host, new port.",
        out_of_range: "",
        in_file: true,
        make: |value| Some(GroupSetting::ClientReconfigScript(text(value)?.map(PathBuf::from))),
        lines: |_, master| path_lines(master.client_reconfig_script.as_ref()),
    },
    GroupOption {
        name: "auth-pass",
        aliases: &[],
        syntax: Syntax::Secret,
        default: "",
        help: "Password towards the master and its replicas.",
        out_of_range: "",
        in_file: true,
        make: |value| match value {
            Value::Secret(secret) => Some(GroupSetting::AuthPass(secret)),
            _ => None,
        },
        lines: |_, master| master.auth_pass.iter().map(|pass| word(pass.expose())).collect(),
    },
    GroupOption {
        name: "auth-user",
        aliases: &[],
        syntax: Syntax::Text,
        default: "",
        help: "User towards the master and its replicas.",
        out_of_range: "",
        in_file: true,
        make: |value| Some(GroupSetting::AuthUser(text(value)?)),
        lines: |_, master| master.auth_user.iter().map(|user| word(user.as_bytes())).collect(),
    },
    GroupOption {
        name: "rename-command",
        aliases: &[],
        syntax: Syntax::Pair,
        default: "",
        help: "A command that the data nodes know by another name.",
        out_of_range: "",
        in_file: true,
        make: |value| match value {
            Value::Words(words) => match <[String; 2]>::try_from(words) {
                Ok([old, new]) if is_command_name(&old) && is_command_name(&new) => {
                    Some(GroupSetting::Rename(old, new))
                }
                _ => None,
            },
            _ => None,
        },
        lines: |_, master| rename_lines(&master.renames),
    },
    GroupOption {
        name: "master-reboot-down-after-period",
        aliases: &["primary-reboot-down-after-period"],
        syntax: MS_OR_ZERO,
        default: "0",
        help: "Milliseconds that a restarted master may answer LOADING before it counts as down; 0: for ever.",
        out_of_range: NEGATIVE,
        in_file: true,
        make: |value| Some(core(GroupChange::RebootDownAfter(millis(&value)?))),
        lines: |options, _| vec![options.reboot_down_after.as_millis().to_string()],
    },
    GroupOption {
        name: "process-death-after-milliseconds",
        aliases: &[],
        syntax: MS_OR_ZERO,
        default: "0",
        help: "A shorter limit than down-after, in milliseconds, that counts only while the host refuses connections: \
               the process is gone, not the network. 0: as down-after-milliseconds.",
        out_of_range: NEGATIVE,
        in_file: true,
        make: |value| {
            let after = millis(&value)?;
            Some(core(GroupChange::ProcessDeathAfter((!after.is_zero()).then_some(after))))
        },
        lines: |options, _| vec![options.process_death_after.unwrap_or_default().as_millis().to_string()],
    },
    GroupOption {
        name: "max-lag-on-failover",
        aliases: &[],
        syntax: Syntax::Memory(0, i64::MAX as u64),
        default: "0",
        help: "A replica that is more bytes behind than this is never promoted; 0: no limit.",
        out_of_range: "argument must be 0 or greater",
        in_file: true,
        make: |value| {
            let bytes = long(&value)?;
            Some(core(GroupChange::MaxLagOnFailover((bytes != 0).then_some(bytes))))
        },
        lines: |options, _| vec![options.max_lag_on_failover.unwrap_or_default().to_string()],
    },
    GroupOption {
        name: "priority-lag-window",
        aliases: &[],
        syntax: Syntax::Memory(0, i64::MAX as u64),
        default: "1048576",
        help: "Replicas within this many bytes of the best one count as equals, among which replica-priority decides.",
        out_of_range: "argument must be 0 or greater",
        in_file: true,
        make: |value| Some(core(GroupChange::PriorityLagWindow(long(&value)?))),
        lines: |options, _| vec![options.priority_lag_window.to_string()],
    },
    GroupOption {
        name: "amnesia-failover",
        aliases: &[],
        syntax: Syntax::YesNo,
        default: "yes",
        help: "A master that restarts with less data than a replica has is replaced as soon as a quorum sees it, whatever \
               down-after-milliseconds says.",
        out_of_range: "",
        in_file: true,
        make: |value| match value {
            Value::Bool(on) => Some(core(GroupChange::AmnesiaFailover(on))),
            _ => None,
        },
        lines: |options, _| vec![yes_no(options.amnesia_failover).to_owned()],
    },
    GroupOption {
        name: "write-check-key",
        aliases: &[],
        syntax: Syntax::Text,
        default: "",
        help: "A key that the master is to write with every heartbeat (SET, for 60 seconds). A master that refuses for want of \
               disk or memory, or does not answer the write, for down-after-milliseconds is subjectively down. Empty: \
               writes are not checked.",
        out_of_range: "",
        in_file: true,
        make: |value| {
            let key = text(value)?.map(|key| WriteKey::parse(&key).ok_or(())).transpose().ok()?;
            Some(core(GroupChange::WriteCheckKey(key)))
        },
        lines: |options, _| options.write_check_key.iter().map(|key| word(key.as_str().as_bytes())).collect(),
    },
];

/// Why a value for a group's option is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupOptionError {
    /// No such option, or not as many values as it takes.
    Unknown,
    /// The value cannot be read as what it must be.
    Invalid {
        /// The value.
        value: Vec<u8>,
        /// What Redis says of such a value in a file.
        reason: String,
    },
}

impl GroupOption {
    /// How many values it takes: two for `rename-command`, one for the others.
    pub fn arity(&self) -> usize {
        if self.syntax == Syntax::Pair { 2 } else { 1 }
    }

    /// Reads the values of this option.
    pub fn parse(&self, values: &[Vec<u8>]) -> Result<GroupSetting, GroupOptionError> {
        if values.len() != self.arity() {
            return Err(GroupOptionError::Unknown);
        }
        let invalid = |reason: String| GroupOptionError::Invalid { value: values[0].clone(), reason };
        let value = self.syntax.parse(values).map_err(|refusal| {
            invalid(if self.out_of_range.is_empty() { refusal.reason } else { self.out_of_range.to_owned() })
        })?;
        (self.make)(value).ok_or_else(|| invalid("value out of range".to_owned()))
    }

    /// The values in force, as written after the group's name; one string per line.
    pub(crate) fn lines(&self, options: &GroupOptions, master: &MasterSettings) -> Vec<String> {
        (self.lines)(options, master)
    }
}

/// The option of this name, whatever its case.
pub fn group_option(name: &str) -> Option<&'static GroupOption> {
    GROUP_OPTIONS.iter().find(|option| {
        option.name.eq_ignore_ascii_case(name) || option.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    })
}

/// A word that a command can have for its name: nothing that would need quotes.
fn is_command_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\''))
}

impl GroupSetting {
    /// Stores what is the daemon's business; the core's is left alone.
    pub fn apply_to_master(self, master: &mut MasterSettings) {
        match self {
            Self::Core(_) => {}
            Self::AuthUser(user) => master.auth_user = user,
            Self::AuthPass(pass) => master.auth_pass = pass,
            Self::NotificationScript(path) => master.notification_script = path,
            Self::ClientReconfigScript(path) => master.client_reconfig_script = path,
            Self::Rename(old, new) => master.renames.set(&old, &new),
        }
    }
}

/// Stores a value that is the core's business.
pub(crate) fn apply_core(change: GroupChange, options: &mut GroupOptions) {
    match change {
        GroupChange::Quorum(quorum) => options.quorum = quorum,
        GroupChange::DownAfter(after) => options.down_after = after,
        GroupChange::FailoverTimeout(timeout) => options.failover_timeout = timeout,
        GroupChange::ParallelSyncs(n) => options.parallel_syncs = n,
        GroupChange::RebootDownAfter(after) => options.reboot_down_after = after,
        GroupChange::ProcessDeathAfter(after) => options.process_death_after = after,
        GroupChange::MaxLagOnFailover(bytes) => options.max_lag_on_failover = bytes,
        GroupChange::PriorityLagWindow(bytes) => options.priority_lag_window = bytes,
        GroupChange::AmnesiaFailover(on) => options.amnesia_failover = on,
        GroupChange::Published(on) => options.published = on,
        GroupChange::WriteCheckKey(key) => options.write_check_key = key,
    }
}

fn core(change: GroupChange) -> GroupSetting {
    GroupSetting::Core(change)
}

fn int(value: &Value) -> Option<u32> {
    long(value)?.try_into().ok()
}

fn long(value: &Value) -> Option<u64> {
    match value {
        Value::Int(n) => (*n).try_into().ok(),
        _ => None,
    }
}

fn millis(value: &Value) -> Option<Duration> {
    long(value).map(Duration::from_millis)
}

/// How a switch is written.
pub(crate) const fn yes_no(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}

/// Empty text means unset.
fn text(value: Value) -> Option<Option<String>> {
    match value {
        Value::Text(text) => Some((!text.is_empty()).then_some(text)),
        _ => None,
    }
}

fn word(bytes: &[u8]) -> String {
    bongsu_protocol::conf::join_words([bytes])
}

fn path_lines(path: Option<&PathBuf>) -> Vec<String> {
    path.iter().map(|path| word(path.to_string_lossy().as_bytes())).collect()
}

fn rename_lines(renames: &Renames) -> Vec<String> {
    renames.lines()
}

#[cfg(test)]
#[path = "group_tests.rs"]
mod tests;
