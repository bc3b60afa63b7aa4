use std::collections::BTreeSet;

use super::change::{Rights, SetError};
use super::rewrite::Extent;
use super::*;

const ALL_RIGHTS: Rights = Rights { protected: true, loading: false };

fn read(text: &str) -> Config {
    let mut config = Config::default();
    config.read_text(text).expect("valid");
    config
}

#[track_caller]
fn get(config: &Config, name: &str) -> String {
    let found = config.matching(&[name.as_bytes()]);
    let [(_, value)] = found.as_slice() else { panic!("{name}: {found:?}") };
    String::from_utf8_lossy(value).into_owned()
}

fn set(config: &Config, pairs: &[(&str, &str)]) -> Result<(Config, Vec<Directive>), SetError> {
    let pairs: Vec<[&[u8]; 2]> = pairs.iter().map(|(name, value)| [name.as_bytes(), value.as_bytes()]).collect();
    config.propose(&pairs, ALL_RIGHTS).map(|proposal| (proposal.config, proposal.changed))
}

#[track_caller]
fn refused(config: &Config, pairs: &[(&str, &str)], error: &str) {
    assert_eq!(set(config, pairs).expect_err("refused").to_string(), format!("ERR {error}"));
}

#[test]
fn names_are_unique_and_found() {
    let mut names = BTreeSet::new();
    for directive in Directive::ALL {
        let spec = directive.spec();
        for name in std::iter::once(spec.name).chain(spec.alias) {
            assert!(names.insert(name), "{name}");
            assert_eq!(Directive::named(name.to_ascii_uppercase().as_bytes()), Some(*directive));
        }
    }
    assert_eq!(Directive::named(b"nothing"), None);
}

#[test]
fn defaults_are_shown_as_they_are_written() {
    let config = Config::default();
    for directive in Directive::ALL.iter().filter(|directive| **directive != Directive::Dir) {
        let spec = directive.spec();
        assert_eq!(config.words(*directive), spec.default, "{}", spec.name);
    }
}

#[test]
fn every_value_can_be_set_to_what_it_is() {
    let config = Config::default();
    for directive in Directive::ALL {
        let value = get(&config, directive.name());
        match set(&config, &[(directive.name(), &value)]) {
            Ok((same, _)) => assert_eq!(same, config, "{directive}"),
            Err(error) => assert!(error.to_string().contains("immutable"), "{directive}: {error}"),
        }
    }
}

#[test]
fn patterns_find_both_names_but_nothing_hidden() {
    let config = Config::default();
    let names = |patterns: &[&str]| -> Vec<String> {
        let patterns: Vec<&[u8]> = patterns.iter().map(|pattern| pattern.as_bytes()).collect();
        let found = config.matching(&patterns).into_iter();
        found.map(|(name, _)| String::from_utf8_lossy(&name).into_owned()).collect()
    };
    assert_eq!(names(&["*of", "REPLICAOF", "slaveof"]), ["replicaof", "slaveof", "REPLICAOF"]);
    assert_eq!(names(&["key-load*"]), [""; 0]);
    assert_eq!(names(&["key-load-delay", "nothing"]), ["key-load-delay"]);
    assert_eq!(names(&["primary*", "masterau*"]), ["masterauth"]);
    assert!(!names(&["*"]).contains(&"hide-user-data-from-log".to_owned()));
}

#[test]
fn values_are_read_as_redis_reads_them() {
    let config = Config::default();
    for (name, value, shown) in [
        ("maxmemory", "700mb", "734003200"),
        ("maxmemory", "1K", "1000"),
        ("maxmemory-clients", "5%", "5%"),
        ("appendonly", "YES", "yes"),
        ("hz", "100000", "500"),
        ("oom-score-adj", "relative", "yes"),
        ("shutdown-on-sigint", "nosave force now", "nosave now force"),
        ("save", "", ""),
        ("bind", "", ""),
        ("latency-tracking-info-percentiles", "50 99.99 1e1 12.34567891", "50 99.99 10 12.345679"),
    ] {
        let (changed, _) = set(&config, &[(name, value)]).expect("valid");
        assert_eq!(get(&changed, name), shown, "{name} {value}");
    }
    let (changed, _) = set(&config, &[("client-output-buffer-limit", "replica 1mb 2kb 10")]).expect("valid");
    let limits = get(&changed, "client-output-buffer-limit");
    assert_eq!(limits, "normal 0 0 0 slave 1048576 2048 10 pubsub 33554432 8388608 60");
}

#[test]
fn changes_are_refused_as_a_whole() {
    let config = Config::default();
    let failed =
        |name: &str, reason: &str| format!("CONFIG SET failed (possibly related to argument '{name}') - {reason}");
    let pairs = [("maxmemory", "10000001"), ("maxmemory-clients", "200%"), ("client-query-buffer-limit", "invalid")];
    refused(&config, &pairs, &failed("maxmemory-clients", "percentage argument must be less or equal to 100"));
    refused(&config, &[("DAEMONIZE", "yes")], &failed("DAEMONIZE", "can't set immutable config"));
    refused(&config, &[("timeout", "1"), ("Timeout", "2")], &failed("Timeout", "duplicate parameter"));
    refused(&config, &[("a", "b")], "Unknown option or number of arguments for CONFIG SET - 'a'");
    refused(&config, &[("port", "99999")], &failed("port", "argument must be between 0 and 65535 inclusive"));
    refused(&config, &[("timeout", "007")], &failed("timeout", "argument couldn't be parsed into an integer"));
    let words = "argument(s) must be one of the following: everysec, always, no";
    refused(&config, &[("appendfsync", "x")], &failed("appendfsync", words));
    refused(&config, &[("dir", "/nowhere/at/all")], &failed("dir", "No such file or directory"));
    let rights = Rights { protected: false, loading: true };
    let protected = config.propose(&[[b"dbfilename", b"x"]], rights).expect_err("refused");
    assert!(protected.to_string().ends_with("can't set protected config"), "{protected}");
    assert_eq!(config.propose(&[[b"appendonly", b"yes"]], rights).expect_err("refused"), SetError::Loading);
}

#[test]
fn only_what_differs_has_changed() {
    let config = Config::default();
    let (_, changed) = set(&config, &[("timeout", "0"), ("port", "1"), ("tls-key-file", "")]).expect("valid");
    assert_eq!(changed, [Directive::Port, Directive::TlsKeyFile]);
}

#[test]
fn lines_of_save_add_up_and_replace_the_default() {
    assert_eq!(get(&read(""), "save"), "3600 1 300 100 60 10000");
    assert_eq!(get(&read("save 900 1\nsave 100 100"), "save"), "900 1 100 100");
    assert_eq!(get(&read("save 900 1\nsave ''"), "save"), "");
    assert_eq!(get(&read("save \"900 1 100 100\""), "save"), "900 1 100 100");
}

#[track_caller]
fn wrong(text: &str, line: usize, shown: &str, reason: &str) {
    let block = Config::default().read_text(text).expect_err("wrong").fatal_block("7.2.4").expect("in the text");
    let place = format!("Reading the configuration file, at line {line}\n>>> '{shown}'\n{reason}\n");
    assert_eq!(block, format!("\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\n{place}"));
}

#[test]
fn wrong_lines_are_fatal() {
    wrong("x", 1, "x", "Bad directive or wrong number of arguments");
    let meant = "Bad directive or wrong number of arguments (did you mean 'requirepass'?)";
    wrong("requirpass secret", 1, "requirpass ******", meant);
    wrong("\nport \"6379\" \"6380\" ", 2, "port \"6379\" \"6380\"", "wrong number of arguments");
    wrong("port --bla", 1, "port --bla", "argument couldn't be parsed into an integer");
    wrong("replicaof a b", 1, "replicaof a b", "Invalid master port");
    wrong("a 'b", 1, "a 'b", "Unbalanced quotes in configuration line");
    wrong("requirepass a b", 1, "requirepass ******", "wrong number of arguments");
    wrong("sentinel myid 1", 1, "sentinel myid 1", "sentinel directive while not in sentinel mode");
    let words = "argument(s) must be one of the following: default, save, nosave, now, force";
    wrong("shutdown-on-sigint", 1, "shutdown-on-sigint", words);
}

#[test]
fn includes_are_relative_to_the_directory_and_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    write("a.conf", &format!("dir {}\ninclude b*.inc\ninclude none*", dir.path().display()));
    write("b1.inc", "port 1");
    write("b2.inc", "port 2\nrename-command FLUSHALL ''\nuser ann on nopass");
    let config = Config::load(&Launch::with_file(dir.path().join("a.conf"))).expect("valid");
    assert_eq!(config.integer(Directive::Port), 2);
    assert_eq!(config.renames(), [(b"flushall".to_vec(), Vec::new())]);
    assert_eq!(config.users().len(), 1);
    write("a.conf", &format!("include {}", dir.path().join("a.conf").display()));
    let error = Config::load(&Launch::with_file(dir.path().join("a.conf"))).expect_err("it has no end");
    assert!(error.to_string().contains("nested deeper than 16"), "{error}");
    let missing = Config::load(&Launch::with_file(dir.path().join("none"))).expect_err("missing");
    assert!(missing.fatal_block("").is_none());
}

#[test]
fn a_rewritten_file_means_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("a.conf");
    let text = "# mine\nport 1\nhash-max-ziplist-entries 5\n\nrename-command KEYS ''\nnotify-keyspace-events ''\nmaxclients 7\n";
    std::fs::write(&file, text).expect("written");
    let config = Config::load(&Launch::with_file(&file)).expect("valid");
    let pairs = [
        ("notify-keyspace-events", "KEA"),
        ("maxmemory", "700mb"),
        ("maxclients", "10000"),
        ("save", "60 1 300 5"),
        ("client-output-buffer-limit", "pubsub 1mb 0 0"),
        ("masterauth", "a \"b"),
    ];
    let (config, _) = set(&config, &pairs).expect("valid");
    config.rewrite(&[b"user default on nopass ~* &* +@all".to_vec()], Extent::Changes).expect("written");
    let after = std::fs::read_to_string(&file).expect("there");
    let here = std::env::current_dir().expect("somewhere");
    let expected = format!(
        "# mine\nport 1\nhash-max-listpack-entries 5\n\nrename-command KEYS ''\nnotify-keyspace-events \"AKE\"\n\
        maxclients 10000\n\n# Generated by CONFIG REWRITE\nclient-output-buffer-limit pubsub 1mb 0 0\ndir \"{}\"\n\
        save 60 1\nsave 300 5\nmasterauth \"a \\\"b\"\nmaxmemory 700mb\nuser default on nopass ~* &* +@all\n",
        here.display()
    );
    assert_eq!(after, expected);
    let mut again = Config::load(&Launch::with_file(&file)).expect("valid");
    again.users.clear();
    assert_eq!(again, config);
}

#[test]
fn all_of_it_can_be_written() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("a.conf");
    let config = Config { file: Some(file.clone()), ..Config::default() };
    config.rewrite(&[], Extent::Everything).expect("written");
    let again = Config::load(&Launch::with_file(&file)).expect("valid");
    assert_eq!(again, config);
    assert!(again.rewrite(&[], Extent::Changes).is_ok());
    assert!(Config::default().rewrite(&[], Extent::Changes).is_err());
}
