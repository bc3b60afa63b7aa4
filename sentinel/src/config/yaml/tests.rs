use std::fs;
use std::path::{Path, PathBuf};

use bongsu_sentinel_core::{Addr, Durable, Epoch, GroupName};

use crate::config::{ConfigError, Launch, Loaded, LogLevel, Randomness, Secret, StateError, inspect, load};

const RANDOMNESS: Randomness = Randomness { id: [0xcd; 20], seed: 1 };

const FULL: &str = "\
port: 26400
loglevel: verbose
resolve-hostnames: yes
client-output-buffer-limit:
  - normal 0 0 0
  - pubsub 1mb 512kb 30
rename-command:
  DEBUG: \"\"
bind: [127.0.0.1, -::1]
hz: 10
users:
  - default off
  - name: alice
    rules: [on, '>secret', '~*', +@all]
masters:
  - name: m
    host: db1
    port: 6379
    quorum: 2
    down-after-milliseconds: 5000
    auth-pass: {file: SECRET}
    auth-user: ops
    max-lag-on-failover: 1mb
    rename-command: {CONFIG: guarded}
  - {name: n, host: 10.0.0.9, port: 6380, quorum: 1}
";

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        let place = Self { dir };
        place.write(text);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, text: &str) {
        fs::write(self.path("pw"), "from file\n").expect("written");
        let text = text.replace("SECRET", &self.path("pw").display().to_string());
        let text = format!("dir: {}\n{text}", self.dir.path().display());
        fs::write(self.path("sentinel.yaml"), text).expect("written");
    }

    fn load(&self) -> Result<Loaded, ConfigError> {
        load(&Launch::with_file(self.path("sentinel.yaml")), RANDOMNESS)
    }

    #[track_caller]
    fn loaded(&self) -> Loaded {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }
}

fn durable(loaded: &Loaded) -> Durable {
    Durable {
        my_id: loaded.setup.my_id,
        current_epoch: loaded.setup.current_epoch,
        groups: loaded.setup.groups.clone(),
    }
}

#[track_caller]
fn refused(text: &str, line: usize, column: usize, key: &str, reason: &str) {
    let place = Place::new(text);
    let error = place.load().expect_err("must be refused");
    let ConfigError::Directive { place, reason: found, .. } = &error else { panic!("{error}") };
    // One line is put before every text.
    let at = (place.line - 1, place.column, place.key.as_deref().unwrap_or_default());
    assert_eq!((at, found.as_str()), ((line, column, key), reason), "{text}");
}

#[test]
fn everything_arrives() {
    let loaded = Place::new(FULL).loaded();
    let (server, settings) = (&loaded.settings.server, &loaded.settings);
    assert_eq!((server.port, server.loglevel), (26400, LogLevel::Verbose));
    assert_eq!(server.client_output_buffer_limit.pubsub.hard.0, 1 << 20);
    assert_eq!(server.rename_command.get("debug"), Some(""));
    assert_eq!(server.bind, ["127.0.0.1", "-::1"]);
    assert!(settings.resolve_hostnames);
    assert_eq!(settings.users[0].to_line(), "user default off");
    assert_eq!(settings.users[1].to_line(), "user alice on >secret ~* +@all");
    let master = settings.master("m").expect("has settings");
    assert_eq!(master.auth_pass.as_ref().map(Secret::expose), Some(b"from file".as_slice()));
    assert_eq!((master.auth_user.as_deref(), master.renames.get("config")), (Some("ops"), Some("guarded")));
    let group = &loaded.setup.groups[0];
    assert_eq!((group.master.to_string().as_str(), group.options.quorum.get()), ("db1:6379", 2));
    assert_eq!((group.options.down_after.as_millis(), group.options.max_lag_on_failover), (5000, Some(1 << 20)));
    assert_eq!(loaded.setup.groups.len(), 2);
    assert!(!format!("{settings:?}").contains("from file"));
}

#[test]
fn errors_have_their_exact_place() {
    refused("prot: 1\n", 1, 1, "", "unknown key `prot`, did you mean `port`?");
    refused(
        "port: 70000\n",
        1,
        7,
        "port",
        "argument must be between 0 and 65535 inclusive, found `70000`, allowed: integer from 0 to 65535",
    );
    refused("port: 1\nport: 2\n", 2, 1, "", "key `port` is given twice");
    refused("port: [1]\n", 1, 7, "port", "found a list, expected integer from 0 to 65535");
    refused(
        "logfile: 12\nsentinel-user: true\n",
        2,
        16,
        "sentinel-user",
        "found a truth value, expected text: put it in quotes",
    );
    let master = "masters:\n  - name: m\n    host: 10.0.0.1\n    port: 1\n";
    refused(
        &format!("{master}    quorum: 0\n"),
        5,
        13,
        "masters[0].quorum",
        "Quorum must be 1 or greater., found `0`, allowed: integer from 1 to 4294967295",
    );
    refused(master, 2, 5, "masters[0]", "missing key `quorum`");
    refused(
        &format!("{master}    quorum: 1\n    down-after-millisecond: 0\n"),
        6,
        5,
        "masters[0]",
        "unknown key `down-after-millisecond`, did you mean `down-after-milliseconds`?",
    );
    refused(
        &format!("{master}    quorum: 1\n    auth-pass: {{file: /nonexistent}}\n"),
        6,
        16,
        "masters[0].auth-pass",
        "secret file /nonexistent: No such file or directory (os error 2)",
    );
}

#[test]
fn what_only_the_whole_can_tell_has_its_place_too() {
    let two = "masters:\n  - {name: m, host: 10.0.0.1, port: 1, quorum: 1}\n  - {name: m, host: 10.0.0.2, port: 1, quorum: 1}\n";
    refused(two, 3, 12, "masters[1].name", "Duplicate master name.");
    let named = "masters:\n  - name: m\n    host: db1\n    port: 1\n    quorum: 1\n";
    refused(named, 3, 11, "masters[0].host", "Can't resolve instance hostname.");
    let script = format!("{}    notification-script: /x\n", named.replace("db1", "10.0.0.1"));
    refused(
        &script,
        6,
        26,
        "masters[0].notification-script",
        "Notification script seems non existing or non executable.",
    );
}

#[test]
fn the_state_is_kept_apart_and_wins() {
    let place = Place::new(FULL);
    let written = fs::read(place.path("sentinel.yaml")).expect("read");
    let mut first = place.loaded();
    assert!(first.is_new_id);
    let mut state = durable(&first);
    state.current_epoch = Epoch(7);
    state.groups[0].master = Addr::new("10.0.0.2", 6379).expect("address");
    state.groups[0].config_epoch = Epoch(7);
    state.groups[0].options.parallel_syncs = 5;
    state.groups[0].replicas = vec![Addr::new("10.0.0.1", 6379).expect("address")];
    let mut added = state.groups.remove(1);
    added.name = GroupName::parse("added").expect("name");
    state.groups.push(added);
    let m = GroupName::parse("m").expect("name");
    first.settings.master_mut(&m).auth_user = None;
    first.settings.master_mut(&m).renames.set("CONFIG", "CONFIG");
    first.settings.server.loglevel = LogLevel::Debug;
    first.store.save(&first.settings, &state).expect("saved");
    drop(first.store);
    assert_eq!(fs::read(place.path("sentinel.yaml")).expect("read"), written);

    let second = place.loaded();
    assert!(!second.is_new_id);
    assert_eq!(durable(&second), state);
    let master = second.settings.master("m").expect("has settings");
    assert_eq!((master.auth_user.as_deref(), master.renames.is_empty()), (None, true));
    assert!(master.auth_pass.is_some());
    assert_eq!(second.settings.server.loglevel, LogLevel::Debug);
    assert!(second.warnings.iter().any(|warning| warning.message.contains("group n")), "{:?}", second.warnings);
    drop(second.store);

    // What no command touched follows the configuration.
    place.write(&FULL.replace("5000", "6000"));
    let third = place.loaded();
    assert_eq!(third.setup.groups[0].options.down_after.as_millis(), 6000);
    assert_eq!(third.setup.groups[0].options.parallel_syncs, 5);
}

#[test]
fn damaged_state_is_refused() {
    let place = Place::new(FULL);
    let mut loaded = place.loaded();
    loaded.store.save(&loaded.settings, &durable(&loaded)).expect("saved");
    let path = loaded.store.path().to_owned();
    drop(loaded.store);
    let good = fs::read_to_string(&path).expect("read");
    for bad in [
        good.replace("quorum", "Quorum").replace("current-epoch 0", "current-epoch 1"),
        good[..good.len() - 5].to_owned(),
        String::new(),
    ] {
        fs::write(&path, bad).expect("written");
        let error = place.load().expect_err("must be refused");
        assert!(matches!(&error, ConfigError::State(StateError::Damaged { .. })), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}

#[test]
fn two_sentinels_cannot_share_a_state() {
    let place = Place::new(FULL);
    let _running = place.loaded();
    let error = place.load().expect_err("must be refused");
    assert!(matches!(&error, ConfigError::State(StateError::InUse { .. })), "{error}");
}

#[test]
fn looking_touches_nothing() {
    let place = Place::new(FULL);
    inspect(&Launch::with_file(place.path("sentinel.yaml"))).expect("fine");
    let names = |dir: &Path| fs::read_dir(dir).expect("listed").count();
    assert_eq!(names(place.dir.path()), 2);
}
