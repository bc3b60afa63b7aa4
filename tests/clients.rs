//! What a client sees while the master changes: the answers of a sentinel at any moment, and its announcement.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use redis::sentinel::Sentinel;
use support::resp::{Element, Wire};
use support::{GROUP, Installation, Program, wait};

fn words(text: &str) -> Vec<Vec<u8>> {
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

/// A connection that speaks RESP3.
fn resp3(port: u16) -> Wire {
    let mut wire = Wire::connect(port);
    wire.send(&words("HELLO 3"));
    let hello = wire.read("HELLO 3").unwrap();
    assert!(matches!(&hello, Element::Aggregate("map", fields) if fields.iter().any(|f| f.text() == "sentinel")));
    wire
}

fn master_by(wire: &mut Wire) -> u16 {
    wire.send(&words(&format!("SENTINEL GET-MASTER-ADDR-BY-NAME {GROUP}")));
    match wire.read("the address of the master").unwrap() {
        Element::Aggregate("array", parts) => parts[1].text().parse().unwrap(),
        other => panic!("no address: {other:?}"),
    }
}

#[test]
fn a_resp3_client_is_told_of_the_new_master_on_the_connection_that_it_asks_on() {
    let mut i = Installation::start(1, &[Program::Ours; 3]);
    let (old, new) = (i.nodes[0], i.nodes[1]);
    let mut wire = resp3(i.sentinels[0]);
    wire.send(&words("SUBSCRIBE +switch-master"));
    assert!(matches!(wire.read("SUBSCRIBE").unwrap(), Element::Aggregate("push", _)));
    assert_eq!(master_by(&mut wire), old, "requests go on beside a subscription");
    i.kill(old);
    let Some(Element::Aggregate("push", message)) = wire.next() else { panic!("no announcement") };
    let text: Vec<&str> = message.iter().map(Element::text).collect();
    let announced = format!("{GROUP} 127.0.0.1 {old} 127.0.0.1 {new}");
    assert_eq!(text, ["message", "+switch-master", &announced]);
    assert_eq!(master_by(&mut wire), new, "what is announced is answered too");
}

/// Whenever it is asked, a sentinel names the old master until it names the new one.
#[test]
fn answers_change_once_from_the_old_master_to_the_new_one() {
    let mut i = Installation::start(1, &[Program::Ours; 3]);
    let (old, new) = (i.nodes[0], i.nodes[1]);
    let stop = AtomicBool::new(false);
    let answers: Vec<Vec<u16>> = std::thread::scope(|scope| {
        let stop = &stop;
        let askers = i.sentinels.clone().into_iter().map(|port| {
            scope.spawn(move || {
                let (mut wire, mut seen) = (resp3(port), Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    seen.push(master_by(&mut wire));
                    seen.dedup();
                }
                seen
            })
        });
        let askers: Vec<_> = askers.collect();
        i.kill(old);
        i.wait_for_new_master(old);
        stop.store(true, Ordering::Relaxed);
        askers.into_iter().map(|asker| asker.join().unwrap()).collect()
    });
    assert_eq!(answers, vec![vec![old, new]; 3]);
}

/// A library that is used throughout fails only with errors of the connection, and ends up at the new master.
#[test]
fn redis_rs_finds_its_way_while_the_master_changes() {
    let mut i = Installation::start(1, &[Program::Ours; 3]);
    let (old, new) = (i.nodes[0], i.nodes[1]);
    let urls: Vec<String> = i.sentinels.iter().map(|p| format!("redis://127.0.0.1:{p}")).collect();
    let mut sentinel = Sentinel::build(urls).unwrap();
    let mut write = || {
        let client = sentinel.master_for(GROUP, None)?;
        let mut connection = client.get_connection()?;
        redis::cmd("SET").arg("key").arg("value").query::<()>(&mut connection)?;
        Ok::<_, redis::RedisError>(client.get_connection_info().addr().to_string())
    };
    assert_eq!(write().unwrap(), format!("127.0.0.1:{old}"));
    i.kill(old);
    let at = wait("it writes again", || match write() {
        Ok(at) => Some(at),
        // The library checks the role of what it is told; until the switch it is told a dead node.
        Err(error) => {
            use redis::ErrorKind::{Io, MasterNameNotFoundBySentinel};
            assert!(matches!(error.kind(), Io | MasterNameNotFoundBySentinel), "{error}");
            None
        }
    });
    assert_eq!(at, format!("127.0.0.1:{new}"));
}

/// One client object of redis-py writes all the time.
#[test]
fn redis_py_finds_its_way_while_the_master_changes() {
    let mut i = Installation::start(1, &[Program::Ours; 3]);
    let (old, new) = (i.nodes[0], i.nodes[1]);
    let python = std::env::var("BONGSU_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.arg("tests/clients/write.py").arg(GROUP).args(i.sentinels.iter().map(ToString::to_string));
    let mut client = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut masters = BufReader::new(client.stdout.take().unwrap());
    let mut first = String::new();
    masters.read_line(&mut first).unwrap();
    i.kill(old);
    let mut rest = String::new();
    masters.read_to_string(&mut rest).unwrap();
    let output = client.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((first.trim(), rest.trim()), (old.to_string().as_str(), new.to_string().as_str()));
}
