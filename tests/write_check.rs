//! Masters that answer but take no writes: full memory, full disk, frozen. Replaced where the group is configured for it.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;

use support::{GROUP, Installation, Program, ask, command, field, info, monitor, try_command, wait};

use Program::{Ours, Real};

const KEY: &str = "sentinels:write-check";

/// A master and two replicas of this program under three sentinels. Snapshots are configured, and none is due.
fn group(nodes: Program, directives: &str) -> (Installation, u16) {
    group_of(nodes, "", directives)
}

/// As [`group`], with directives of the data nodes.
fn group_of(nodes: Program, own: &str, directives: &str) -> (Installation, u16) {
    let mut i = Installation::empty();
    let own = format!("save 36000 1000000\n{own}");
    let master = i.add_node_of(nodes, &own);
    for _ in 0..2 {
        i.add_node_of(nodes, &format!("{own}replicaof 127.0.0.1 {master}\n"));
    }
    for replica in i.nodes[1..].iter().copied() {
        wait("a replica follows", || info(replica, "master_link_status")?.eq("up").then_some(()));
    }
    for _ in 0..3 {
        i.add_sentinel(Ours, &format!("{}{directives}", monitor(GROUP, master)));
    }
    i.wait_until_known();
    (i, master)
}

fn checked() -> String {
    format!("sentinel write-check-key {GROUP} {KEY}\n")
}

fn decisions(i: &Installation) -> Vec<String> {
    let of = |sentinel: &u16| command::<Vec<Vec<String>>>(*sentinel, &["BONGSU", "DECISIONS", GROUP]);
    i.sentinels.iter().filter_map(of).flatten().filter_map(|d| field(&d, "decision")).collect()
}

#[track_caller]
fn is_replaced(i: &Installation, master: u16, why: &str) {
    let new = i.wait_for_new_master(master);
    wait("the old master follows", || (info(master, "master_port")? == new.to_string()).then_some(()));
    let decisions = decisions(i);
    let down = format!("127.0.0.1:{master} is down: ");
    assert!(decisions.iter().any(|d| d.contains(&down) && d.contains(why)), "{why}: {decisions:#?}");
}

/// A replica dies and is held to be down: the master has had as long to be so.
#[track_caller]
fn stays(mut i: Installation, master: u16) {
    let replica = i.nodes[1];
    i.kill(replica);
    for sentinel in &i.sentinels {
        wait("the replica is down", || {
            let replicas: Vec<Vec<String>> = ask(*sentinel, &["REPLICAS", GROUP])?;
            let is_down = |r: &Vec<String>| {
                field(r, "port") == Some(replica.to_string()) && field(r, "flags").is_some_and(|f| f.contains("s_down"))
            };
            replicas.iter().any(is_down).then_some(())
        });
        let fields: Vec<String> = ask(*sentinel, &["MASTER", GROUP]).unwrap();
        assert_eq!(field(&fields, "flags").as_deref(), Some("master"));
    }
    assert_eq!(i.addresses(), vec![Some(master); 3]);
}

fn fill_memory(master: u16) {
    command::<String>(master, &["CONFIG", "SET", "maxmemory-policy", "noeviction"]).unwrap();
    command::<String>(master, &["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    let refused = try_command::<String>(master, &["SET", "a", "b"]).unwrap().unwrap_err();
    assert!(refused.to_string().contains("OOM"), "{refused}");
}

/// A directory stands where the snapshot is to be.
fn break_disk(i: &Installation, master: u16) {
    fs::create_dir(i.home(master).join("dump.rdb")).unwrap();
    command::<String>(master, &["BGSAVE"]).unwrap();
    wait("writes are refused", || {
        let refused = try_command::<String>(master, &["SET", "a", "b"])?.err()?;
        refused.to_string().contains("MISCONF").then_some(())
    });
}

#[test]
fn a_master_without_memory_is_replaced() {
    for nodes in [Real, Ours] {
        let (i, master) = group(nodes, &checked());
        wait("the check writes", || command::<String>(master, &["GET", KEY]).filter(|id| id.len() == 40));
        fill_memory(master);
        is_replaced(&i, master, "its memory is full");
    }
}

#[test]
fn a_master_without_memory_stays_where_nothing_is_configured() {
    for nodes in [Real, Ours] {
        let (i, master) = group(nodes, "");
        fill_memory(master);
        assert_eq!(command::<bool>(master, &["EXISTS", KEY]), Some(false));
        stays(i, master);
    }
}

#[test]
fn a_master_without_a_disk_is_replaced() {
    for nodes in [Real, Ours] {
        let (i, master) = group(nodes, &checked());
        break_disk(&i, master);
        is_replaced(&i, master, "cannot write to its disk");
    }
}

/// Redis answers heartbeats with this error, too, and those who watch it have always taken that for silence.
#[test]
fn without_the_option_a_master_without_a_disk_is_as_silent_as_it_is_for_others() {
    let (i, master) = group(Real, "");
    break_disk(&i, master);
    is_replaced(&i, master, "no valid answer");
}

#[test]
fn a_frozen_master_is_replaced() {
    for nodes in [Real, Ours] {
        let (i, master) = group(nodes, &checked());
        i.signal(master, "-STOP");
        i.wait_for_new_master(master);
        i.signal(master, "-CONT");
        is_replaced(&i, master, "no valid answer");
    }
}

#[test]
fn the_option_can_be_set_at_run_time() {
    let (i, master) = group(Real, "");
    fill_memory(master);
    for sentinel in &i.sentinels {
        assert_eq!(ask::<String>(*sentinel, &["SET", GROUP, "write-check-key", KEY]).as_deref(), Some("OK"));
        let fields: Vec<String> = ask(*sentinel, &["MASTER", GROUP]).unwrap();
        assert_eq!(field(&fields, "write-check-key").as_deref(), Some(KEY));
        assert!(fs::read_to_string(i.file(*sentinel)).unwrap().contains(&checked()));
    }
    is_replaced(&i, master, "its memory is full");
}

#[test]
fn a_check_that_may_not_write_is_told_and_counts_for_nothing() {
    let (i, master) = group_of(Real, "user default on nopass ~* &* +@all -set\n", &checked());
    wait("it is told", || {
        decisions(&i).iter().any(|d| d.contains("not checked") && d.contains("NOPERM")).then_some(())
    });
    stays(i, master);
}

/// A pause of writes holds whatever the check sends, and nothing else.
#[test]
fn a_hand_over_goes_on_as_without_it() {
    for nodes in [Real, Ours] {
        let (i, master) = group(nodes, &checked());
        wait("the check writes", || command::<String>(master, &["GET", KEY]).filter(|id| id.len() == 40));
        ask::<String>(i.sentinels[0], &["FAILOVER", GROUP, "COORDINATED"]).unwrap();
        let new = i.wait_for_new_master(master);
        wait("the new master is checked", || command::<u64>(new, &["PTTL", KEY]).filter(|left| *left > 59_000));
        assert!(!decisions(&i).iter().any(|d| d.contains("is down")), "{:#?}", decisions(&i));
    }
}
