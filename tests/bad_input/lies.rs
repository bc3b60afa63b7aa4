//! Data nodes that answer nonsense, all at once, beside a group of honest ones.

use std::fmt::Write as _;

use crate::support::fake::{Answer, Fake, INFO, bulk, honest};
use crate::support::{GROUP, Installation, Program, ask, command, master_of, monitor, wait};

/// How often each liar is heard before it counts as tried: requests, or connections where each ends with the first lie.
const HEARD: usize = 5;

/// What all liars together may cost, in KiB: for the longest replies that are read, and what is built of them.
const MEMORY_KIB_MAX: u64 = 200 * 1024;

type Liar = fn(&[String]) -> Answer;

/// Answers `INFO` with this text.
fn info(words: &[String], text: impl FnOnce() -> String) -> Answer {
    if words[0] == "INFO" { Answer::Say(bulk(text().as_bytes())) } else { honest(words) }
}

/// Answers this command, as it stands on the wire.
fn instead(words: &[String], of: &str, wire: &[u8]) -> Answer {
    if words[0] == of { Answer::Say(wire.to_vec()) } else { honest(words) }
}

/// As a replica of a server that nobody has heard of.
fn replica_of(host: &str, port: &str) -> String {
    format!("role:slave\r\nmaster_host:{host}\r\nmaster_port:{port}\r\nmaster_link_status:up\r\n")
}

/// A master that lists more replicas than any has.
fn crowd() -> String {
    (0..100_000u32).fold(INFO.to_owned(), |mut text, n| {
        let [_, a, b, c] = n.to_be_bytes();
        write!(text, "slave{n}:ip=10.{a}.{b}.{c},port=6379,state=online,offset=1,lag=0\r\n").unwrap();
        text
    })
}

const WRONG_NUMBERS: &str = "role:master\r\nrun_id:xyz\r\nmaster_replid:\r\nmaster_repl_offset:99999999999999999999999999\r\n\
    second_repl_offset:-99999999999999999999\r\nslave_priority:-5\r\nreplica_priority:1e99\r\nloading:maybe\r\n\
    master_link_down_since_seconds:18446744073709551615\r\nconnected_slaves:-1\r\n\
    slave0:ip=,port=1,state=online,offset=1,lag=0\r\nslave1:ip=10.0.0.1,port=99999999999,state=online\r\n\
    slave2:ip=10.0.0.1,port=0,state=,offset=-1,lag=-1\r\nslave3:\r\nslave4:=,=,=\r\nslave:ip\r\n\
    slave5:ip=not an address,port=6379\r\nslave6:10.0.0.1,notaport,online\r\nslave7:ip=10.0.0.1\r\n\
    db0:keys=-1,expires=x,avg_ttl=\r\ndb99999999999:keys=99999999999999999999\r\n:\r\n::::\r\n\0\r\nno colon\r\n";

const LIARS: &[(&str, Liar)] = &[
    ("no text", |w| info(w, String::new)),
    ("null for INFO", |w| instead(w, "INFO", b"$-1\r\n")),
    ("an error for INFO", |w| instead(w, "INFO", b"-ERR no\r\n")),
    ("a number for INFO", |w| instead(w, "INFO", b":5\r\n")),
    ("a list for INFO", |w| instead(w, "INFO", b"*2\r\n:1\r\n*-1\r\n")),
    ("bytes for INFO", |w| instead(w, "INFO", b"$8\r\nrole:\xff\xfe\x00\r\n")),
    ("no such role", |w| info(w, || "role:wizard\r\nrun_id:1\r\n".into())),
    ("numbers out of range", |w| info(w, || WRONG_NUMBERS.into())),
    ("a crowd of replicas", |w| info(w, crowd)),
    ("a replica of nobody", |w| info(w, || replica_of("", "0"))),
    ("a replica of a port too many", |w| info(w, || replica_of("10.0.0.1", "65536"))),
    ("a replica of a long name", |w| info(w, || replica_of(&"h".repeat(1 << 20), "6379"))),
    ("a long run id", |w| info(w, || format!("role:master\r\nrun_id:{}\r\n", "a".repeat(1 << 20)))),
    ("long lines", |w| info(w, || "x".repeat(8 << 20))),
    ("a list for PING", |w| instead(w, "PING", b"*1\r\n+PONG\r\n")),
    ("half a PONG", |w| instead(w, "PING", b"+PO")),
    ("PONG without an end", |w| instead(w, "PING", b"+PONG\n")),
    ("PONG three times", |w| instead(w, "PING", b"+PONG\r\n+PONG\r\n+PONG\r\n")),
    ("an unknown type", |w| instead(w, "PING", b"?PONG\r\n")),
    ("a string longer than memory", |w| instead(w, "INFO", b"$9223372036854775807\r\nrole:master")),
    ("a string of negative length", |w| instead(w, "INFO", b"$-2\r\n\r\n")),
    ("a list longer than memory", |w| instead(w, "INFO", b"*9223372036854775807\r\n:1\r\n")),
    ("a long list", |w| instead(w, "INFO", b"*1048000\r\n:1\r\n:2\r\n")),
    ("lists in lists", |w| instead(w, "INFO", &b"*1\r\n".repeat(1 << 18))),
    ("a string that goes on", |w| endless(w, "INFO", b"$536870000\r\n", b"role:master\r\n")),
    ("a line that goes on", |w| endless(w, "PING", b"+", b"PONG")),
    ("replies that go on", |w| endless(w, "PING", b"+PONG\r\n", b"+PONG\r\n")),
    ("messages that go on", |w| endless(w, "SUBSCRIBE", SUBSCRIBED, MESSAGE)),
    ("messages without a subscription", |w| instead(w, "SUBSCRIBE", MESSAGE)),
    ("a subscription of somebody else", |w| instead(w, "SUBSCRIBE", b"*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n")),
    ("pushes in a map", |w| instead(w, "HELLO", b"%2\r\n+proto\r\n:3\r\n>1\r\n+x\r\n>1\r\n+y\r\n")),
    ("an attribute without a reply", |w| instead(w, "HELLO", b"|1\r\n+a\r\n+b\r\n|1\r\n+a\r\n+b\r\n")),
    ("another protocol", |_| Answer::Say(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec())),
    ("bytes", |_| Answer::Say(b"\x00\xff\xfe\r\n".to_vec())),
    ("a refusal of everything", |_| Answer::Say(b"-ERR no\r\n".to_vec())),
    ("silence", |_| Answer::Nothing),
    ("a closed door", |_| Answer::Close),
];

const SUBSCRIBED: &[u8] = b"*3\r\n$9\r\nsubscribe\r\n$18\r\n__sentinel__:hello\r\n:1\r\n";
const MESSAGE: &[u8] = b"*3\r\n$7\r\nmessage\r\n$18\r\n__sentinel__:hello\r\n$9\r\nnot,hello\r\n";

fn endless(words: &[String], of: &str, first: &[u8], again: &[u8]) -> Answer {
    if words[0] == of { Answer::Forever(first.to_vec(), again.repeat(64 * 1024 / again.len())) } else { honest(words) }
}

#[test]
fn nodes_that_lie_harm_nobody_but_their_groups() {
    let mut i = Installation::start(1, &[]);
    let master = i.nodes[0];
    let liars: Vec<(&str, Fake)> = LIARS.iter().map(|(lie, answer)| (*lie, Fake::start(answer))).collect();
    let mut directives = monitor(GROUP, master);
    for (at, (_, liar)) in liars.iter().enumerate() {
        directives.push_str(&monitor(&format!("liar-{at}"), liar.port));
    }
    for directives in [&directives, &monitor(GROUP, master)] {
        i.add_sentinel(Program::Ours, directives);
    }
    i.wait_until_known();
    let sentinel = i.sentinels[0];

    let mut most_kib = 0;
    for (lie, liar) in &liars {
        wait(&format!("{lie} is heard"), || {
            most_kib = most_kib.max(i.memory_kib(sentinel));
            assert_eq!(command::<String>(sentinel, &["PING"]).as_deref(), Some("PONG"), "while it hears {lie}");
            (liar.asked() >= HEARD || liar.connected() >= HEARD).then_some(())
        });
    }
    println!("{most_kib} KiB at most");
    assert!(most_kib < MEMORY_KIB_MAX, "{most_kib} KiB");

    i.kill(master);
    i.wait_for_new_master(master);
    // What the liars said has not made the file one that cannot be read.
    i.kill(sentinel);
    i.start_sentinel(sentinel, Program::Ours);
    let groups: Vec<Vec<String>> = ask(sentinel, &["MASTERS"]).unwrap();
    assert_eq!(groups.len(), 1 + liars.len());
    assert!(!i.log(sentinel).contains("skipped"), "{}", i.log(sentinel));
    // It may have been killed before it had written down what it said, and hears it from the other one then.
    wait("the new master is known", || (master_of(sentinel) == Some(i.nodes[1])).then_some(()));
}
