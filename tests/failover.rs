//! Three of our sentinels over real data servers: the master dies or freezes, and clients find the new one.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::process::Command;

use redis::sentinel::Sentinel;
use support::{GROUP, Installation, Program, info, wait};

const OURS: [Program; 3] = [Program::Ours; 3];

#[test]
fn a_killed_master_is_replaced_and_comes_back_as_a_replica() {
    let mut i = Installation::start(2, &OURS);
    let old = i.nodes[0];
    i.kill(old);
    let new = i.wait_for_new_master(old);
    let other = i.nodes.iter().copied().find(|p| *p != old && *p != new).unwrap();
    wait("the other replica follows", || (info(other, "master_port")? == new.to_string()).then_some(()));
    i.start_node(old);
    wait("the old master follows", || (info(old, "master_port")? == new.to_string()).then_some(()));
}

#[test]
fn a_frozen_master_is_replaced() {
    let i = Installation::start(2, &OURS);
    let old = i.nodes[0];
    i.signal(old, "-STOP");
    let new = i.wait_for_new_master(old);
    i.signal(old, "-CONT");
    wait("the old master follows", || (info(old, "master_port")? == new.to_string()).then_some(()));
}

#[test]
fn client_libraries_find_the_master_before_and_after() {
    let mut i = Installation::start(1, &OURS);
    let old = i.nodes[0];
    let urls: Vec<String> = i.sentinels.iter().map(|p| format!("redis://127.0.0.1:{p}")).collect();
    let mut sentinel = Sentinel::build(urls).unwrap();
    let by_redis_rs = |s: &mut Sentinel| Some(s.master_for(GROUP, None).ok()?.get_connection_info().addr().to_string());
    assert_eq!(by_redis_rs(&mut sentinel).unwrap(), format!("127.0.0.1:{old}"));
    assert_eq!(by_redis_py(&i), old);
    i.kill(old);
    let new = i.wait_for_new_master(old);
    wait("redis-rs finds the new master", || (by_redis_rs(&mut sentinel)? == format!("127.0.0.1:{new}")).then_some(()));
    assert_eq!(by_redis_py(&i), new);
}

/// The master's port as redis-py discovers it.
fn by_redis_py(i: &Installation) -> u16 {
    let python = std::env::var("BONGSU_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let ports: Vec<String> = i.sentinels.iter().map(ToString::to_string).collect();
    let output = Command::new(python).arg("tests/clients/discover.py").arg(GROUP).args(ports).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}
