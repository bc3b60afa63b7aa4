//! Loading and writing `.conf` files.

use std::fs;
use std::path::Path;

use bongsu_sentinel_core::{Durable, Epoch};

use super::*;
use crate::config::{LogLevel, Store};

const RANDOMNESS: Randomness = Randomness { id: [0xab; 20], seed: 1 };

fn write(dir: &Path, text: &str) -> Launch {
    let path = dir.join("sentinel.conf");
    fs::write(&path, text).expect("written");
    Launch::with_file(path)
}

#[track_caller]
fn loaded(text: &str) -> Loaded {
    let dir = tempfile::tempdir().expect("temporary directory");
    load(&write(dir.path(), text), RANDOMNESS).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[track_caller]
fn refused(text: &str, line: usize, reason: &str) {
    let dir = tempfile::tempdir().expect("temporary directory");
    let error = load(&write(dir.path(), text), RANDOMNESS).expect_err("must be refused");
    let ConfigError::Directive { place, reason: found, .. } = &error else { panic!("{error}") };
    assert_eq!((place.line, found.as_str()), (line, reason), "{text}");
}

fn durable(loaded: &Loaded) -> Durable {
    Durable {
        my_id: loaded.setup.my_id,
        current_epoch: loaded.setup.current_epoch,
        groups: loaded.setup.groups.clone(),
    }
}

#[test]
fn order_does_not_matter() {
    let loaded = loaded(
        "sentinel down-after-milliseconds m 5000\n\
         sentinel known-replica m db2 6379\n\
         sentinel MONITOR m db1 6379 2\n\
         Sentinel resolve-hostnames yes\n\
         sentinel config-epoch m 7\n\
         sentinel current-epoch 3\n",
    );
    let group = &loaded.setup.groups[0];
    assert_eq!(group.options.down_after.as_millis(), 5000);
    assert_eq!(group.replicas[0].host(), "db2");
    assert_eq!(loaded.setup.current_epoch, Epoch(7));
    assert!(loaded.is_new_id);
}

#[test]
fn the_harness_of_the_official_suites_is_understood() {
    let loaded = loaded(
        "port 20000\nport 20001\nrepl-diskless-sync-delay 0\nlogfile log.txt\nenable-debug-assert yes\n\
         sentinel deny-scripts-reconfig no\nenable-protected-configs yes\nenable-debug-command yes\nsave ''\n\
         client-default-resp 3\nio-threads 2\nevents-per-io-thread 0\nreq-res-logfile stdout.reqres\n\
         tls-cluster yes\ntls-replication yes\nloadmodule /x.so\nappendonly yes\nrepl-backlog-size 10mb\n",
    );
    assert_eq!(loaded.settings.server.port, 20001);
    assert_eq!(loaded.settings.server.client_default_resp, 3);
    assert!(!loaded.settings.deny_scripts_reconfig);
    assert!(loaded.warnings.is_empty());
}

#[test]
fn the_command_line_wins() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut launch = write(dir.path(), "port 1\nloglevel debug\n");
    launch.directives = vec![vec!["port".to_owned(), "2".to_owned()]];
    let loaded = load(&launch, RANDOMNESS).expect("loaded");
    assert_eq!(loaded.settings.server.port, 2);
    assert_eq!(loaded.settings.server.loglevel, LogLevel::Debug);
}

#[test]
fn every_refusal_of_redis() {
    let monitor = "sentinel monitor m 127.0.0.1 1 1\n";
    let after = |line: &str| format!("{monitor}{line}");
    refused("prot 1", 1, "Bad directive or wrong number of arguments");
    refused("\nport abc", 2, "argument couldn't be parsed into an integer");
    refused("port 70000", 1, "argument must be between 0 and 65535 inclusive");
    refused("port 1 2", 1, "wrong number of arguments");
    refused("port \"1", 1, "Unbalanced quotes in configuration line");
    refused("daemonize maybe", 1, "argument must be 'yes' or 'no'");
    refused("client-query-buffer-limit x", 1, "argument must be a memory value");
    refused("client-output-buffer-limit a b c d", 1, "Invalid client class specified in buffer limit configuration.");
    refused("dir /nonexistent-directory", 1, "No such file or directory");
    refused("sentinel foo", 1, "Unrecognized sentinel configuration statement.");
    refused("sentinel monitor m localhost 1 2", 1, "Can't resolve instance hostname.");
    refused("sentinel monitor m 127.0.0.1 1 0", 1, "Quorum must be 1 or greater.");
    refused("sentinel monitor m 127.0.0.1 99999 1", 1, "Invalid port number.");
    refused(&after(monitor), 2, "Duplicate master name.");
    refused("sentinel down-after-milliseconds x 1", 1, "No such master with specified name.");
    refused("sentinel myid abc", 1, "Malformed Sentinel id in myid option.");
    refused(&after("sentinel down-after-milliseconds m 0"), 2, "negative or zero time parameter.");
    refused(&after("sentinel master-reboot-down-after-period m -1"), 2, "negative time parameter.");
    refused("sentinel deny-scripts-reconfig x", 1, "Please specify yes or no for the deny-scripts-reconfig options.");
    refused("sentinel resolve-hostnames x", 1, "Please specify yes or no for the resolve-hostnames option.");
    refused("sentinel announce-hostnames x", 1, "Please specify yes or no for the announce-hostnames option.");
    refused(
        &after("sentinel notification-script m /x"),
        2,
        "Notification script seems non existing or non executable.",
    );
    refused(
        &after("sentinel client-reconfig-script m /x"),
        2,
        "Client reconfiguration script seems non existing or non executable.",
    );
    refused(
        &after("sentinel rename-command m A b\nsentinel rename-command m a c"),
        3,
        "Same command renamed multiple times with rename-command.",
    );
}

#[test]
fn generated_lines_that_are_wrong_are_skipped() {
    let id = "a".repeat(40);
    let loaded = loaded(&format!(
        "sentinel monitor m 127.0.0.1 1 1\n\
         sentinel known-replica m 127.0.0.1 2\nsentinel known-slave m 127.0.0.1 2\n\
         sentinel known-sentinel m 127.0.0.1 3 {id}\nsentinel known-sentinel m 127.0.0.1 4 {id}\n\
         sentinel known-sentinel m 127.0.0.1 5\nsentinel known-replica gone 127.0.0.1 2\n"
    ));
    assert_eq!(loaded.setup.groups[0].replicas.len(), 1);
    assert_eq!(loaded.setup.groups[0].peers.len(), 1);
    assert_eq!(loaded.warnings.len(), 3, "{:?}", loaded.warnings);
}

/// What was learnt can be learnt again, but not whom this sentinel has voted for.
#[test]
fn a_vote_that_cannot_be_read_is_not_taken_for_none() {
    refused("sentinel monitor m 127.0.0.1 1 1\nsentinel leader-epoch m 7x\n", 2, "Invalid epoch.");
    assert_eq!(loaded("sentinel leader-epoch gone 7\n").warnings.len(), 1);
}

#[test]
fn a_name_that_no_command_can_have_is_refused() {
    for line in ["\"a b\" c", "\"a\\nsentinel myid x\" c", "get \"\"", "\"\" get"] {
        refused(
            &format!("sentinel monitor m 127.0.0.1 1 1\nsentinel rename-command m {line}\n"),
            2,
            "value out of range",
        );
    }
}

#[test]
fn the_report_has_the_place_and_no_secret() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let launch = write(dir.path(), "sentinel monitor mymaster 127.0.0.1 1 1\n  sentinel auth-pass mymastre hidden\n");
    let block = load(&launch, RANDOMNESS).expect_err("must be refused").fatal_block("7.2.5");
    let path = dir.path().join("sentinel.conf");
    let expected = format!(
        "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.5) ***\nReading the configuration file, at line 2\n\
         >>> 'sentinel auth-pass mymastre ******'\nNo such master with specified name.\n\
         did you mean 'mymaster'?\n({}, line 2, column 22)\n",
        path.display()
    );
    assert_eq!(block, expected);
}

#[test]
fn a_rewrite_keeps_what_the_owner_wrote() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let text = "# one\n# two\nsentinel down-after-milliseconds m 5000\nsentinel auth-pass m \"a b\"\n\
                sentinel monitor m 127.0.0.1 6379 2\n\nport 1\nport 2\nsave ''\nhz 10\n# end\n";
    let mut loaded = load(&write(dir.path(), text), RANDOMNESS).expect("loaded");
    let expected = format!(
        "# one\n# two\nsentinel down-after-milliseconds m 5000\nsentinel auth-pass m \"a b\"\n\
         sentinel monitor m 127.0.0.1 6379 2\n\nport 2\n\nhz 10\n# end\n\n# Generated by CONFIG REWRITE\n\
         dir \"{}\"\nuser default on nopass ~* &* +@all\nsentinel myid {}\nsentinel config-epoch m 0\n\
         sentinel leader-epoch m 0\nsentinel current-epoch 0\nlatency-tracking-info-percentiles 50 99 99.9\n",
        loaded.settings.server.dir.display(),
        "ab".repeat(20),
    );
    let durable = durable(&loaded);
    let rendered = loaded.store.render(&loaded.settings, &durable);
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let marker = lines.iter().position(|line| line.starts_with("# Generated")).unwrap_or(0);
        lines[marker..].sort();
        lines
    };
    assert_eq!(sorted(&rendered), sorted(&expected), "{rendered}");

    loaded.store.save(&loaded.settings, &durable).expect("saved");
    let launch = Launch::with_file(loaded.store.path());
    let again = load(&launch, RANDOMNESS).expect("loads what was written");
    assert_eq!((again.settings.masters, again.setup.groups), (loaded.settings.masters, loaded.setup.groups));
    assert!(!again.is_new_id);
    let listed: Vec<_> = fs::read_dir(dir.path()).expect("listed").collect();
    assert_eq!(listed.len(), 1, "{listed:?}");
}

#[test]
fn edits_made_while_running_survive() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let launch = write(dir.path(), "sentinel monitor m 127.0.0.1 6379 2\n");
    let mut loaded = load(&launch, RANDOMNESS).expect("loaded");
    let mut state = durable(&loaded);
    loaded.store.save(&loaded.settings, &state).expect("saved");
    let path = dir.path().join("sentinel.conf");
    let text = fs::read_to_string(&path).expect("read");
    fs::write(&path, format!("# a note\n{text}")).expect("written");
    state.current_epoch = Epoch(9);
    loaded.store.save(&loaded.settings, &state).expect("saved");
    let text = fs::read_to_string(&path).expect("read");
    assert!(text.starts_with("# a note\n") && text.contains("sentinel current-epoch 9\n"), "{text}");
}

#[test]
fn a_state_file_spares_the_configuration() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let text = |state: &str| {
        format!(
            "dir {}\nsentinel state-config-file {state}\nsentinel monitor m 10.0.0.1 6379 2\n",
            dir.path().display()
        )
    };
    let launch = write(dir.path(), &text("state.conf"));
    let mut loaded = load(&launch, RANDOMNESS).expect("loaded");
    let mut state = durable(&loaded);
    state.current_epoch = Epoch(3);
    state.groups[0].master = Addr::new("10.0.0.2", 6379).expect("address");
    loaded.store.save(&loaded.settings, &state).expect("saved");
    let kept = fs::read_to_string(dir.path().join("sentinel.conf")).expect("read");
    assert_eq!(kept, text("state.conf"));
    assert_eq!(durable(&load(&launch, RANDOMNESS).expect("loaded")), state);

    // A real sentinel writes whole groups there.
    let id = "f".repeat(40);
    let theirs = format!("sentinel myid {id}\nsentinel monitor m 10.0.0.3 6379 2\nsentinel current-epoch 8\n");
    fs::write(dir.path().join("state.conf"), theirs).expect("written");
    let found = durable(&load(&launch, RANDOMNESS).expect("loaded"));
    assert_eq!((found.my_id.as_str(), found.current_epoch), (id.as_str(), Epoch(8)));
    assert_eq!(found.groups[0].master.host(), "10.0.0.3");

    let error = load(&write(dir.path(), &text("sentinel.conf")), RANDOMNESS).expect_err("must be refused");
    assert!(error.to_string().contains("must differ from the main config file"), "{error}");
}

#[test]
fn a_file_that_cannot_be_replaced_is_reported() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let launch = write(dir.path(), "sentinel monitor m 127.0.0.1 6379 2\n");
    let Loaded { mut store, settings, setup, .. } = load(&launch, RANDOMNESS).expect("loaded");
    let state = Durable { my_id: setup.my_id, current_epoch: setup.current_epoch, groups: setup.groups };
    store.save(&settings, &state).expect("saved");
    let path = dir.path().join("sentinel.conf");
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("directory in the way");
    store.save(&settings, &state).expect_err("a directory is in the way");
    assert_eq!(fs::read_dir(&path).expect("listed").count(), 0);
    fs::remove_dir(&path).expect("removed");
    store.save(&settings, &state).expect("works again");
    assert!(matches!(store, Store::Conf(_)));
    assert!(path.is_file());
}

#[test]
fn thousands_of_groups_survive_a_save() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let group = |i: usize| {
        let (a, b, id) = (i / 200, i % 200, "e".repeat(40));
        format!(
            "sentinel known-replica m{i} 10.2.{a}.{b} 6379\nsentinel known-replica m{i} 10.3.{a}.{b} 6379\n\
             sentinel known-sentinel m{i} 10.9.0.1 26379 {id}\nsentinel monitor m{i} 10.1.{a}.{b} 6379 2\n"
        )
    };
    let launch = write(dir.path(), &(0..3000).map(group).collect::<String>());
    let mut loaded = load(&launch, RANDOMNESS).expect("loaded");
    let state = durable(&loaded);
    loaded.store.save(&loaded.settings, &state).expect("saved");
    assert!(load(&launch, RANDOMNESS).expect("loaded").setup.groups == state.groups);
}

/// Words that make most lines nearly right.
const WORDS: &[&str] = &[
    "sentinel",
    "monitor",
    "m",
    "127.0.0.1",
    "::1",
    "6379",
    "2",
    "0",
    "-1",
    "99999999999999999999",
    "yes",
    "port",
    "bind",
    "user",
    "auth-pass",
    "down-after-milliseconds",
    "known-replica",
    "known-sentinel",
    "config-epoch",
    "rename-command",
    "announce-ip",
    "client-output-buffer-limit",
    "pubsub",
    "1gb",
    "\"",
    "'",
    "\\x",
    "#",
    "\u{e9}",
    "\t",
    ":",
    "- ",
    "{",
    "[",
    "masters:",
    "users:",
    "port:",
    "name:",
    "masters:\n  - name: m\n    host: h\n    port: 1\n    quorum: 1\n    ",
];

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_readers(
        words in proptest::collection::vec((proptest::sample::select(WORDS), proptest::sample::select(&[" ", "\n"][..])), 0..40),
    ) {
        let text: String = words.iter().flat_map(|(word, gap)| [*word, *gap]).collect();
        let dir = tempfile::tempdir().expect("temporary directory");
        for name in ["sentinel.conf", "sentinel.yaml"] {
            let path = dir.path().join(name);
            fs::write(&path, &text).expect("written");
            match inspect(&Launch::with_file(&path)) {
                Ok(loaded) => drop(loaded.store.render(&loaded.settings, &durable(&loaded))),
                Err(error) => drop((error.report(), error.fatal_block("7.2.0"))),
            }
        }
    }
}

#[test]
fn what_a_crash_left_in_the_journal_counts() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let id = "ab".repeat(20);
    let text = format!(
        "sentinel myid {id}\n\
         sentinel monitor m 10.0.0.1 6379 2\n\
         sentinel config-epoch m 3\n\
         sentinel leader-epoch m 4\n\
         sentinel known-replica m 10.0.0.2 6379\n\
         sentinel current-epoch 4\n"
    );
    let launch = write(dir.path(), &text);
    let first = load(&launch, RANDOMNESS).expect("loaded");
    let Loaded { mut journal, setup, .. } = first;
    let entry = |leader, config, host| bongsu_sentinel_core::Decisive {
        group: setup.groups[0].name.clone(),
        current_epoch: Epoch(leader),
        leader_epoch: Epoch(leader),
        config_epoch: Epoch(config),
        master: Addr::new(host, 6379).expect("address"),
    };
    // The last one is older than the file, as after a crash between rewriting the file and removing the journal.
    journal.append(&[entry(5, 3, "10.0.0.1"), entry(5, 5, "10.0.0.2"), entry(2, 2, "10.0.0.9")]).expect("written");
    let again = load(&launch, RANDOMNESS).expect("loaded");
    let group = &again.setup.groups[0];
    assert_eq!((again.setup.current_epoch, group.leader_epoch, group.config_epoch), (Epoch(5), Epoch(5), Epoch(5)));
    assert_eq!(group.master.host(), "10.0.0.2");
    let replicas: Vec<&str> = group.replicas.iter().map(|replica| replica.host()).collect();
    assert_eq!(replicas, ["10.0.0.1"], "a replaced master becomes a replica, a promoted replica is none any more");
}
