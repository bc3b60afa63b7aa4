//! Every directive, with values of all kinds: both servers must take and refuse the same, in the same words.

use bongsu_protocol::resp::Value;

use super::common::Running;
use super::common::conn::Conn;
use super::common::peer::Peer;

/// Directives that reach out of the server, that end connections, or that are not the same in all versions of Redis 7.
const LEFT_OUT: [&str; 23] = [
    "activedefrag",
    "appendonly",
    "bind",
    "client-output-buffer-limit",
    "crash-log-enabled",
    "dbfilename",
    "dir",
    "latency-tracking-info-percentiles",
    "locale-collate",
    "loglevel",
    "maxclients",
    "maxmemory-clients",
    "oom-score-adj",
    "oom-score-adj-values",
    "port",
    "requirepass",
    "save",
    "set-max-listpack-entries",
    "set-max-listpack-value",
    "stop-writes-on-bgsave-error",
    "timeout",
    "unixsocket",
    "watchdog-period",
];

const VALUES: [&str; 44] = [
    "",
    "0",
    "-1",
    "1",
    "abc",
    "1mb",
    "1k",
    "1gb",
    "MB",
    "1 mb",
    "100%",
    "101%",
    "yes",
    "NO",
    "5 5",
    "KEA",
    "An",
    "d",
    "save nosave",
    "nosave force now",
    "default",
    "a/b",
    "{title}",
    "{port}",
    "{x}",
    "50.5",
    "12 ",
    " 12",
    "+5",
    "08",
    "777",
    "9 9 9 9",
    "a_b",
    "a-b.c",
    "allkeys-lru",
    "always",
    "relative",
    "2147483647",
    "2147483648",
    "-2147483649",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
];

/// What TLS takes depends on files.
fn is_compared(name: &str) -> bool {
    !LEFT_OUT.contains(&name) && !name.starts_with("tls-")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn texts(value: &Value<'_>) -> Vec<String> {
    let Value::Array(items) = value else { panic!("{value:?}") };
    let text = |item: &Value<'_>| match item {
        Value::Bulk(text) => String::from_utf8_lossy(text).into_owned(),
        other => panic!("{other:?}"),
    };
    items.iter().map(text).collect()
}

#[test]
fn directives_take_and_refuse_the_same_values() {
    let (peer, ours) = (Peer::start(""), Running::start(""));
    let (mut real, mut mine) = (Conn::over(peer.connect()), Conn::over(ours.connect()));
    let known = texts(&real.ask(&words(&["CONFIG", "GET", "*"])));
    let mut compared = 0;
    for name in known.iter().step_by(2).filter(|name| is_compared(name)) {
        for value in VALUES {
            for request in [words(&["CONFIG", "SET", name, value]), words(&["CONFIG", "GET", name])] {
                let (expected, got) = (real.ask(&request), mine.ask(&request));
                assert_eq!(got, expected, "{request:?}, value {value:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 10_000, "only {compared} replies");
}
