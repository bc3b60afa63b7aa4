use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use bongsu_sentinel_core::Durable;

use super::{HookPhase, HookSettings, NamedSection, OnFailure, SectionKey, Takes};
use crate::config::section::collect::Collected;
use crate::config::source::read_text;
use crate::config::value::Syntax;
use crate::config::{ConfigError, Launch, Loaded, Settings, advice, inspect, to_yaml};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("temporary directory"));
        fs::write(folder.path("run me"), "#!/bin/sh\n").expect("written");
        fs::set_permissions(folder.path("run me"), fs::Permissions::from_mode(0o755)).expect("set");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self, file: &str, text: &str) -> Result<Loaded, ConfigError> {
        fs::write(self.path(file), text.replace("DIR", &self.0.path().display().to_string())).expect("written");
        inspect(&Launch::with_file(self.path(file)))
    }

    /// What is shown for a configuration that must be refused: place within the text, key, reason, hint.
    #[track_caller]
    fn refusal(&self, file: &str, text: &str) -> (usize, usize, String, String, String) {
        let error = self.load(file, text).expect_err("must be refused");
        let ConfigError::Directive { place, reason, hint, .. } = error else { panic!("{error}") };
        (place.line, place.column, place.key.unwrap_or_default(), reason, hint.unwrap_or_default())
    }
}

const CONF: &str = "\
dir DIR
sentinel monitor m 10.0.0.1 6379 2
hook guard phase pre-failover
hook guard command 'run me' \"two words\" 3
hook guard groups m
hook guard groups other third
HOOK guard on-failure VETO
hook tell phase role-change
hook tell command DIR/run\" me\"
hook tell timeout-milliseconds 500
hook tell timeout-milliseconds 700
";

const YAML: &str = "\
dir: DIR
masters: [{name: m, host: 10.0.0.1, port: 6379, quorum: 2}]
hooks:
  - name: guard
    phase: pre-failover
    command: [run me, two words, 3]
    groups: [m, other, third]
    on-failure: veto
  - phase: role-change
    command: 'DIR/run me'
    name: tell
    timeout-milliseconds: 700
";

#[test]
fn both_forms_amount_to_the_same() {
    let folder = Folder::new();
    let conf = folder.load("a.conf", &CONF.replace("DIR/run\" me\"", "'DIR/run me'")).expect("loads");
    let yaml = folder.load("a.yaml", YAML).expect("loads");
    let [guard, tell] = conf.settings.hooks.as_slice() else { panic!("{:?}", conf.settings.hooks) };
    let HookSettings { name, phase, command, groups, timeout, on_failure } = guard;
    assert_eq!((name.as_str(), *phase, *timeout), ("guard", HookPhase::PreFailover, Duration::from_secs(2)));
    assert_eq!((command.join("|").as_str(), *on_failure), ("run me|two words|3", OnFailure::Veto));
    assert_eq!(groups.iter().map(ToString::to_string).collect::<Vec<_>>(), ["m", "other", "third"]);
    assert_eq!((tell.timeout, tell.on_failure), (Duration::from_millis(700), OnFailure::Proceed));
    assert!(tell.groups.is_empty());
    assert_eq!(yaml.settings.hooks, conf.settings.hooks);

    let converted = folder.load("b.yaml", &to_yaml(&conf).expect("converts")).expect("loads");
    assert_eq!(converted.settings.hooks, conf.settings.hooks);
    assert_eq!(converted.settings.sections, conf.settings.sections);
    let doubts = advice(&conf).join("\n");
    assert!(doubts.contains("hook guard: no group other is watched"), "{doubts}");
}

#[test]
fn errors_have_their_exact_place_in_yaml() {
    let folder = Folder::new();
    let check = |from: &str, to: &str, want: (usize, usize, &str, &str, &str)| {
        assert!(YAML.contains(from), "{from}");
        let (line, column, key, reason, hint) = folder.refusal("a.yaml", &YAML.replacen(from, to, 1));
        assert_eq!((line, column, key.as_str(), reason.as_str(), hint.as_str()), want, "{from} -> {to}");
    };
    let phases = "`pre-failover`, `post-promotion`, `post-failover`, `role-change`";
    let one_of = phases.replace('`', "");
    let reason = format!("argument(s) must be one of the following: {one_of}, found `role-chance`, allowed: {phases}");
    check("role-change", "role-chance", (9, 12, "hooks[1].phase", &reason, ""));
    check("hooks:", "hook:", (3, 1, "", "unknown key `hook`, did you mean `hooks`?", ""));
    check("groups:", "group:", (7, 5, "hooks[0]", "unknown key `group`, did you mean `groups`?", ""));
    check("    name: tell\n", "", (9, 5, "hooks[1]", "missing key `name`", ""));
    check("  - phase: role-change\n    command", "  - command", (9, 5, "hooks[1]", "missing key `phase`", ""));
    check("tell", "guard", (11, 11, "hooks[1].name", "two entries have this name, found `guard`, allowed: text", ""));
    check(
        "name: tell",
        "name: t/ll",
        (
            11,
            11,
            "hooks[1].name",
            "not a name (1 to 64 letters, digits, dots, dashes and underscores), found `t/ll`, allowed: text",
            "",
        ),
    );
    check(
        "[run me,",
        "[walk me,",
        (
            6,
            15,
            "hooks[0].command[0]",
            "walk me is not an executable file",
            "the command is a list: the program, then each argument",
        ),
    );
    check(
        "700",
        "0",
        (
            12,
            27,
            "hooks[1].timeout-milliseconds",
            "argument must be between 1 and 3600000 inclusive, found `0`, allowed: integer from 1 to 3600000",
            "",
        ),
    );
    check(
        "timeout-milliseconds: 700",
        "on-failure: veto",
        (
            12,
            17,
            "hooks[1].on-failure",
            "has no meaning for role-change",
            "only hooks of phase pre-failover can stop a failover",
        ),
    );
}

#[test]
fn errors_have_their_exact_place_in_lines() {
    let folder = Folder::new();
    let good = CONF.replace("DIR/run\" me\"", "'DIR/run me'");
    let check = |from: &str, to: &str, want: (usize, usize, &str, &str)| {
        assert!(good.contains(from), "{from}");
        let (line, column, _, reason, hint) = folder.refusal("a.conf", &good.replacen(from, to, 1));
        assert_eq!((line, column, reason.as_str(), hint.as_str()), want, "{from} -> {to}");
    };
    check(
        "hook guard phase",
        "hok guard phase",
        (3, 1, "Bad directive or wrong number of arguments", "did you mean 'hook'?"),
    );
    check("guard phase", "guard phasee", (3, 12, "unknown key 'phasee' of hooks", "did you mean 'phase'?"));
    check(
        "guard phase",
        "gu/ard phase",
        (
            3,
            6,
            "'gu/ard' cannot name an entry of hooks",
            "allowed: 1 to 64 letters, digits, dots, dashes and underscores",
        ),
    );
    check(
        "guard phase pre-failover",
        "guard phase",
        (3, 0, "wrong number of arguments", "usage: hook <name> <key> <value ...>"),
    );
    check("700", "700 800", (11, 36, "wrong number of arguments", "allowed: integer from 1 to 3600000"));
    check(
        "'run me'",
        "run",
        (4, 20, "run is not an executable file", "the command is a list: the program, then each argument"),
    );
    check(
        "hook tell phase role-change\n",
        "",
        (
            8,
            6,
            "missing key 'phase' of hook 'tell'",
            "allowed: 'pre-failover', 'post-promotion', 'post-failover', 'role-change'",
        ),
    );
}

#[test]
fn secrets_are_masked_everywhere() {
    static KEYS: [SectionKey; 2] = [
        SectionKey { name: "token", takes: Takes::One(Syntax::Secret), default: "", required: true, help: "" },
        SectionKey { name: "ports", takes: Takes::Many(Syntax::Int(1, 9)), default: "", required: false, help: "" },
    ];
    static SECTION: NamedSection =
        NamedSection { yaml: "tests", word: "test", title: "", help: "", keys: &KEYS, store: |_, _| Ok(()) };
    let mut collected = Collected::default();
    for line in read_text("test a token hidden\ntest a ports 1 2\ntest a ports 3\n", "text", 0).expect("read") {
        collected.read(&SECTION, line).expect("fine");
    }
    let mut settings = Settings::default();
    collected.store_of(&SECTION, &mut settings).expect("stored");
    let entry = &settings.sections[0];
    assert_eq!(entry.summary(), "token ******, ports 1 2 3");
    assert!(!format!("{settings:?}").contains("hidden"));
    assert_eq!(entry.many::<u16>("ports").expect("integers"), [1, 2, 3]);
}

#[test]
fn every_table_is_complete() {
    for section in super::SECTIONS {
        assert!(!section.title.is_empty() && !section.help.is_empty(), "{}", section.yaml);
        for key in section.keys {
            assert!(!key.help.is_empty() && key.name != "name", "{}", key.name);
            let parsed = key.takes.syntax().parse(&[key.default.as_bytes().to_vec()]);
            assert!(key.default.is_empty() || parsed.is_ok(), "{} {parsed:?}", key.name);
        }
    }
}

#[test]
fn a_rewrite_leaves_the_lines_as_they_are() {
    let folder = Folder::new();
    let text = CONF.replace("DIR/run\" me\"", "'DIR/run me'");
    let loaded = folder.load("a.conf", &text).expect("loads");
    let setup = &loaded.setup;
    let durable = Durable { my_id: setup.my_id, current_epoch: setup.current_epoch, groups: setup.groups.clone() };
    let written = loaded.store.render(&loaded.settings, &durable);
    let hooks = |text: &str| -> Vec<String> {
        let is_hook = |line: &&str| line.to_ascii_lowercase().starts_with("hook ");
        text.lines().filter(is_hook).map(str::to_owned).collect()
    };
    assert_eq!(hooks(&written), hooks(&text.replace("DIR", &folder.0.path().display().to_string())));
}
