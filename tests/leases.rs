//! Leases over the wire: to the master alone, to one holder at a time.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use support::{GROUP, Installation, Program, command, field, try_command, wait};

const HOLDERS: [&str; 2] = ["0123456789012345678901234567890123456789", "abcdefghijabcdefghijabcdefghijabcdefghij"];

/// On the holder's clock.
const SENT: &str = "1000";

fn lease(sentinel: u16, holder: &str, node: u16) -> Vec<String> {
    command(sentinel, &["BONGSU", "LEASE", GROUP, holder, "127.0.0.1", &node.to_string(), "3000", SENT]).unwrap()
}

fn release(sentinel: u16, holder: &str) -> u32 {
    command(sentinel, &["BONGSU", "RELEASE", GROUP, holder, SENT]).unwrap()
}

#[test]
fn one_holder_at_a_time() {
    let i = Installation::start(1, &[Program::Ours]);
    let (sentinel, master, replica) = (i.sentinels[0], i.nodes[0], i.nodes[1]);
    assert_eq!(field(&lease(sentinel, HOLDERS[0], replica), "refused").unwrap(), "not-master");
    let told = wait("it grants again some time after its start", || {
        let told = lease(sentinel, HOLDERS[0], master);
        let refused = field(&told, "refused");
        assert!(refused.as_deref().is_none_or(|word| word == "started"), "{told:?}");
        refused.is_none().then_some(told)
    });
    let my_id: String = command(sentinel, &["SENTINEL", "MYID"]).unwrap();
    assert_eq!(field(&told, "run-id").unwrap(), my_id);
    assert_eq!((field(&told, "epoch").unwrap(), field(&told, "voters").unwrap()), ("0".to_owned(), "1".to_owned()));
    assert!((1..=3000).contains(&field(&told, "granted-ms").unwrap().parse::<u64>().unwrap()), "{told:?}");

    let listed: Vec<Vec<String>> = command(sentinel, &["BONGSU", "LEASES"]).unwrap();
    assert_eq!(listed.len(), 1);
    let shown = |name| field(&listed[0], name).unwrap();
    assert_eq!((shown("master"), shown("holder")), (GROUP.to_owned(), HOLDERS[0].to_owned()));
    assert_eq!(shown("node"), format!("127.0.0.1:{master}"));
    assert!(shown("left-ms").parse::<u64>().unwrap() <= 3000);

    let told = lease(sentinel, HOLDERS[1], master);
    assert_eq!(field(&told, "refused").unwrap(), "held");
    assert_eq!(field(&told, "node").unwrap(), format!("127.0.0.1:{master}"));
    assert!(field(&told, "left-ms").unwrap().parse::<u64>().unwrap() <= 3000);
    let told = lease(sentinel, HOLDERS[1], replica);
    assert_eq!(field(&told, "master").unwrap(), format!("127.0.0.1:{master}"));

    assert_eq!(release(sentinel, HOLDERS[1]), 0);
    assert_eq!(release(sentinel, HOLDERS[0]), 1);
    assert!(command::<Vec<Vec<String>>>(sentinel, &["BONGSU", "LEASES"]).unwrap().is_empty());
    assert!(field(&lease(sentinel, HOLDERS[1], master), "granted-ms").is_some());
}

#[test]
fn wrong_requests_are_told_what_is_wrong() {
    let i = Installation::start(0, &[Program::Ours]);
    for (words, expected) in [
        (["nobody", HOLDERS[0], "127.0.0.1", "6379", "1", SENT], "No such master"),
        ([GROUP, "me", "127.0.0.1", "6379", "1", SENT], "40 printable"),
        ([GROUP, HOLDERS[0], "127.0.0.1", "0", "1", SENT], "port"),
        ([GROUP, HOLDERS[0], "127.0.0.1", "6379", "0", SENT], "positive"),
        ([GROUP, HOLDERS[0], "127.0.0.1", "6379", "1", "-1"], "clock"),
    ] {
        let request = [&["BONGSU", "LEASE"][..], &words].concat();
        let error = try_command::<Vec<String>>(i.sentinels[0], &request).unwrap().unwrap_err().to_string();
        assert!(error.contains(expected), "{words:?}: {error}");
    }
    let short = try_command::<Vec<String>>(i.sentinels[0], &["BONGSU", "LEASE", GROUP]).unwrap().unwrap_err();
    assert!(short.to_string().contains("wrong number of arguments"), "{short}");
}
