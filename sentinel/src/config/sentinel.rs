//! The table of `sentinel` directives (section "sentinel directives" of the protocol), but for the options of a group,
//! which have their own.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use super::apply::{
    apply_address, apply_config_epoch, apply_current_epoch, apply_group_option, apply_leader_epoch, apply_monitor,
    apply_my_id, apply_peer, apply_removed, apply_replica, apply_setting, apply_state_file,
};
use super::draft::Draft;
use super::error::ConfigError;
use super::field::Field;
use super::group::GROUP_OPTIONS;
use super::settings::Settings;
use super::source::Line;
use super::value::{Refusal, Syntax, Value};

/// When a directive is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// First: settings of the whole sentinel.
    Whole,
    /// Second: the groups.
    Monitor,
    /// Last: what needs a group.
    Group,
}

/// A directive after the word `sentinel`.
pub struct SentinelDirective {
    /// Its name.
    pub name: &'static str,
    /// Other accepted spellings.
    pub aliases: &'static [&'static str],
    /// Its arguments, for people.
    pub usage: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Default and syntax of a setting of the whole sentinel.
    pub(crate) setting: Option<SentinelSetting>,
    /// True if sentinels write it and people need not.
    pub(crate) generated: bool,
    /// True if a wrong line is skipped with a warning: it is generated and can be learnt again.
    pub(crate) lenient: bool,
    pub(crate) pass: Pass,
    pub(crate) arguments: RangeInclusive<usize>,
    pub(crate) apply: fn(&mut Draft, &Line) -> Result<(), ConfigError>,
}

/// A setting of the whole sentinel.
#[derive(Clone, Copy)]
pub(crate) struct SentinelSetting {
    pub(crate) syntax: Syntax,
    pub(crate) default: &'static str,
    /// What Redis says of a value that cannot be read, where that differs from the general text.
    pub(crate) refusal: Option<&'static str>,
    pub(crate) assign: fn(&mut Settings, Value) -> Result<(), Refusal>,
    pub(crate) lines: fn(&Settings) -> Vec<String>,
}

/// Every directive after the word `sentinel`.
pub static SENTINEL_DIRECTIVES: LazyLock<Vec<SentinelDirective>> = LazyLock::new(|| {
    let groups = GROUP_OPTIONS.iter().filter(|option| option.in_file).map(|option| SentinelDirective {
        name: option.name,
        aliases: option.aliases,
        usage: if option.syntax == Syntax::Pair { "<group> <command> <name>" } else { "<group> <value>" },
        help: option.help,
        setting: None,
        generated: false,
        lenient: false,
        pass: Pass::Group,
        arguments: option.arity() + 1..=option.arity() + 1,
        apply: apply_group_option,
    });
    whole_sentinel().into_iter().chain(members_and_epochs()).chain(state_only()).chain(groups).collect()
});

/// The directive of this name, whatever its case.
pub(crate) fn sentinel_directive(name: &str) -> Option<&'static SentinelDirective> {
    SENTINEL_DIRECTIVES.iter().find(|directive| {
        directive.name.eq_ignore_ascii_case(name) || directive.aliases.iter().any(|a| a.eq_ignore_ascii_case(name))
    })
}

const fn directive(
    name: &'static str,
    usage: &'static str,
    arguments: RangeInclusive<usize>,
    pass: Pass,
    apply: fn(&mut Draft, &Line) -> Result<(), ConfigError>,
    help: &'static str,
) -> SentinelDirective {
    SentinelDirective {
        name,
        usage,
        arguments,
        pass,
        apply,
        help,
        aliases: &[],
        setting: None,
        generated: false,
        lenient: false,
    }
}

macro_rules! setting {
    ($name:literal, $field:ident, $syntax:expr, $default:literal, $refusal:expr, $help:literal) => {{
        let setting = SentinelSetting {
            syntax: $syntax,
            default: $default,
            refusal: $refusal,
            assign: |settings, value| settings.$field.assign(value),
            lines: |settings| settings.$field.lines(),
        };
        SentinelDirective {
            setting: Some(setting),
            ..directive($name, "<value>", 1..=1, Pass::Whole, apply_setting, $help)
        }
    }};
}

fn whole_sentinel() -> Vec<SentinelDirective> {
    vec![
        setting!(
            "announce-ip",
            announce_ip,
            Syntax::Text,
            "",
            None,
            "Address that peers are told to reach this sentinel at; unset: that of the link."
        ),
        setting!(
            "announce-port",
            announce_port,
            Syntax::Int(0, 65535),
            "0",
            None,
            "Port that peers are told; 0: the listener's."
        ),
        setting!(
            "deny-scripts-reconfig",
            deny_scripts_reconfig,
            Syntax::YesNo,
            "yes",
            Some("Please specify yes or no for the deny-scripts-reconfig options."),
            "Refuse changes of scripts at run time."
        ),
        setting!(
            "sentinel-user",
            sentinel_user,
            Syntax::Text,
            "",
            None,
            "User that this sentinel is towards its peers."
        ),
        setting!(
            "sentinel-pass",
            sentinel_pass,
            Syntax::Secret,
            "",
            None,
            "Password towards the peers; unset: `requirepass`."
        ),
        setting!(
            "resolve-hostnames",
            resolve_hostnames,
            Syntax::YesNo,
            "no",
            Some("Please specify yes or no for the resolve-hostnames option."),
            "Accept host names where addresses are expected."
        ),
        setting!(
            "announce-hostnames",
            announce_hostnames,
            Syntax::YesNo,
            "no",
            Some("Please specify yes or no for the announce-hostnames option."),
            "Show host names instead of addresses to clients and peers."
        ),
        directive(
            "state-config-file",
            "<path>",
            1..=1,
            Pass::Whole,
            apply_state_file,
            "Keep the run-time state in this file and never write the configuration.",
        ),
    ]
}

fn generated(directive: SentinelDirective) -> SentinelDirective {
    SentinelDirective { generated: true, ..directive }
}

fn lenient(directive: SentinelDirective) -> SentinelDirective {
    SentinelDirective { lenient: true, ..generated(directive) }
}

fn members_and_epochs() -> Vec<SentinelDirective> {
    let replica =
        directive("known-replica", "<group> <ip> <port>", 3..=3, Pass::Group, apply_replica, "A replica seen so far.");
    vec![
        directive(
            "monitor",
            "<group> <host> <port> <quorum>",
            4..=4,
            Pass::Monitor,
            apply_monitor,
            "Watch the group whose master is there; quorum sentinels must see it down before a failover.",
        ),
        generated(directive("myid", "<40 characters>", 1..=1, Pass::Whole, apply_my_id, "Identity of this sentinel.")),
        generated(directive(
            "current-epoch",
            "<epoch>",
            1..=1,
            Pass::Whole,
            apply_current_epoch,
            "Highest epoch seen.",
        )),
        lenient(directive(
            "config-epoch",
            "<group> <epoch>",
            2..=2,
            Pass::Group,
            apply_config_epoch,
            "Epoch under which the group's master was configured.",
        )),
        generated(directive(
            "leader-epoch",
            "<group> <epoch>",
            2..=2,
            Pass::Group,
            apply_leader_epoch,
            "Epoch of the last vote cast for the group.",
        )),
        SentinelDirective { aliases: &["known-slave"], ..lenient(replica) },
        lenient(directive(
            "known-sentinel",
            "<group> <ip> <port> [<id>]",
            3..=4,
            Pass::Group,
            apply_peer,
            "A peer seen so far.",
        )),
    ]
}

/// Directives of state files only: what was changed at run time on top of a configuration that is never written.
fn state_only() -> Vec<SentinelDirective> {
    vec![
        lenient(directive(
            "address",
            "<group> <host> <port>",
            3..=3,
            Pass::Group,
            apply_address,
            "State files only: present address of the group's master.",
        )),
        lenient(directive(
            "quorum",
            "<group> <n>",
            2..=2,
            Pass::Group,
            apply_group_option,
            "State files only: quorum set at run time.",
        )),
        lenient(directive(
            "removed",
            "<group>",
            1..=1,
            Pass::Group,
            apply_removed,
            "State files only: a group of the configuration that was removed at run time.",
        )),
    ]
}
