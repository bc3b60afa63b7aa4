//! Clients that people use, with our data server: libraries and the tools of Debian's `redis-tools`.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::{Command, Stdio};

use redis::{Commands, Connection, PushInfo, PushKind, Value, cmd, pipe};
use support::data_server::{DataServer, succeeded};
use support::wait;

fn connect(server: &DataServer, protocol: &str) -> Connection {
    let url = format!("redis://127.0.0.1:{}/?protocol={protocol}", server.port);
    redis::Client::open(url).unwrap().get_connection().unwrap()
}

/// What a library does all day.
fn everyday(server: &DataServer, protocol: &str) {
    let (mut one, mut other) = (connect(server, protocol), connect(server, protocol));
    cmd("FLUSHALL").exec(&mut one).unwrap();
    let (first, second): (i64, i64) =
        pipe().incr("n", 1).incr("n", 41).set("s", "text").ignore().query(&mut one).unwrap();
    assert_eq!((first, second), (1, 42));
    let numbers: Vec<i64> = {
        let mut requests = pipe();
        for _ in 0..5000 {
            requests.incr("many", 1);
        }
        requests.query(&mut one).unwrap()
    };
    assert_eq!(numbers, (1..=5000).collect::<Vec<i64>>());

    // A transaction whose watched key was changed by somebody else does nothing.
    cmd("WATCH").arg("n").exec(&mut one).unwrap();
    let _: () = other.set("n", 7).unwrap();
    let spoilt: Option<Vec<i64>> = pipe().atomic().incr("n", 1).query(&mut one).unwrap();
    assert_eq!(spoilt, None);
    let done: (i64, Vec<String>) =
        pipe().atomic().incr("n", 1).rpush("l", "x").ignore().lrange("l", 0, -1).query(&mut one).unwrap();
    assert_eq!(done, (8, vec!["x".to_owned()]));

    let scores: Vec<(String, f64)> = {
        let _: () = one.zadd_multiple("z", &[(1.5, "a"), (-2.0, "b"), (f64::INFINITY, "c")]).unwrap();
        one.zrange_withscores("z", 0, -1).unwrap()
    };
    assert_eq!(scores, [("b".to_owned(), -2.0), ("a".to_owned(), 1.5), ("c".to_owned(), f64::INFINITY)]);
    let _: () = one.hset_multiple("h", &[("f", 1), ("g", 2)]).unwrap();
    let fields: std::collections::BTreeMap<String, i64> = one.hgetall("h").unwrap();
    assert_eq!(fields.into_iter().collect::<Vec<_>>(), [("f".to_owned(), 1), ("g".to_owned(), 2)]);
    assert_eq!(one.get::<_, Option<String>>("none").unwrap(), None);

    for n in 0..1000 {
        let _: () = one.sadd("set", n).unwrap();
    }
    let mut seen: Vec<i64> = one.sscan("set").unwrap().map(Result::unwrap).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, (0..1000).collect::<Vec<i64>>());
    let keys: Vec<String> = one.scan_match("[nh]*").unwrap().map(Result::unwrap).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
}

#[test]
fn redis_rs_works_with_both_protocols() {
    let server = DataServer::start("");
    everyday(&server, "resp2");
    everyday(&server, "resp3");
}

#[test]
fn who_waits_is_served() {
    let server = DataServer::start("");
    let waits = std::thread::scope(|scope| {
        let waiting =
            scope.spawn(|| connect(&server, "resp3").blpop::<_, (String, String)>(&["a", "b"], 30.0).unwrap());
        wait("it waits", || (server.figure("blocked_clients") == 1).then_some(()));
        let _: () = connect(&server, "resp2").rpush("b", "here").unwrap();
        waiting.join().unwrap()
    });
    assert_eq!(waits, ("b".to_owned(), "here".to_owned()));
}

#[test]
fn subscribers_hear_of_messages_and_changed_keys() {
    let server = DataServer::start("notify-keyspace-events KEA\n");
    let (mut listener, mut speaker) = (connect(&server, "resp2"), connect(&server, "resp3"));
    let mut subscription = listener.as_pubsub();
    subscription.subscribe("news").unwrap();
    subscription.psubscribe("__keyevent@*__:*").unwrap();
    assert_eq!(speaker.publish::<_, _, i64>("news", "hello").unwrap(), 1);
    let message = subscription.get_message().unwrap();
    assert_eq!((message.get_channel_name(), message.get_payload::<String>().unwrap().as_str()), ("news", "hello"));
    let _: () = speaker.set("k", "v").unwrap();
    let event = subscription.get_message().unwrap();
    assert_eq!(
        (event.get_channel_name(), event.get_payload::<String>().unwrap().as_str()),
        ("__keyevent@0__:set", "k")
    );
}

/// The library's own cache needs its asynchronous connections; what the server does for it is the same.
#[test]
fn caching_clients_are_told_what_to_forget() {
    let server = DataServer::start("");
    let mut caching = connect(&server, "resp3");
    let (sender, pushes) = std::sync::mpsc::channel::<PushInfo>();
    caching.set_push_sender(sender);
    cmd("CLIENT").arg("TRACKING").arg("ON").exec(&mut caching).unwrap();
    assert_eq!(caching.get::<_, Option<String>>("k").unwrap(), None);
    let _: () = connect(&server, "resp2").set("k", "v").unwrap();
    // Pushes are read with the next reply.
    let told = wait("it is told", || {
        cmd("PING").exec(&mut caching).unwrap();
        pushes.try_recv().ok()
    });
    assert_eq!(told.kind, PushKind::Invalidate);
    assert_eq!(told.data, [Value::Array(vec![Value::BulkString(b"k".to_vec())])]);
}

#[test]
fn redis_py_works() {
    let server = DataServer::start("notify-keyspace-events KEA\n");
    let python = std::env::var("BONGSU_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    for protocol in ["2", "3"] {
        let mut client = Command::new(&python);
        client.args(["tests/clients/everyday.py", &server.port.to_string(), protocol]);
        assert_eq!(succeeded(&client.output().unwrap()).trim(), "ok");
    }
}

#[test]
fn redis_cli_looks_around() {
    let server = DataServer::start("");
    let mut connection = connect(&server, "resp3");
    let _: () = connection.set("text", "x".repeat(5000)).unwrap();
    let _: () = connection.rpush("list", (0..100).collect::<Vec<i64>>()).unwrap();
    let _: () = connection.sadd("set", 1).unwrap();
    for n in 0..2000 {
        let _: () = connection.hset(format!("hash:{n}"), "f", n).unwrap();
    }
    let cli = |arguments: &[&str]| server.tool("redis-cli", arguments, Stdio::null());
    let keys = cli(&["--bigkeys"]);
    assert!(keys.contains("Biggest string found '\"text\"' has 5000 bytes"), "{keys}");
    assert!(keys.contains("Biggest   list found '\"list\"' has 100 items"), "{keys}");
    let memory = cli(&["--memkeys"]);
    assert!(memory.contains("Biggest string found '\"text\"' has 5") && memory.contains("2000 hashs with"), "{memory}");
    assert_eq!(cli(&["--scan", "--pattern", "hash:19*"]).lines().count(), 111);
    assert_eq!(cli(&["--json", "HGETALL", "hash:7"]).trim(), r#"{"f":"7"}"#);
    let stat = cli(&["-i", "0.01", "-r", "3", "DBSIZE"]);
    assert_eq!(stat.lines().collect::<Vec<_>>(), ["2003"; 3]);
    let help = cli(&["HELP", "SET"]);
    assert!(["SET", "1.0.0", "string"].iter().all(|word| help.contains(word)), "{help}");
    let syntax = "key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds\
        |PXAT unix-time-milliseconds|KEEPTTL]";
    assert!(help.contains(syntax), "{help}");
    let help = cli(&["HELP", "ZADD"]);
    assert!(help.contains("key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]"), "{help}");
    assert!(cli(&["HELP", "@list"]).contains("RPOPLPUSH"));
}

#[test]
fn redis_cli_measures_latency() {
    let server = DataServer::start("");
    let said = server.tool("redis-cli", &["-i", "0.3", "--raw", "--latency"], Stdio::null());
    // Least, most, mean, samples: as many as fit in between.
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert!(numbers.len() >= 4 && numbers[3] >= 1.0, "{said}");
}

#[test]
fn redis_cli_pipes_thousands_of_commands() {
    let server = DataServer::start("");
    let (dir, mut text) = (tempfile::tempdir().unwrap(), String::new());
    for n in 0..5000 {
        write!(text, "*3\r\n$3\r\nSET\r\n$5\r\nk{n:04}\r\n$1\r\nv\r\n").unwrap();
    }
    text.push_str("LPUSH k0001 x\r\n");
    let path = dir.path().join("commands");
    fs::write(&path, text).unwrap();
    let mut cli = Command::new("redis-cli");
    cli.args(["-p", &server.port.to_string(), "--pipe"]).stdin(File::open(&path).unwrap());
    let output = cli.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("errors: 1, replies: 5001"), "{said}");
    assert_eq!(server.ask("DBSIZE").text(), "5000");
}

#[test]
fn redis_benchmark_finishes_every_test() {
    let server = DataServer::start("");
    let more: [&[&str]; 3] = [&[], &["-P", "16", "-r", "100"], &["-3", "--enable-tracking", "-t", "set,get"]];
    for arguments in more {
        let common: &[&str] = &["-q", "-n", "2000", "-c", "20"];
        let said = server.tool("redis-benchmark", &[common, arguments].concat(), Stdio::null());
        let tests = said.split(['\r', '\n']).filter(|line| line.contains("requests per second")).count();
        assert!(tests >= 2 && !said.contains("Error"), "{said}");
    }
}
