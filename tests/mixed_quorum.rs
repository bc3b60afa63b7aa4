//! Our sentinels and Debian's in one quorum.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use support::{GROUP, Installation, Program, ask, info, master_of, wait};

fn kill_and_recover(programs: [Program; 3]) {
    let mut i = Installation::start(2, &programs);
    let old = i.nodes[0];
    i.kill(old);
    let new = i.wait_for_new_master(old);
    let other = i.nodes.iter().copied().find(|p| *p != old && *p != new).unwrap();
    wait("the other replica follows", || (info(other, "master_port")? == new.to_string()).then_some(()));
}

/// How often nodes are asked about themselves here, in milliseconds: a real sentinel notices changed roles only then.
const INFO_PERIOD_MS: &str = "2000";

/// The master freezes and comes back; then whoever is asked hands over, once each.
fn freeze_and_switch_by_hand(programs: [Program; 3]) {
    let i = Installation::start(2, &programs);
    for sentinel in &i.sentinels {
        ask::<String>(*sentinel, &["DEBUG", "info-period", INFO_PERIOD_MS]).unwrap();
    }
    let old = i.nodes[0];
    i.signal(old, "-STOP");
    i.wait_for_new_master(old);
    i.signal(old, "-CONT");
    i.wait_until_known();
    for sentinel in &i.sentinels {
        let before = master_of(*sentinel).unwrap();
        wait("the failover is accepted", || ask::<String>(*sentinel, &["FAILOVER", GROUP]));
        let new = i.wait_for_new_master(before);
        for node in i.nodes.iter().filter(|node| **node != new) {
            wait("the node follows", || (info(*node, "master_port")? == new.to_string()).then_some(()));
        }
        i.wait_until_known();
    }
}

#[test]
fn a_frozen_master_and_failovers_by_hand_with_one_real_sentinel() {
    freeze_and_switch_by_hand([Program::Real, Program::Ours, Program::Ours]);
}

#[test]
fn a_frozen_master_and_failovers_by_hand_with_two_real_sentinels() {
    freeze_and_switch_by_hand([Program::Real, Program::Real, Program::Ours]);
}

#[test]
fn one_real_and_two_of_ours() {
    kill_and_recover([Program::Real, Program::Ours, Program::Ours]);
}

#[test]
fn two_real_and_one_of_ours() {
    kill_and_recover([Program::Real, Program::Real, Program::Ours]);
}

/// Each real sentinel is replaced by ours on the file that it has written; then the master is killed.
#[test]
fn real_sentinels_are_replaced_one_by_one_on_their_files() {
    let mut i = Installation::start(2, &[Program::Real; 3]);
    for port in i.sentinels.clone() {
        i.kill(port);
        i.start_sentinel(port, Program::Ours);
        i.wait_until_known();
    }
    let old = i.nodes[0];
    i.kill(old);
    i.wait_for_new_master(old);
}
