//! `hooks`: programs that run in the phases of a failover.

use std::path::Path;
use std::time::Duration;

use bongsu_sentinel_core::GroupName;

use super::super::field::choices;
use super::super::settings::Settings;
use super::super::value::Syntax;
use super::{Entry, Fault, NamedSection, SectionKey, Takes};

/// Longest a hook may run. A hook is no daemon, and those before a failover hold it up.
const TIMEOUT_MS_MAX: i64 = 3_600_000;
/// Longest that a failover may be held up by one hook.
const BEFORE_MS_MAX: u64 = 60_000;
const BEFORE_MS: u64 = 2_000;
const AFTER_MS: u64 = 10_000;

/// The section.
pub(super) static HOOKS: NamedSection = NamedSection {
    yaml: "hooks",
    word: "hook",
    title: "Hooks",
    help: "Programs that run in the phases of a failover, see docs/hooks.md.",
    keys: &[
        SectionKey {
            name: "phase",
            takes: Takes::One(Syntax::Choice(HookPhase::WORDS)),
            default: "",
            required: true,
            help: "When it runs.",
        },
        SectionKey {
            name: "command",
            takes: Takes::Many(Syntax::Text),
            default: "",
            required: true,
            help: "The program, an executable file, and its arguments. No shell is involved; relative paths start at `dir`.",
        },
        SectionKey {
            name: "groups",
            takes: Takes::Many(Syntax::Text),
            default: "",
            required: false,
            help: "The groups that it runs for; unset: all.",
        },
        SectionKey {
            name: "timeout-milliseconds",
            takes: Takes::One(Syntax::Int(1, TIMEOUT_MS_MAX)),
            default: "",
            required: false,
            help: "It is killed after this time, with every process that it started; unset: 2000 for `pre-failover` (at most 60000), 10000 for the others.",
        },
        SectionKey {
            name: "on-failure",
            takes: Takes::One(Syntax::Choice(OnFailure::WORDS)),
            default: "proceed",
            required: false,
            help: "Only for `pre-failover`: what it means for the failover if the hook runs out of time, crashes, cannot be started, or exits with a status that is neither 0 (go) nor 75 (veto).",
        },
    ],
    store: |settings, entry| {
        let hook = HookSettings::build(settings, entry)?;
        settings.hooks.push(hook);
        Ok(())
    },
};

choices! {
    /// When a hook runs.
    HookPhase {
        /// Before anything is sent to a node; may veto.
        #[default]
        PreFailover = "pre-failover",
        /// Once the candidate is master.
        PostPromotion = "post-promotion",
        /// Once the failover is over, whichever way.
        PostFailover = "post-failover",
        /// For each node whose role the failover changed.
        RoleChange = "role-change",
    }
}

choices! {
    /// What the failure of a hook that is asked before a failover means.
    OnFailure {
        /// The failover goes on.
        #[default]
        Proceed = "proceed",
        /// The failover is stopped.
        Veto = "veto",
    }
}

/// One hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookSettings {
    /// Its name.
    pub name: String,
    /// When it runs.
    pub phase: HookPhase,
    /// Path of the program, as configured, and its arguments.
    pub command: Vec<String>,
    /// The groups that it runs for; empty: all.
    pub groups: Vec<GroupName>,
    /// It is killed after this time.
    pub timeout: Duration,
    /// What its failure means; for [`HookPhase::PreFailover`] only.
    pub on_failure: OnFailure,
}

impl HookSettings {
    /// Parses an entry. The program must be an executable file.
    fn build(settings: &Settings, entry: &Entry) -> Result<Self, Fault> {
        let phase: HookPhase = entry.one("phase")?;
        let command: Vec<String> = entry.many("command")?;
        let Some(program) = command.first() else { return Err(Fault::at("command", 0, "the program is missing")) };
        if !settings.is_executable(Path::new(program)) {
            let reason = format!("{program} is not an executable file");
            return Err(Fault::at("command", 0, reason).hint("the command is a list: the program, then each argument"));
        }
        if let Some(item) = command.iter().position(|word| word.contains('\0')) {
            return Err(Fault::at("command", item, "a word of a command cannot hold a NUL byte"));
        }
        if phase != HookPhase::PreFailover && entry.has("on-failure") {
            let hint = "only hooks of phase pre-failover can stop a failover";
            return Err(Fault::at("on-failure", 0, format!("has no meaning for {}", phase.as_str())).hint(hint));
        }
        Ok(Self {
            name: entry.name().to_owned(),
            phase,
            command,
            groups: entry.groups()?,
            timeout: timeout(entry, phase)?,
            on_failure: entry.one("on-failure")?,
        })
    }

    /// True if it runs for this group.
    pub fn is_for(&self, group: &GroupName) -> bool {
        self.groups.is_empty() || self.groups.contains(group)
    }
}

fn timeout(entry: &Entry, phase: HookPhase) -> Result<Duration, Fault> {
    const KEY: &str = "timeout-milliseconds";
    let is_before = phase == HookPhase::PreFailover;
    let given: u64 = entry.one(KEY)?;
    let timeout = match given {
        0 if is_before => BEFORE_MS,
        0 => AFTER_MS,
        given => given,
    };
    if is_before && timeout > BEFORE_MS_MAX {
        let reason = format!("the group has no master while this hook runs: at most {BEFORE_MS_MAX}, found {timeout}");
        return Err(Fault::at(KEY, 0, reason));
    }
    Ok(Duration::from_millis(timeout))
}
