//! An agent on a host that refuses to change anything.

use bongsu_process::log::{LogLevel, LogTarget, Role, Shape, Timestamp};
use bongsu_sentinel_core::{Epoch, LeaseAnswer, LeaseRefusal, RunId};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

use super::*;
use crate::agent::sentinel::{Heard, SentinelError};
use crate::{Access, Endpoint};

/// On the loopback interface, which needs no rights until something is to be changed; the guardian guards nothing.
fn config(dir: &std::path::Path) -> AgentConfig {
    AgentConfig {
        group: "mymaster".to_owned(),
        node: "127.0.0.1:1".parse().expect("valid"),
        node_access: Access::default(),
        node_limit: Duration::from_secs(1),
        sentinels: Vec::new(),
        sentinel_access: Access::default(),
        vips: vec!["203.0.113.77".parse().expect("valid")],
        means: Means::Kernel { interface: Some("lo".to_owned()) },
        lease: Duration::from_secs(3),
        runtime_dir: dir.to_owned(),
        guardian: ["sh", "-c", "exec cat", "guardian"].map(str::to_owned).to_vec(),
    }
}

/// A keeper in a thread that may do nothing.
fn without_rights<F: Future>(test: impl FnOnce(Keeper) -> F) {
    let nothing = CapabilitySet::empty();
    let sets = CapabilitySets { effective: nothing, permitted: nothing, inheritable: nothing };
    set_capabilities(None, sets).expect("rights can be given up");
    let dir = tempfile::tempdir().expect("a directory");
    let (log, _guard) =
        Log::start(&LogTarget::Stdout, Role::Replica, LogLevel::Notice, Shape::default(), Timestamp::default())
            .expect("a log");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        test(Keeper::start(config(dir.path()), log).expect("started")).await;
    });
}

#[test]
fn a_lease_is_not_given_back_while_the_address_cannot_be_removed() {
    without_rights(|mut keeper| async move {
        let now = clock::now();
        keeper.holding = true;
        keeper.has_asked = true;
        keeper.known_until = now + Duration::from_secs(3);
        keeper.is_ending = true;
        let before = keeper.orders.borrow().releases;
        for _ in 0..3 {
            keeper.step().await;
        }
        assert!(keeper.holding, "it is still here");
        assert_eq!(keeper.orders.borrow().releases, before);
    });
}

#[test]
fn what_was_left_here_and_cannot_be_removed_is_tried_again() {
    without_rights(|keeper| async move {
        assert!(keeper.holding);
        assert_eq!(keeper.status.dropped, 0);
    });
}

/// A master that is heard again may ask again at once, while the network still carries what was sent before.
#[test]
fn only_what_another_node_may_need_is_given_back() {
    without_rights(|mut keeper| async move {
        keeper.carrier = Carrier::Nothing;
        let given_back = |keeper: &Keeper| keeper.orders.borrow().releases;
        for (why, releases) in [
            (Why::NoLease, 0),
            (Why::NodeSilent, 0),
            (Why::NodeGone { error: String::new() }, 0),
            (Why::Replaced, 1),
            (Why::NotMaster { role: "slave".to_owned() }, 2),
        ] {
            keeper.holding = true;
            keeper.has_asked = true;
            keeper.let_go(clock::now(), why.clone()).await;
            keeper.stay_without(clock::now(), &why);
            assert!(!keeper.holding);
            assert_eq!(given_back(&keeper), releases, "{why}");
        }
    });
}

#[test]
fn a_sentinel_that_has_moved_is_asked_at_its_new_address() {
    without_rights(|mut keeper| async move {
        let endpoint = |port| Endpoint::new("127.0.0.1", port);
        let sentinel = RunId::from_bits([7; 20]);
        let refused = LeaseAnswer { epoch: Epoch::ZERO, voters: 1, verdict: Err(LeaseRefusal::Silent) };
        keeper.open_desk(endpoint(1));
        keeper.hear(Heard::Answer { by: endpoint(1), sentinel, sent: clock::now(), answer: refused });
        keeper.hear(Heard::Peers(vec![(sentinel, endpoint(2))]));
        assert_eq!(keeper.desks.len(), 1, "it is asked already");
        keeper.hear(Heard::Failed { by: endpoint(1), error: SentinelError::Closed });
        keeper.hear(Heard::Peers(vec![(sentinel, endpoint(2))]));
        assert_eq!(keeper.desks.len(), 2);
    });
}
