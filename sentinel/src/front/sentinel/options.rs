//! `SENTINEL SET`: options of one master, applied from left to right.

use bongsu_protocol::resp::Writer;
use bongsu_sentinel_core::{GroupChange, GroupName};

use super::{NO_SUCH_MASTER, save};
use crate::config::{GroupOption, GroupOptionError, GroupSetting, Secret, group_option};
use crate::front::dispatch::Outcome;
use crate::shell::Shell;

const SCRIPTS_DENIED: &str = "ERR Reconfiguration of scripts path is denied for security reasons. Check the \
                              deny-scripts-reconfig configuration directive in your Sentinel configuration";

/// Answers `SET <name> <option> <value> ...`. What stands before a mistake stays applied, and is saved too.
pub(super) fn handle(shell: &Shell, name: &str, words: &[&[u8]], out: &mut Writer<'_>) -> Outcome {
    let known = shell.with_core(|core, _| core.group_names().find(|group| group.as_str() == name).cloned());
    let Some(group) = known else {
        out.error(NO_SUCH_MASTER);
        return Outcome::Done;
    };
    let mut changes = 0;
    let mut rest = words;
    while let Some((option, after)) = rest.split_first() {
        match set_one(shell, &group, option, after) {
            Ok(used) => rest = after.get(used..).unwrap_or_default(),
            Err(error) if changes == 0 => {
                out.error(error);
                return Outcome::Done;
            }
            Err(error) => return save::then_error(shell, &error),
        }
        changes += 1;
    }
    save::then_ok(shell)
}

/// Applies the first option; gives the number of its values.
fn set_one(shell: &Shell, group: &GroupName, typed: &[u8], after: &[&[u8]]) -> Result<usize, String> {
    let typed = String::from_utf8_lossy(typed);
    let unknown = || format!("ERR Unknown option or number of arguments for SENTINEL SET '{typed}'");
    let option = group_option(&typed).ok_or_else(unknown)?;
    let values = after.get(..option.arity()).ok_or_else(unknown)?;
    let setting = parse(option, &typed, values).map_err(|invalid| invalid.unwrap_or_else(unknown))?;
    check_script(shell, &setting)?;
    let detail = match &setting {
        GroupSetting::AuthPass(_) => format!("{typed} {}", Secret::MASK),
        _ => format!(
            "{typed} {}",
            values.iter().map(|value| String::from_utf8_lossy(value)).collect::<Vec<_>>().join(" ")
        ),
    };
    apply(shell, group, setting);
    // The group is there: nothing was awaited since it was found.
    let _ = shell.with_core(|core, _| core.announce_set(group.as_str(), &detail));
    Ok(values.len())
}

/// Reads the values; the inner `None` stands for "unknown option".
fn parse(option: &GroupOption, typed: &str, values: &[&[u8]]) -> Result<GroupSetting, Option<String>> {
    let invalid = |value: &[u8]| {
        let value = String::from_utf8_lossy(value);
        Some(format!("ERR Invalid argument '{value}' for SENTINEL SET '{typed}'"))
    };
    if let Some(empty) = values.iter().find(|value| value.is_empty() && option.name == "rename-command") {
        return Err(invalid(empty));
    }
    let owned: Vec<Vec<u8>> = values.iter().map(|value| value.to_vec()).collect();
    match option.parse(&owned) {
        // A file may say 0, which makes replicas follow one by one as 1 does; a command may not.
        Ok(GroupSetting::Core(GroupChange::ParallelSyncs(0))) => Err(invalid(b"0")),
        Ok(setting) => Ok(setting),
        Err(GroupOptionError::Unknown) => Err(None),
        Err(GroupOptionError::Invalid { value, .. }) => Err(invalid(&value)),
    }
}

fn check_script(shell: &Shell, setting: &GroupSetting) -> Result<(), String> {
    let (path, what) = match setting {
        GroupSetting::NotificationScript(path) => (path, "Notification script"),
        GroupSetting::ClientReconfigScript(path) => (path, "Client reconfiguration script"),
        _ => return Ok(()),
    };
    let settings = shell.settings();
    if settings.deny_scripts_reconfig {
        return Err(SCRIPTS_DENIED.to_owned());
    }
    match path {
        Some(path) if !settings.is_executable(path) => Err(format!("ERR {what} seems non existing or non executable")),
        _ => Ok(()),
    }
}

fn apply(shell: &Shell, group: &GroupName, setting: GroupSetting) {
    let name = group.as_str();
    let reconnects = matches!(setting, GroupSetting::AuthPass(_) | GroupSetting::AuthUser(_));
    match setting {
        // The group is there: nothing was awaited since it was found.
        GroupSetting::Core(change) => drop(shell.with_core(|core, now| core.set(now, name, change))),
        other => other.apply_to_master(shell.settings_mut().master_mut(group)),
    }
    if reconnects {
        shell.with_core(|core, now| core.reconnect_group(now, name));
    }
}
