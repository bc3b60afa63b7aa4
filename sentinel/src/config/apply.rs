//! What the `sentinel` directives of a file do to the draft of a configuration.

use bongsu_sentinel_core::{Epoch, GroupName, GroupOptions, GroupSpec, Quorum, RunId, Tunables};

use super::draft::Draft;
use super::error::ConfigError;
use super::group::{GroupOptionError, GroupSetting, apply_core, group_option};
use super::sentinel::sentinel_directive;
use super::source::Line;

pub(super) fn apply_setting(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    let Some(setting) = sentinel_directive(&line.lower(1)).and_then(|directive| directive.setting) else {
        return Ok(());
    };
    let value = setting.syntax.parse(&line.words[2..]);
    let stored = value.and_then(|value| (setting.assign)(&mut draft.settings, value));
    stored.map_err(|refusal| line.error_at(Some(2), setting.refusal.map_or(refusal.reason, str::to_owned), None))
}

pub(super) fn apply_state_file(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    draft.state_file = Some(line.text_of(2)).filter(|path| !path.is_empty());
    Ok(())
}

pub(super) fn apply_monitor(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    let text = line.text_of(2);
    let Some(name) = GroupName::parse(&text) else {
        let hint =
            format!("1 to {} characters, without white space, control characters and commas", GroupName::MAX_LEN);
        return Err(line.error_at(Some(2), "Invalid master name.", Some(hint)));
    };
    let quorum = line.text_of(5).parse().ok().and_then(Quorum::new);
    let quorum = quorum.ok_or_else(|| line.error_at(Some(5), "Quorum must be 1 or greater.", None))?;
    let master = draft.address(line, 3)?;
    if draft.knows(&text) {
        if !line.from_state {
            return Err(line.error_at(Some(2), "Duplicate master name.", None));
        }
        let group = draft.group_of(line, 2)?;
        draft.groups[group].master = master;
        return Ok(());
    }
    draft.add_group(GroupSpec {
        name,
        master,
        options: GroupOptions::new(quorum, &Tunables::default()),
        config_epoch: Epoch::ZERO,
        leader_epoch: Epoch::ZERO,
        replicas: Vec::new(),
        peers: Vec::new(),
    });
    Ok(())
}

pub(super) fn apply_group_option(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    let Some(option) = group_option(&line.lower(1)) else { return Ok(()) };
    let group = draft.group_of(line, 2)?;
    let setting = option.parse(&line.words[3..]).map_err(|error| match error {
        GroupOptionError::Unknown => line.error_at(None, "Unrecognized sentinel configuration statement.", None),
        GroupOptionError::Invalid { reason, .. } => {
            let hint = format!("allowed: {}", option.syntax.describe().replace('`', "'"));
            line.error_at(Some(3), reason, Some(hint))
        }
    })?;
    let refusal = match &setting {
        GroupSetting::NotificationScript(Some(path)) if !draft.settings.is_executable(path) => {
            Some("Notification script seems non existing or non executable.")
        }
        GroupSetting::ClientReconfigScript(Some(path)) if !draft.settings.is_executable(path) => {
            Some("Client reconfiguration script seems non existing or non executable.")
        }
        GroupSetting::Rename(old, _) if !line.from_state && is_renamed(draft, group, old) => {
            Some("Same command renamed multiple times with rename-command.")
        }
        _ => None,
    };
    if let Some(reason) = refusal {
        return Err(line.error_at(Some(3), reason, None));
    }
    let spec = &mut draft.groups[group];
    match setting {
        GroupSetting::Core(change) => apply_core(change, &mut spec.options),
        setting => setting.apply_to_master(draft.settings.master_mut(&spec.name)),
    }
    Ok(())
}

fn is_renamed(draft: &Draft, group: usize, command: &str) -> bool {
    let master = draft.settings.master(draft.groups[group].name.as_str());
    master.is_some_and(|master| master.renames.get(command).is_some())
}

pub(super) fn apply_my_id(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    let malformed = || line.error_at(Some(2), "Malformed Sentinel id in myid option.", None);
    draft.my_id = Some(RunId::parse(&line.text_of(2)).ok_or_else(malformed)?);
    Ok(())
}

fn epoch(line: &Line, index: usize) -> Result<Epoch, ConfigError> {
    let invalid = || line.error_at(Some(index), "Invalid epoch.", None);
    line.text_of(index).parse().map(Epoch).map_err(|_| invalid())
}

pub(super) fn apply_current_epoch(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    draft.current_epoch = draft.current_epoch.max(epoch(line, 2)?);
    Ok(())
}

pub(super) fn apply_config_epoch(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    let (group, epoch) = (draft.group_of(line, 2)?, epoch(line, 3)?);
    draft.groups[group].config_epoch = epoch;
    draft.current_epoch = draft.current_epoch.max(epoch);
    Ok(())
}

pub(super) fn apply_leader_epoch(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    // A vote cannot be learnt again: a number that cannot be read is not taken for none.
    let epoch = epoch(line, 3)?;
    match draft.group_of(line, 2) {
        Ok(group) => draft.groups[group].leader_epoch = epoch,
        Err(error) => draft.skip(line, &error),
    }
    Ok(())
}

pub(super) fn apply_replica(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    let (group, addr) = (draft.group_of(line, 2)?, draft.address(line, 3)?);
    let replicas = &mut draft.groups[group].replicas;
    if replicas.iter().any(|known| known.same_place(&addr)) {
        return Err(line.error_at(Some(3), "Wrong hostname or port for replica.", None));
    }
    replicas.push(addr);
    Ok(())
}

pub(super) fn apply_peer(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    // Old sentinels wrote peers without identity; such a peer is learnt again from its hello.
    if line.words.len() == 5 {
        return Ok(());
    }
    let (group, addr) = (draft.group_of(line, 2)?, draft.address(line, 3)?);
    let wrong = || line.error_at(Some(3), "Wrong hostname or port for sentinel.", None);
    let id = RunId::parse(&line.text_of(5)).ok_or_else(wrong)?;
    let peers = &mut draft.groups[group].peers;
    if peers.iter().any(|(known, _)| *known == id) {
        return Err(wrong());
    }
    peers.push((id, addr));
    Ok(())
}

pub(super) fn apply_address(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    let (group, addr) = (draft.group_of(line, 2)?, draft.address(line, 3)?);
    draft.groups[group].master = addr;
    Ok(())
}

pub(super) fn apply_removed(draft: &mut Draft, line: &Line) -> Result<(), ConfigError> {
    let name = line.text_of(2);
    let group = draft.group_of(line, 2)?;
    draft.removed.push(draft.groups[group].name.clone());
    draft.remove_group(&name);
    Ok(())
}
