//! Decisions and their reasons, as people ask for them.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use support::{GROUP, Installation, Program, ask, command, field, try_command, wait};

#[test]
fn a_failover_can_be_explained_afterwards() {
    let mut i = Installation::start(2, &[Program::Ours; 3]);
    let (old, unwanted) = (i.nodes[0], i.nodes[2]);
    command::<String>(unwanted, &["CONFIG", "SET", "replica-priority", "0"]).unwrap();
    for sentinel in &i.sentinels {
        ask::<String>(*sentinel, &["DEBUG", "info-period", "500"]).unwrap();
        wait("the priority is known", || {
            let replicas: Vec<Vec<String>> = ask(*sentinel, &["REPLICAS", GROUP])?;
            replicas.iter().any(|r| field(r, "slave-priority").as_deref() == Some("0")).then_some(())
        });
    }
    i.kill(old);
    let new = i.wait_for_new_master(old);
    // Whoever led knows what it made of each replica.
    let (leader, candidates) = wait("the leader explains", || {
        let told = |sentinel: &u16| command::<Vec<Vec<String>>>(*sentinel, &["BONGSU", "EXPLAIN", GROUP]);
        i.sentinels.iter().find_map(|s| told(s).filter(|told| !told.is_empty()).map(|told| (*s, told)))
    });
    assert_eq!(candidates.len(), 2);
    assert_ne!(new, unwanted, "priority 0 is never promoted");
    for (replica, verdict, reason) in [(new, "chosen", ""), (unwanted, "rejected", "priority is 0")] {
        let address = format!("127.0.0.1:{replica}");
        let told = candidates.iter().find(|c| field(c, "replica") == Some(address.clone())).unwrap();
        assert_eq!(field(told, "verdict").unwrap(), verdict, "{told:?}");
        assert!(field(told, "reason").unwrap().contains(reason), "{told:?}");
    }

    let decisions: Vec<Vec<String>> = command(leader, &["BONGSU", "DECISIONS", GROUP]).unwrap();
    let texts: Vec<String> = decisions.iter().filter_map(|d| field(d, "decision")).collect();
    let times: Vec<u64> = decisions.iter().map(|d| field(d, "time").unwrap().parse().unwrap()).collect();
    assert!(times.is_sorted());
    let promoted = format!("127.0.0.1:{new} is the master of epoch");
    for step in [&format!("127.0.0.1:{old} is down"), "voted for", "elected", &promoted] {
        assert!(texts.iter().any(|text| text.contains(step)), "{step}: {texts:#?}");
    }
    let last: Vec<Vec<String>> = command(leader, &["BONGSU", "DECISIONS", GROUP, "1"]).unwrap();
    assert_eq!(last.len(), 1);
    let unknown = try_command::<Vec<Vec<String>>>(leader, &["BONGSU", "EXPLAIN", "nobody"]).unwrap().unwrap_err();
    assert!(unknown.to_string().contains("No such master with that name"), "{unknown}");
}
