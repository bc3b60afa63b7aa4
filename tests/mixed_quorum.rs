//! Our sentinels and Debian's in one quorum.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use support::{Installation, Program, info, wait};

fn kill_and_recover(programs: [Program; 3]) {
    let mut i = Installation::start(2, &programs);
    let old = i.nodes[0];
    i.kill(old);
    let new = i.wait_for_new_master(old);
    let other = i.nodes.iter().copied().find(|p| *p != old && *p != new).unwrap();
    wait("the other replica follows", || (info(other, "master_port")? == new.to_string()).then_some(()));
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
