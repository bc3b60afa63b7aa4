//! Masters that are none: whatever they send, the data here stay, and clients are served.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "replica/nodes.rs"]
#[expect(dead_code, reason = "other tests need the rest")]
mod nodes;
#[path = "replica/scripted.rs"]
mod scripted;

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};

use bongsu_store::random::Random;
use nodes::{Client, Ours};
use scripted::{ID, full, meet, see_off, sized};

/// What it answers to `PSYNC`, after which it hangs up, or waits to be left.
struct Script {
    name: &'static str,
    answer: Vec<u8>,
    hangs_up: bool,
}

fn script(name: &'static str, answer: impl Into<Vec<u8>>, hangs_up: bool) -> Script {
    Script { name, answer: answer.into(), hangs_up }
}

/// A snapshot with one key, and a checksum that is right or wrong.
fn snapshot(sum: &[u8; 8]) -> Vec<u8> {
    let mut bytes = b"REDIS0010\xfe\x00\xfb\x01\x00\x00\x03new\x04data\xff".to_vec();
    bytes.extend_from_slice(sum);
    bytes
}

fn marked(payload: &[u8]) -> Vec<u8> {
    let mark = "m".repeat(40);
    full(&[format!("$EOF:{mark}\r\n").as_bytes(), payload, mark.as_bytes()].concat())
}

fn scripts() -> Vec<Script> {
    let wrong = snapshot(&[7; 8]);
    let cut = &wrong[..20];
    // No checksum, and a length that no memory holds.
    let monster = b"REDIS0010\xfe\x00\x00\x81\xff\xff\xff\xff\xff\xff\xff\xf0key";
    let many = b"REDIS0010\xfe\x00\x02\x03set\x81\x00\xff\xff\xff\xff\xff\xff\xff\x01x";
    let mut all = vec![
        script("nothing", "", true),
        script("a lone line", "+FULLRESYNC", true),
        script("no name", "+FULLRESYNC x 1\r\n", false),
        script("an offset that is none", format!("+FULLRESYNC {ID} -7\r\n"), false),
        script("a continuation of nothing", "+CONTINUE nonsense\r\n", false),
        script("a line without end", "x".repeat(100_000), false),
        script("empty lines only", "\n".repeat(100_000), true),
        script("an error instead of data", full(b"-ERR no\r\n"), false),
        script("no frame", full(b"*1\r\n$4\r\nPING\r\n"), false),
        script("a frame of nothing", full(b"$0\r\n"), false),
        script("a huge frame", full(b"$9223372036854775807\r\nREDIS0010"), true),
        script("a mark that is too short", full(b"$EOF:abc\r\n"), false),
        script("a wrong checksum", sized(&wrong), false),
        script("a wrong checksum, marked", marked(&wrong), false),
        script("less than announced", full(&[b"$1000\r\n", &wrong[..]].concat()), true),
        script("an early end", sized(cut), false),
        script("an early end, marked", marked(cut), false),
        script("no mark", full(&[format!("$EOF:{}\r\n", "m".repeat(40)).as_bytes(), &wrong].concat()), true),
        script("a string without end", sized(monster), false),
        script("a set without end", marked(many), false),
        script("no snapshot", sized(b"something else entirely"), false),
    ];
    let mut random = Random::new([9, 8, 7, 6]);
    for round in 0..20 {
        let len = random.below(300) as usize;
        let noise: Vec<u8> = (0..len).map(|_| random.below(256) as u8).collect();
        let answer = match round % 4 {
            0 => noise,
            1 => full(&noise),
            2 => sized(&[b"REDIS0010\xfe\x00".as_slice(), &noise].concat()),
            _ => marked(&[b"REDIS0009\xfe\x00".as_slice(), &noise].concat()),
        };
        all.push(script("noise", answer, true));
    }
    all
}

#[track_caller]
fn assert_unharmed(client: &mut Client, name: &str) {
    assert_eq!(client.ask("GET own"), "data", "{name}");
    assert_eq!(client.ask("DBSIZE"), "1", "{name}");
    assert_ne!(client.info("master_link_status"), "up", "{name}");
}

fn resist(options: &str) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let ours = Ours::start(options);
    let mut client = ours.client();
    client.expect("SET own data", "OK");
    let port = listener.local_addr().unwrap().port();
    let again = format!("REPLICAOF 127.0.0.1 {port}");
    client.expect(&again, "OK");
    for Script { name, answer, hangs_up } in scripts() {
        let mut stream = meet(&listener);
        // It may hang up before it has read all.
        let _ = stream.write_all(&answer);
        if hangs_up {
            drop(stream);
        } else {
            see_off(stream);
        }
        assert_unharmed(&mut client, name);
        // Nobody has to wait for the next attempt.
        client.expect("REPLICAOF NO ONE", "OK");
        client.expect(&again, "OK");
    }
}

#[test]
fn nothing_that_is_no_data_replaces_any() {
    resist("repl-diskless-load swapdb");
}

#[test]
fn nor_if_it_is_put_away_first() {
    resist("repl-diskless-load disabled");
}

#[test]
fn nor_if_it_would_take_the_place_of_the_old() {
    resist("replica-load-in-place yes");
}

#[test]
fn a_stream_that_makes_no_sense_ends_the_link() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let ours = Ours::start("");
    let mut client = ours.client();
    client.expect(&format!("REPLICAOF 127.0.0.1 {}", listener.local_addr().unwrap().port()), "OK");
    let good = sized(&snapshot(&[0; 8]));
    let request = |words: &str| {
        format!("*{}\r\n", words.split(' ').count())
            + &words.split(' ').map(|word| format!("${}\r\n{word}\r\n", word.len())).collect::<String>()
    };
    for stream in [
        "SET new inline\r\n".to_owned(),
        "*1\r\n:1\r\n".to_owned(),
        "*-5\r\n$99999999999999\r\n".to_owned(),
        "*2\r\n$3\r\nGET\r\n$-7\r\n".to_owned(),
        request("QUIT"),
    ] {
        let mut link = meet(&listener);
        link.write_all(&good).unwrap();
        client.until("master_link_status", "up");
        link.write_all(request("SET new data2").as_bytes()).unwrap();
        client.until_reply("GET new", "data2");
        link.write_all(stream.as_bytes()).unwrap();
        see_off(link);
        client.expect("GET new", "data2");
    }
    // What nobody says to replicas has no effect, and what cannot be done is noted.
    let mut link = meet(&listener);
    link.write_all(&good).unwrap();
    client.until("master_link_status", "up");
    let errors: u64 = client.info("unexpected_error_replies").parse().unwrap();
    for words in ["REPLICAOF NO ONE", "SHUTDOWN NOSAVE", "CONFIG SET dir /", "NONSENSE", "INCR new", "SELECT 99"] {
        link.write_all(request(words).as_bytes()).unwrap();
    }
    client.until("unexpected_error_replies", &(errors + 6).to_string());
    for words in ["MULTI", "INCR new", "SET other 1", "EXEC", "PING"] {
        link.write_all(request(words).as_bytes()).unwrap();
    }
    client.until_reply("GET other", "1");
    client.until("unexpected_error_replies", &(errors + 7).to_string());
    client.expect("GET new", "data");
    assert_eq!(client.info("role"), "slave");
    assert_eq!(client.info("master_link_status"), "up");
}
