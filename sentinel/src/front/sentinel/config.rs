//! `SENTINEL CONFIG GET` and `SENTINEL CONFIG SET`: settings of this sentinel that can change while it runs.

use bongsu_protocol::glob;
use bongsu_protocol::resp::{Writer, parse_integer};

use super::fields::Fields;
use super::save;
use crate::config::{LogLevel, Secret, Settings};
use crate::front::dispatch::Outcome;
use crate::shell::Shell;

const USAGE: &str = "ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...] / SET <param> <value> [<param> <value> \
                     ...] are supported.";

/// The parameters in the order of a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Parameter {
    ResolveHostnames,
    AnnounceHostnames,
    AnnounceIp,
    AnnouncePort,
    User,
    Password,
    LogLevel,
}

const PARAMETERS: [(Parameter, &str); 7] = [
    (Parameter::ResolveHostnames, "resolve-hostnames"),
    (Parameter::AnnounceHostnames, "announce-hostnames"),
    (Parameter::AnnounceIp, "announce-ip"),
    (Parameter::AnnouncePort, "announce-port"),
    (Parameter::User, "sentinel-user"),
    (Parameter::Password, "sentinel-pass"),
    (Parameter::LogLevel, "loglevel"),
];

/// A parameter with its new value.
#[derive(Clone, Debug, PartialEq)]
enum Change {
    ResolveHostnames(bool),
    AnnounceHostnames(bool),
    AnnounceIp(Option<String>),
    AnnouncePort(u16),
    User(Option<String>),
    Password(Option<Secret>),
    LogLevel(LogLevel),
}

/// Answers `CONFIG GET ...` and `CONFIG SET ...`.
pub(super) fn handle(shell: &Shell, arguments: &[&[u8]], out: &mut Writer<'_>) -> Outcome {
    let Some((verb, rest)) = arguments.split_first() else {
        out.error(USAGE);
        return Outcome::Done;
    };
    match verb.to_ascii_lowercase().as_slice() {
        b"get" if !rest.is_empty() => get(&shell.settings(), rest).write(out),
        b"set" if rest.len() > 1 => match parse(rest) {
            Ok(changes) => {
                apply(shell, changes);
                return save::then_ok(shell);
            }
            Err(error) => out.error(error),
        },
        _ => out.error(USAGE),
    }
    Outcome::Done
}

fn get(settings: &Settings, patterns: &[&[u8]]) -> Fields {
    let mut fields = Fields::default();
    let mut shown = Vec::new();
    for pattern in patterns {
        for (parameter, name) in PARAMETERS {
            if glob::matches_ignoring_case(pattern, name.as_bytes()) && !shown.contains(&name) {
                shown.push(name);
                fields.add(name, show(settings, parameter));
            }
        }
    }
    fields
}

fn show(settings: &Settings, parameter: Parameter) -> String {
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    match parameter {
        Parameter::ResolveHostnames => yes_no(settings.resolve_hostnames),
        Parameter::AnnounceHostnames => yes_no(settings.announce_hostnames),
        Parameter::AnnounceIp => settings.announce_ip.clone().unwrap_or_default(),
        Parameter::AnnouncePort => settings.announce_port.to_string(),
        Parameter::User => settings.sentinel_user.clone().unwrap_or_default(),
        Parameter::Password => {
            let password = settings.sentinel_pass.as_ref().map(Secret::expose).unwrap_or_default();
            String::from_utf8_lossy(password).into_owned()
        }
        Parameter::LogLevel => settings.server.loglevel.as_str().to_owned(),
    }
}

/// Reads all pairs; nothing is applied unless all are valid. The same spelling twice is an error.
fn parse(words: &[&[u8]]) -> Result<Vec<Change>, String> {
    let mut changes = Vec::new();
    let mut seen: Vec<&[u8]> = Vec::new();
    for pair in words.chunks(2) {
        let typed = pair.first().copied().unwrap_or_default();
        let shown = String::from_utf8_lossy(typed);
        let known = PARAMETERS.iter().find(|(_, name)| name.as_bytes().eq_ignore_ascii_case(typed));
        let Some((parameter, _)) = known else {
            return Err(format!("ERR Invalid argument '{shown}' to SENTINEL CONFIG SET"));
        };
        let Some(value) = pair.get(1) else { return Err(format!("ERR Missing argument '{shown}' value")) };
        if seen.contains(&typed) {
            return Err(format!("ERR Duplicate argument '{shown}' to SENTINEL CONFIG SET"));
        }
        seen.push(typed);
        let invalid = || {
            let value = String::from_utf8_lossy(value);
            format!("ERR Invalid value '{value}' to SENTINEL CONFIG SET '{shown}'")
        };
        changes.push(parse_value(*parameter, value).ok_or_else(invalid)?);
    }
    Ok(changes)
}

fn parse_value(parameter: Parameter, value: &[u8]) -> Option<Change> {
    let text = || std::str::from_utf8(value).ok();
    let optional = || text().map(|text| (!text.is_empty()).then(|| text.to_owned()));
    Some(match parameter {
        Parameter::ResolveHostnames => Change::ResolveHostnames(parse_yes_no(value)?),
        Parameter::AnnounceHostnames => Change::AnnounceHostnames(parse_yes_no(value)?),
        Parameter::AnnounceIp => Change::AnnounceIp(optional()?),
        Parameter::AnnouncePort => Change::AnnouncePort(parse_integer(value)?.try_into().ok()?),
        Parameter::User => Change::User(optional()?),
        Parameter::Password => Change::Password(Secret::new(value)),
        Parameter::LogLevel => Change::LogLevel(LogLevel::parse(text()?)?),
    })
}

fn parse_yes_no(value: &[u8]) -> Option<bool> {
    match value.to_ascii_lowercase().as_slice() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}

fn apply(shell: &Shell, changes: Vec<Change>) {
    let mut new_credentials = false;
    for change in changes {
        let mut settings = shell.settings_mut();
        match change {
            Change::ResolveHostnames(yes) => settings.resolve_hostnames = yes,
            Change::AnnounceHostnames(yes) => {
                settings.announce_hostnames = yes;
                drop(settings);
                shell.with_core(|core, _| core.set_announce_hostnames(yes));
            }
            Change::AnnounceIp(ip) => settings.announce_ip = ip,
            Change::AnnouncePort(port) => settings.announce_port = port,
            Change::User(user) => {
                settings.sentinel_user = user;
                new_credentials = true;
            }
            Change::Password(password) => {
                settings.sentinel_pass = password;
                new_credentials = true;
            }
            Change::LogLevel(level) => {
                settings.server.loglevel = level;
                drop(settings);
                if let Some(threshold) = bongsu_process::log::LogLevel::parse(level.as_str()) {
                    shell.log().set_threshold(threshold);
                }
            }
        }
    }
    if new_credentials {
        shell.with_core(|core, now| core.reconnect_peers(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_keep_a_fixed_order_without_duplicates() {
        let settings = Settings::default();
        let names = |patterns: &[&[u8]]| get(&settings, patterns).names();
        assert_eq!(names(&[b"announce*"]), ["announce-hostnames", "announce-ip", "announce-port"]);
        assert_eq!(names(&[b"LogLevel", b"*"]).len(), 7);
        assert_eq!(names(&[b"LogLevel", b"*"])[..2], ["loglevel", "resolve-hostnames"]);
        assert!(names(&[b"nope"]).is_empty());
        assert_eq!(get(&settings, &[b"announce-port"]).get("announce-port"), Some("0"));
        assert_eq!(get(&settings, &[b"announce-ip"]).get("announce-ip"), Some(""));
    }

    #[test]
    fn everything_is_checked_before_anything_is_applied() {
        let changes = parse(&[b"announce-port", b"7", b"SENTINEL-USER", b"", b"loglevel", b"Debug"]);
        let expected = vec![Change::AnnouncePort(7), Change::User(None), Change::LogLevel(LogLevel::Debug)];
        assert_eq!(changes, Ok(expected));
        let error = |words: &[&[u8]]| parse(words).expect_err("invalid");
        assert_eq!(error(&[b"nope", b"1"]), "ERR Invalid argument 'nope' to SENTINEL CONFIG SET");
        let missing = "ERR Missing argument 'announce-ip' value";
        assert_eq!(error(&[b"announce-port", b"7", b"announce-ip"]), missing);
        let twice: &[&[u8]] = &[b"announce-ip", b"a", b"announce-ip", b"b"];
        assert_eq!(error(twice), "ERR Duplicate argument 'announce-ip' to SENTINEL CONFIG SET");
        let value = "ERR Invalid value '70000' to SENTINEL CONFIG SET 'announce-port'";
        assert_eq!(error(&[b"announce-port", b"70000"]), value);
        let value = "ERR Invalid value 'maybe' to SENTINEL CONFIG SET 'resolve-hostnames'";
        assert_eq!(error(&[b"resolve-hostnames", b"maybe"]), value);
    }
}
