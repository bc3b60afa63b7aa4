//! Fifty masters die at once.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::collections::BTreeMap;

use support::{Installation, Program, ask, field, info, wait};

const GROUPS: usize = 50;

fn name(group: usize) -> String {
    format!("group-{group}")
}

fn address(sentinel: u16, group: usize) -> Option<u16> {
    ask::<(String, u16)>(sentinel, &["GET-MASTER-ADDR-BY-NAME", &name(group)]).map(|(_, port)| port)
}

#[test]
fn fifty_masters_that_die_at_once_are_replaced() {
    let mut i = Installation::empty();
    let masters: Vec<u16> = (0..GROUPS).map(|_| i.add_node("")).collect();
    let replicas: Vec<u16> = masters.iter().map(|m| i.add_node(&format!("replicaof 127.0.0.1 {m}\n"))).collect();
    for replica in &replicas {
        wait("a replica follows", || info(*replica, "master_link_status")?.eq("up").then_some(()));
    }
    let groups: String = masters.iter().enumerate().map(|(g, master)| support::monitor(&name(g), *master)).collect();
    for _ in 0..3 {
        i.add_sentinel(Program::Ours, &groups);
    }
    for sentinel in &i.sentinels {
        wait("everybody is known", || {
            let all: Vec<Vec<String>> = ask(*sentinel, &["MASTERS"])?;
            let complete = |m: &Vec<String>| {
                field(m, "num-slaves").as_deref() == Some("1")
                    && field(m, "num-other-sentinels").as_deref() == Some("2")
                    && field(m, "flags").as_deref() == Some("master")
            };
            (all.len() == GROUPS && all.iter().all(complete)).then_some(())
        });
    }
    for master in &masters {
        i.kill(*master);
    }
    let expected: BTreeMap<usize, u16> = replicas.iter().copied().enumerate().collect();
    for sentinel in &i.sentinels {
        wait("all are replaced", || {
            let named: BTreeMap<usize, u16> = (0..GROUPS).filter_map(|g| Some((g, address(*sentinel, g)?))).collect();
            (named == expected).then_some(())
        });
        assert!(!i.log(*sentinel).contains("+tilt"), "a burst of work is no pause");
    }
    for replica in &replicas {
        assert_eq!(info(*replica, "role").unwrap(), "master");
    }
}
