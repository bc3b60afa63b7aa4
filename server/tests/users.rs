//! Users as Redis takes them, those included that speak of commands which are not here.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod common;

use std::net::TcpStream;

use bongsu_protocol::resp::Value;
use common::Running;
use common::conn::Conn;
use common::peer::Peer;

/// What the manual of Redis lets sentinels do.
const SENTINEL: &str = "ACL SETUSER sentinel-user on >somepassword allchannels +multi +slaveof +ping +exec +subscribe \
                        +config|rewrite +role +publish +info +client|setname +client|kill +script|kill";

/// The reply to a line.
fn ask(client: &mut Conn<TcpStream>, line: &str) -> Value<'static> {
    client.send_line(line);
    client.hear()
}

fn ask_both(clients: &mut [Conn<TcpStream>; 2], line: &str) -> [Value<'static>; 2] {
    clients.each_mut().map(|client| ask(client, line))
}

/// The reply to a line, which must be that of both.
#[track_caller]
fn ask_same(clients: &mut [Conn<TcpStream>; 2], line: &str) -> Value<'static> {
    let [ours, theirs] = ask_both(clients, line);
    assert_eq!(ours, theirs, "{line}");
    ours
}

/// The rules about commands that the user `u` is said to have.
fn commands_of_u(client: &mut Conn<TcpStream>) -> Value<'static> {
    let Value::Array(fields) = ask(client, "ACL GETUSER u") else { panic!("no user") };
    fields[5].clone()
}

#[test]
fn every_name_that_redis_knows_may_be_in_a_rule() {
    let (server, peer) = (Running::start(""), Peer::start(""));
    let (mut ours, mut theirs) = (Conn::over(server.connect()), Conn::over(peer.connect()));
    let Value::Array(names) = ask(&mut theirs, "COMMAND LIST") else { panic!("no list") };
    let mut names: Vec<String> = names.iter().map(|name| text(name).to_owned()).collect();
    assert!(names.len() > 300 && names.iter().any(|name| name == "xinfo|stream"), "{names:?}");
    names.extend(["@scripting", "@stream", "eval|return", "nosuch", "xadd|", "script|nosuch"].map(str::to_owned));
    for name in names {
        for (before, rule) in [("-@all ", format!("+{name}")), ("+@all ", format!("-{name}"))] {
            let line = format!("ACL SETUSER u reset {before}{rule}");
            let reply = ask(&mut ours, &line);
            assert_eq!(reply, ask(&mut theirs, &line), "{line}");
            if matches!(reply, Value::Simple(_)) {
                assert_eq!(text(&commands_of_u(&mut ours)), format!("{before}{rule}"));
            }
        }
    }
}

#[test]
fn the_user_that_redis_recommends_for_sentinels_can_do_all_of_it() {
    let (server, peer) = (Running::start(""), Peer::start(""));
    let mut clients = [Conn::over(server.connect()), Conn::over(peer.connect())];
    assert_eq!(text(&ask_same(&mut clients, SENTINEL)), "OK");
    assert_eq!(text(&ask_same(&mut clients, "AUTH sentinel-user somepassword")), "OK");
    for line in [
        "PING",
        "CLIENT SETNAME sentinel-0123abcd-cmd",
        "SCRIPT KILL",
        "script kill now",
        "ROLE",
        "PUBLISH __sentinel__:hello 127.0.0.1,5000,id,0,m,127.0.0.1,6379,0",
        "MULTI",
        "SLAVEOF NO ONE",
        "CONFIG REWRITE",
        "CLIENT KILL TYPE normal",
        "CLIENT KILL TYPE pubsub",
        "SCRIPT KILL",
        "EXEC",
        "PING",
    ] {
        ask_same(&mut clients, line);
    }
    // The two word it differently.
    for line in ["GET a", "CONFIG GET port", "CLIENT LIST", "SCRIPT FLUSH", "ACL LIST"] {
        for reply in ask_both(&mut clients, line) {
            assert!(text(&reply).starts_with("NOPERM"), "{line}: {reply:?}");
        }
    }
    let [ours, _] = ask_both(&mut clients, "INFO");
    assert!(text(&ours).contains("role:master"));
    ask_same(&mut clients, "SUBSCRIBE __sentinel__:hello");
}

#[track_caller]
fn text<'a>(value: &'a Value<'_>) -> &'a str {
    let (Value::Simple(text) | Value::Bulk(text) | Value::Error(text)) = value else { panic!("no text: {value:?}") };
    std::str::from_utf8(text).unwrap()
}
