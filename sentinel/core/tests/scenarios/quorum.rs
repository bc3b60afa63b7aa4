//! Scenarios of SENTINEL CKQUORUM. Protocol section 1.3.

use bongsu_sentinel_core::QuorumCheck;

use crate::support::{GROUP, World, options};

fn check(w: &World) -> QuorumCheck {
    w.core(0).check_quorum(GROUP).unwrap()
}

#[test]
fn who_is_up_counts_for_both_but_a_majority_is_of_all() {
    let mut w = World::settled(5, 0, &options(2));
    assert_eq!(check(&w), QuorumCheck { usable: 5, quorum_ok: true, majority_ok: true });
    w.kill_sentinel(4);
    w.kill_sentinel(3);
    w.run_for(3000);
    assert_eq!(check(&w), QuorumCheck { usable: 3, quorum_ok: true, majority_ok: true });
    w.kill_sentinel(2);
    w.run_for(3000);
    assert_eq!(check(&w), QuorumCheck { usable: 2, quorum_ok: true, majority_ok: false });
    w.kill_sentinel(1);
    w.run_for(3000);
    assert_eq!(check(&w), QuorumCheck { usable: 1, quorum_ok: false, majority_ok: false });
}

#[test]
fn a_quorum_that_cannot_be_reached_is_told() {
    let w = World::settled(3, 0, &options(4));
    assert_eq!(check(&w), QuorumCheck { usable: 3, quorum_ok: false, majority_ok: true });
}
