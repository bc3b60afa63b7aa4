//! The `sentinel` lines of one group and of the whole sentinel, in the order in which Redis writes them.

use bongsu_protocol::conf::{Presence, join_words, push_word};
use bongsu_sentinel_core::{Addr, Durable, GroupOptions, GroupSpec, Tunables};

use super::super::group::{GROUP_OPTIONS, GroupOption};
use super::super::sentinel::SENTINEL_DIRECTIVES;
use super::super::settings::{MasterSettings, Settings};

/// One line and when it is written.
pub(super) struct Stated {
    /// The word after `sentinel`.
    pub(super) option: &'static str,
    /// The whole line.
    pub(super) line: String,
    pub(super) presence: Presence,
}

fn stated(option: &'static str, rest: &str, presence: Presence) -> Stated {
    Stated { option, line: format!("sentinel {option} {rest}"), presence }
}

/// Every `sentinel` line of a configuration file.
pub(super) fn sentinel_lines(settings: &Settings, durable: &Durable) -> Vec<Stated> {
    let mut lines = vec![stated("myid", durable.my_id.as_str(), Presence::Required)];
    for option in ["deny-scripts-reconfig", "resolve-hostnames", "announce-hostnames"] {
        lines.extend(setting(settings, option));
    }
    for group in &durable.groups {
        group_lines(settings, group, &mut lines);
    }
    lines.push(stated("current-epoch", &durable.current_epoch.to_string(), Presence::Required));
    for option in ["announce-ip", "announce-port", "sentinel-user", "sentinel-pass"] {
        lines.extend(setting(settings, option));
    }
    lines
}

/// The line of a setting of the whole sentinel. An unset text has no line at all.
fn setting(settings: &Settings, option: &'static str) -> Option<Stated> {
    let directive = SENTINEL_DIRECTIVES.iter().find(|directive| directive.name == option)?;
    let lines = directive.setting?.lines;
    let value = lines(settings).into_iter().next()?;
    if value == "\"\"" {
        return None;
    }
    let at_default = value == lines(&Settings::default()).concat();
    Some(stated(directive.name, &value, if at_default { Presence::IfPresent } else { Presence::Required }))
}

fn group_lines(settings: &Settings, group: &GroupSpec, lines: &mut Vec<Stated>) {
    let name = word(group.name.as_str());
    let monitor = format!("{name} {} {}", address(settings, &group.master), group.options.quorum.get());
    lines.push(stated("monitor", &monitor, Presence::Required));
    let default_master = MasterSettings::default();
    let master = settings.master(group.name.as_str()).unwrap_or(&default_master);
    for option in file_options().filter(|option| option.name != "rename-command") {
        option_lines(option, &name, &group.options, master, lines);
    }
    lines.push(stated("config-epoch", &format!("{name} {}", group.config_epoch), Presence::Required));
    lines.push(stated("leader-epoch", &format!("{name} {}", group.leader_epoch), Presence::Required));
    member_lines(settings, group, lines);
    for option in file_options().filter(|option| option.name == "rename-command") {
        option_lines(option, &name, &group.options, master, lines);
    }
}

/// The lines of replicas and peers.
pub(super) fn member_lines(settings: &Settings, group: &GroupSpec, lines: &mut Vec<Stated>) {
    let name = word(group.name.as_str());
    for replica in &group.replicas {
        let rest = format!("{name} {}", address(settings, replica));
        lines.push(stated("known-replica", &rest, Presence::Required));
    }
    for (id, addr) in &group.peers {
        let rest = format!("{name} {} {id}", address(settings, addr));
        lines.push(stated("known-sentinel", &rest, Presence::Required));
    }
}

/// The lines of one option of one group.
pub(super) fn option_lines(
    option: &'static GroupOption,
    name: &str,
    options: &GroupOptions,
    master: &MasterSettings,
    lines: &mut Vec<Stated>,
) {
    let defaults = GroupOptions::new(options.quorum, &Tunables::default());
    let at_default = option.lines(options, master) == option.lines(&defaults, &MasterSettings::default());
    let presence = if at_default { Presence::IfPresent } else { Presence::Required };
    for value in option.lines(options, master) {
        lines.push(stated(option.name, &format!("{name} {value}"), presence));
    }
}

/// The options of a group that a file may hold.
pub(super) fn file_options() -> impl Iterator<Item = &'static GroupOption> {
    GROUP_OPTIONS.iter().filter(|option| option.in_file)
}

/// Host and port as written to a file: a host name only if names are announced.
pub(super) fn address(settings: &Settings, addr: &Addr) -> String {
    join_words([addr.shown_host(settings.announce_hostnames), addr.port().to_string()])
}

/// `text` as one word of a line.
pub(super) fn word(text: &str) -> String {
    let mut out = String::new();
    push_word(&mut out, text.as_bytes());
    out
}
