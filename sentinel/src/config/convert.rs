//! Any configuration as YAML.

use std::fmt::Write as _;

use bongsu_protocol::conf::{join_words, split_words};
use bongsu_sentinel_core::GroupSpec;

use super::group::GROUP_OPTIONS;
use super::load::Loaded;
use super::section::{Entry, SECTIONS, Takes};
use super::sentinel::SENTINEL_DIRECTIVES;
use super::server::{SERVER_DIRECTIVES, ServerSettings};
use super::settings::{MasterSettings, Settings};
use super::value::Syntax;

/// A value that YAML text cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the value of {directive} is not UTF-8 text, which YAML cannot hold: put it into a file and write {{file: PATH}}"
)]
pub struct ConvertError {
    /// The directive.
    pub directive: String,
}

const HEAD: &str = "\
# The keys are explained by `bongsu config reference`. Passwords are in clear text here: better move each into a file of its
# own and write {file: PATH}.
";

const SEEDS: &str = "\
# What the sentinel had learnt. It counts until this sentinel has saved a state of its own, and may be deleted then.
";

/// The configuration as YAML that loads to the same settings and setup. Directives without effect are left out.
pub fn to_yaml(loaded: &Loaded) -> Result<String, ConvertError> {
    let mut out = HEAD.to_owned();
    server(&loaded.settings.server, &mut out)?;
    for directive in SENTINEL_DIRECTIVES.iter() {
        let Some(setting) = directive.setting else { continue };
        let lines = (setting.lines)(&loaded.settings);
        if lines != (setting.lines)(&Settings::default()) {
            entry(&mut out, "", directive.name, setting.syntax, &lines)?;
        }
    }
    if !loaded.settings.users.is_empty() {
        out.push_str("users:\n");
        for user in &loaded.settings.users {
            let line = user.to_line();
            let _infallible = writeln!(out, "  - {}", text(line.strip_prefix("user ").unwrap_or(&line)));
        }
    }
    if !loaded.setup.groups.is_empty() {
        out.push_str("masters:\n");
        let none = MasterSettings::default();
        for group in &loaded.setup.groups {
            let master = loaded.settings.master(group.name.as_str()).unwrap_or(&none);
            master_entry(group, master, &mut out)?;
        }
    }
    for section in SECTIONS {
        let entries = loaded.settings.sections.iter().filter(|entry| entry.section().yaml == section.yaml);
        for (index, one) in entries.enumerate() {
            if index == 0 {
                let _infallible = writeln!(out, "{}:", section.yaml);
            }
            section_entry(one, &mut out)?;
        }
    }
    if !loaded.is_new_id {
        let (id, epoch) = (loaded.setup.my_id, loaded.setup.current_epoch);
        let _infallible = writeln!(out, "{SEEDS}myid: {}\ncurrent-epoch: {epoch}", text(id.as_str()));
    }
    Ok(out)
}

fn server(server: &ServerSettings, out: &mut String) -> Result<(), ConvertError> {
    let defaults = ServerSettings::default();
    for directive in SERVER_DIRECTIVES {
        let lines = (directive.lines)(server);
        if lines != (directive.lines)(&defaults) {
            entry(out, "", directive.name, directive.syntax, &lines)?;
        }
    }
    Ok(())
}

fn master_entry(group: &GroupSpec, master: &MasterSettings, out: &mut String) -> Result<(), ConvertError> {
    let _infallible = writeln!(
        out,
        "  - name: {}\n    host: {}\n    port: {}\n    quorum: {}",
        text(group.name.as_str()),
        text(group.master.host()),
        group.master.port(),
        group.options.quorum.get()
    );
    for option in GROUP_OPTIONS.iter().filter(|option| option.in_file) {
        let lines = option.lines(&group.options, master);
        if !lines.is_empty() && lines != [option.default] {
            entry(out, "    ", option.name, option.syntax, &lines)?;
        }
    }
    for (key, epoch) in [("config-epoch", group.config_epoch), ("leader-epoch", group.leader_epoch)] {
        if epoch.0 != 0 {
            let _infallible = writeln!(out, "    {key}: {epoch}");
        }
    }
    let replicas = group.replicas.iter().map(|addr| format!("{} {}", addr.host(), addr.port()));
    list(out, "    ", "known-replica", replicas);
    let peers = group.peers.iter().map(|(id, addr)| format!("{} {} {id}", addr.host(), addr.port()));
    list(out, "    ", "known-sentinel", peers);
    Ok(())
}

fn section_entry(one: &Entry, out: &mut String) -> Result<(), ConvertError> {
    let _infallible = writeln!(out, "  - name: {}", text(one.name()));
    for (key, words) in one.words() {
        let line = join_words(&words);
        match key.takes {
            Takes::One(syntax) => entry(out, "    ", key.name, syntax, &[line])?,
            Takes::Many(_) => {
                let directive = || ConvertError { directive: key.name.to_owned() };
                let items = words.iter().map(|word| std::str::from_utf8(word).map(text).map_err(|_| directive()));
                let items = items.collect::<Result<Vec<_>, _>>()?;
                let _infallible = writeln!(out, "    {}: [{}]", key.name, items.join(", "));
            }
        }
    }
    Ok(())
}

/// One key with its value, out of the lines that a `.conf` file would have.
fn entry(out: &mut String, indent: &str, name: &str, syntax: Syntax, lines: &[String]) -> Result<(), ConvertError> {
    let invalid = || ConvertError { directive: name.to_owned() };
    let words = |line: &String| -> Result<Vec<String>, ConvertError> {
        let words = split_words(line.as_bytes()).map_err(|_| invalid())?;
        words.into_iter().map(|word| String::from_utf8(word).map_err(|_| invalid())).collect()
    };
    match syntax {
        Syntax::BufferLimits => list(out, indent, name, lines.iter().cloned()),
        Syntax::Words => {
            let items: Vec<String> = lines.iter().map(words).collect::<Result<Vec<_>, _>>()?.concat();
            let items: Vec<String> = items.iter().map(|item| text(item)).collect();
            let _infallible = writeln!(out, "{indent}{name}: [{}]", items.join(", "));
        }
        Syntax::Pair => {
            let _infallible = writeln!(out, "{indent}{name}:");
            for line in lines {
                let pair = words(line)?;
                let [old, new] = pair.as_slice() else { return Err(invalid()) };
                let _infallible = writeln!(out, "{indent}  {}: {}", text(old), text(new));
            }
        }
        Syntax::Text | Syntax::Secret => {
            let value = lines.first().map(words).transpose()?.unwrap_or_default().concat();
            let _infallible = writeln!(out, "{indent}{name}: {}", text(&value));
        }
        Syntax::YesNo | Syntax::Int(..) | Syntax::Mode | Syntax::Memory(..) | Syntax::Choice(_) => {
            let _infallible = writeln!(out, "{indent}{name}: {}", lines.concat());
        }
    }
    Ok(())
}

fn list(out: &mut String, indent: &str, name: &str, items: impl ExactSizeIterator<Item = String>) {
    if items.len() == 0 {
        return;
    }
    let _infallible = writeln!(out, "{indent}{name}:");
    for item in items {
        let _infallible = writeln!(out, "{indent}  - {}", text(&item));
    }
}

/// Text in double quotes, so that no value is taken for a number, a truth value or a comment.
fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _infallible = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{Launch, inspect};

    #[test]
    fn the_yaml_loads_to_the_same() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let conf = dir.path().join("sentinel.conf");
        let id = "0123456789".repeat(4);
        let lines = format!(
            "port 26400\nbind 127.0.0.1 -::1\ntimeout 5\nunixsocket /tmp/s\nunixsocketperm 700\nloglevel verbose\n\
             requirepass \"p\\\"\\\\ #:\\n\\x00\"\nuser default on nopass ~* &* +@all\nuser bob on >x +ping\n\
             client-output-buffer-limit pubsub 1mb 1kb 3\nrename-command DEBUG \"\"\nsave ''\nhz 5\ntls-auth-clients optional\n\
             sentinel resolve-hostnames yes\nsentinel announce-ip 10.1.1.1\nsentinel announce-port 7\n\
             sentinel sentinel-user s\nsentinel sentinel-pass 0123\n\
             sentinel monitor m db1 6379 2\nsentinel auth-pass m 12345\nsentinel auth-user m true\n\
             sentinel rename-command m CONFIG guarded\nsentinel rename-command m KEYS keys2\n\
             sentinel down-after-milliseconds m 5000\nsentinel failover-timeout m 6000\nsentinel parallel-syncs m 2\n\
             sentinel primary-reboot-down-after-period m 8\nsentinel process-death-after-milliseconds m 200\n\
             sentinel max-lag-on-failover m 4096\nsentinel priority-lag-window m 0\n\
             sentinel amnesia-failover m no\nsentinel write-check-key m \"a key\"\n\
             sentinel config-epoch m 4\nsentinel leader-epoch m 5\nsentinel current-epoch 6\n\
             sentinel known-replica m 10.0.0.2 6379\nsentinel known-replica m ::1 6379\n\
             sentinel known-sentinel m 10.0.0.3 26379 {id}\nsentinel myid {id}\n\
             sentinel monitor other.1 10.0.0.1 6380 1\n"
        );
        fs::write(&conf, lines).expect("written");
        let before = inspect(&Launch::with_file(&conf)).expect("loads");
        let yaml = to_yaml(&before).expect("converts");
        let path = dir.path().join("sentinel.yaml");
        fs::write(&path, &yaml).expect("written");
        let after = inspect(&Launch::with_file(&path)).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
        assert_eq!(after.setup, before.setup, "{yaml}");
        assert_eq!(after.settings, before.settings, "{yaml}");
        assert!(after.warnings.is_empty(), "{:?}", after.warnings);
    }
}
