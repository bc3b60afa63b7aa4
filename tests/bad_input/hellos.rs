//! Hellos and vote calls that no sentinel would send.

use crate::support::{GROUP, Installation, Program, ask, command, field, try_command, wait};

const PEER: &str = "0123456789abcdef0123456789abcdef01234567";

/// Hellos that mean nothing; `M` stands for the master's port.
const MALFORMED: &[&str] = &[
    "",
    ",",
    ",,,,,,,",
    "hello",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,5,mymaster,127.0.0.1,M",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,5,mymaster,127.0.0.1,M,5,5",
    "127.0.0.1,0,0123456789abcdef0123456789abcdef01234567,5,mymaster,127.0.0.1,M,5",
    "127.0.0.1,99999,0123456789abcdef0123456789abcdef01234567,5,mymaster,127.0.0.1,M,5",
    "127.0.0.1,-1,0123456789abcdef0123456789abcdef01234567,5,mymaster,127.0.0.1,M,5",
    "127.0.0.1,26379,0123456789abcdef,5,mymaster,127.0.0.1,M,5",
    "127.0.0.1,26379,*,5,mymaster,127.0.0.1,M,5",
    "127.0.0.1,26379,zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\r\n,5,mymaster,127.0.0.1,M,5",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,-5,mymaster,127.0.0.1,M,5",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,five,mymaster,127.0.0.1,M,5",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,99999999999999999999,mymaster,127.0.0.1,M,5",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,5,mymaster,127.0.0.1,0,99",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,5,mymaster,127.0.0.1,65536,99",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,5,mymaster,,M,99",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,5,mymaster,127.0.0.1,M,-1",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,5,,127.0.0.1,M,99",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,5,someone-elses,127.0.0.1,M,99",
    ",26379,0123456789abcdef0123456789abcdef01234567,5,mymaster,127.0.0.1,M,99",
    // Well-formed but for epochs that no vote could carry any more, after which no failover would ever be possible.
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,18446744073709551615,mymaster,127.0.0.1,M,5",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,9223372036854775807,mymaster,127.0.0.1,M,5",
    "127.0.0.1,26379,0123456789abcdef0123456789abcdef01234567,5,mymaster,127.0.0.1,M,18446744073709551615",
];

/// What a sentinel has learnt, and its epochs.
fn knowledge(sentinel: u16) -> Vec<String> {
    let master: Vec<String> = ask(sentinel, &["MASTER", GROUP]).unwrap();
    let names = ["ip", "port", "runid", "flags", "config-epoch", "num-slaves", "num-other-sentinels", "quorum"];
    let mut known: Vec<String> = names.iter().map(|name| field(&master, name).unwrap()).collect();
    let myself: Vec<String> = ask::<String>(sentinel, &["MYID"]).into_iter().collect();
    known.extend(myself);
    known
}

fn epochs_in_file(i: &Installation, sentinel: u16) -> Vec<String> {
    let text = std::fs::read_to_string(i.file(sentinel)).unwrap();
    text.lines().filter(|line| line.contains("epoch")).map(str::to_owned).collect()
}

#[test]
fn hellos_that_mean_nothing_change_nothing() {
    let mut i = Installation::start(1, &[Program::Ours; 3]);
    let (master, sentinel) = (i.nodes[0], i.sentinels[0]);
    let before = (knowledge(sentinel), epochs_in_file(&i, sentinel));
    let mut texts: Vec<Vec<u8>> =
        MALFORMED.iter().map(|text| text.replace(",M", &format!(",{master}")).into_bytes()).collect();
    texts.push(vec![b','; 1 << 20]);
    texts.push(b"127.0.0.1,26379,\xff\xfe\x00,5,mymaster,127.0.0.1,1,5".to_vec());
    texts.push(format!("{},26379,{PEER},5,mymaster,127.0.0.1,{master},5", "h".repeat(100_000)).into_bytes());
    texts.push(format!("127.0.0.1,26379,{PEER},5,{},127.0.0.1,{master},5", "g".repeat(100_000)).into_bytes());
    for text in &texts {
        for port in [master, i.nodes[1], sentinel] {
            let client = redis::Client::open(("127.0.0.1", port)).unwrap();
            let mut connection = client.get_connection().unwrap();
            redis::cmd("PUBLISH").arg("__sentinel__:hello").arg(text.as_slice()).query::<i64>(&mut connection).unwrap();
        }
    }
    // What arrives behind them has been read after them: a hello of a peer that does not exist but could.
    let last = format!("127.0.0.1,1,{PEER},0,{GROUP},127.0.0.1,{master},0");
    command::<i64>(master, &["PUBLISH", "__sentinel__:hello", &last]).unwrap();
    for port in &i.sentinels {
        wait("the last hello is heard", || {
            let peers: Vec<Vec<String>> = ask(*port, &["SENTINELS", GROUP])?;
            peers.iter().any(|peer| field(peer, "runid").as_deref() == Some(PEER)).then_some(())
        });
    }
    for port in &i.sentinels {
        assert_eq!(ask::<i64>(*port, &["RESET", GROUP]).unwrap(), 1);
    }
    i.wait_until_known();
    assert_eq!((knowledge(sentinel), epochs_in_file(&i, sentinel)), before);
    i.kill(master);
    i.wait_for_new_master(master);
}

/// Vote calls, and what is answered: an error, or neither an opinion nor a vote.
const CALLS: &[(&[&str], Option<&str>)] = &[
    (&[], Some("wrong number of arguments")),
    (&["127.0.0.1", "M", "9"], Some("wrong number of arguments")),
    (&["127.0.0.1", "M", "9", PEER, "more"], Some("wrong number of arguments")),
    (&["127.0.0.1", "port", "9", PEER], Some("not an integer")),
    (&["127.0.0.1", "M", "epoch", PEER], Some("not an integer")),
    (&["127.0.0.1", "M", "99999999999999999999", PEER], Some("not an integer")),
    (&["127.0.0.1", "M", "9223372036854775807", PEER], Some("not an integer")),
    (&["127.0.0.1", "M", "", PEER], Some("not an integer")),
    (&["127.0.0.1", "M", "-1", PEER], None),
    (&["127.0.0.1", "M", "9", ""], None),
    (&["127.0.0.1", "M", "9", "x"], None),
    (&["127.0.0.1", "M", "9", "0123456789abcdef0123456789abcdef012345678"], None),
    (&["127.0.0.1", "0", "9", PEER], None),
    (&["127.0.0.1", "-1", "9", PEER], None),
    (&["127.0.0.1", "65536", "9", PEER], None),
    (&["", "M", "9", PEER], None),
    (&["no such host", "M", "9", PEER], None),
    (&["999.999.999.999", "M", "9", PEER], None),
];

#[test]
fn vote_calls_that_mean_nothing_get_no_vote() {
    let mut i = Installation::start(1, &[Program::Ours; 3]);
    let (master, sentinel) = (i.nodes[0], i.sentinels[0]);
    let before = (knowledge(sentinel), epochs_in_file(&i, sentinel));
    let port = master.to_string();
    for (words, complaint) in CALLS {
        let words: Vec<&str> = words.iter().map(|word| if *word == "M" { &port } else { *word }).collect();
        let all = [&["SENTINEL", "IS-MASTER-DOWN-BY-ADDR"], words.as_slice()].concat();
        let answer = try_command::<(i64, String, u64)>(sentinel, &all).unwrap();
        match complaint {
            Some(text) => {
                assert!(answer.as_ref().is_err_and(|e| e.to_string().contains(text)), "{words:?}: {answer:?}")
            }
            None => assert_eq!(answer.unwrap(), (0, "*".to_owned(), 0), "{words:?}"),
        }
    }
    assert_eq!((knowledge(sentinel), epochs_in_file(&i, sentinel)), before);
    i.kill(master);
    i.wait_for_new_master(master);
}
