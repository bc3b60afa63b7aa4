//! An address that moves with the master: three hosts on a switch, agents without rights beyond the network's, and a host that watches.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "vip/observer.rs"]
mod observer;
#[path = "vip/script.rs"]
mod script;
#[path = "vip/site.rs"]
mod site;
mod support;

use observer::boot_ms;
use site::{DOWN_AFTER_MS, SENTINEL_PORT, Site};
use support::{GROUP, Program, wait};

/// A client is to be served again so long after the master fell silent.
const SERVED_WITHIN_MS: f64 = DOWN_AFTER_MS + 1000.0;

/// How long it took from the promotion until the new host had the address, in milliseconds.
fn taken_after_promotion(site: &Site, since: f64, new: usize) -> f64 {
    wait("the promotion and its end were seen", || {
        let seen = site.observer.seen();
        let promoted = seen.first(since, "event", |e| e.text("name") == "+promoted-slave")?.t;
        Some(seen.first(promoted, "held", |e| e.hosts() == [new])?.t - promoted)
    })
}

/// When the new master took the first write by way of the address.
fn served_again(site: &Site, since: f64, new: usize) -> f64 {
    let seen = site.observer.seen();
    seen.first(since, "served", |e| e.text("by") == support::network::address(new)).expect("it is served again").t
}

fn moves_when_the_master_is_killed(nodes: Program) {
    let mut site = Site::start(nodes);
    let before = site.observer.seen().entries.len();
    let killed = site.signal("-KILL", &[site.node(0)]);
    site.wait_for_end(site.node(0));
    let new = site.wait_for_another(0);
    let seen = site.observer.seen();
    let mac = site.mac(new);
    println!("taken {:.0} ms after the promotion", taken_after_promotion(&site, killed, new));
    let served = served_again(&site, killed, new) - killed;
    println!("served again {served:.0} ms after the kill");
    assert!(served <= SERVED_WITHIN_MS, "{served}");

    // Both ways of saying it, to everybody, for both addresses.
    let announced: Vec<_> =
        seen.entries[before..].iter().filter(|e| e.kind == "garp" && e.text("mac") == mac).collect();
    for operation in [1, 2] {
        let count =
            announced.iter().filter(|e| e.number("op") == operation && e.text("to") == "ff:ff:ff:ff:ff:ff").count();
        assert!(count >= 2, "operation {operation}: {count}");
    }
    let advertised = seen.first(killed, "na", |e| e.text("mac") == mac).expect("an advertisement");
    assert!(advertised.is("override") && advertised.is("sound"), "RFC 4861, 4.4");
    assert_eq!(advertised.number("hops"), 255);
    let taken = announced[0].t;
    wait("it is announced again a second later", || {
        site.observer.seen().first(taken + 900.0, "garp", |e| e.text("mac") == mac).map(drop)
    });

    site.start_node(0);
    site.wait_until_known();
    assert_eq!(site.status(new)["holding"], true);
    assert_eq!(site.status(0)["holding"], false, "who comes back is a replica");
    site.observer.seen().assert_one_holder();
}

#[test]
fn it_moves_when_the_master_is_killed() {
    moves_when_the_master_is_killed(Program::Ours);
}

#[test]
fn it_moves_when_a_redis_server_is_killed() {
    moves_when_the_master_is_killed(Program::Real);
}

#[test]
fn it_moves_when_the_master_freezes() {
    let site = Site::start(Program::Ours);
    let frozen = site.signal("-STOP", &[site.node(0)]);
    let new = site.wait_for_another(0);
    let served = served_again(&site, frozen, new) - frozen;
    println!("served again {served:.0} ms after the master froze");
    assert!(served <= SERVED_WITHIN_MS, "{served}");
    site.signal("-CONT", &[site.node(0)]);
    site.wait_until_known();
    site.wait_for_holder(new);
    site.observer.seen().assert_one_holder();
}

/// The node lives, so nobody else becomes the master: but nobody may hold the address without a lease.
#[test]
fn it_goes_when_the_agent_freezes_and_comes_back_with_it() {
    let site = Site::start(Program::Ours);
    let frozen = site.signal("-STOP", &[site.agent(0)]);
    wait("it is removed", || site.observer.seen().first(frozen, "held", |e| e.hosts().is_empty()).map(drop));
    let seen = site.observer.seen();
    let gone = seen.first(frozen, "held", |e| e.hosts().is_empty()).unwrap().t - frozen;
    println!("gone {gone:.0} ms after the agent froze");
    assert!(gone <= DOWN_AFTER_MS + 100.0, "a lease ends no later than the node would be down: {gone}");
    site.signal("-CONT", &[site.agent(0)]);
    site.wait_for_holder(0);
    site.observer.seen().assert_one_holder();
}

fn moves_when_all_of_these_freeze(pids: impl Fn(&Site) -> Vec<u32>) {
    let site = Site::start(Program::Ours);
    let pids = pids(&site);
    let frozen = site.signal("-STOP", &pids);
    let new = site.wait_for_another(0);
    println!("taken {:.0} ms after the promotion", taken_after_promotion(&site, frozen, new));
    let seen = site.observer.seen();
    let gone = seen.first(frozen, "held", |e| e.hosts().is_empty()).expect("gone before it is taken").t;
    let taken = seen.first(frozen, "held", |e| e.hosts() == [new]).expect("taken").t;
    println!("gone {:.0} ms after all froze, taken {:.0} ms after", gone - frozen, taken - frozen);
    assert!(gone < taken);
    site.signal("-CONT", &pids);
    site.wait_until_known();
    site.wait_for_holder(new);
    wait("the old agent knows", || (site.status(0)["holding"] == false).then_some(()));
    site.observer.seen().assert_one_holder();
}

#[test]
fn it_moves_when_master_and_agent_freeze() {
    moves_when_all_of_these_freeze(|site| vec![site.agent(0), site.node(0)]);
}

/// Nobody is left on the old host but its kernel.
#[test]
fn it_moves_when_master_agent_and_guardian_freeze() {
    moves_when_all_of_these_freeze(|site| vec![site.agent(0), site.guardian(0).unwrap(), site.node(0)]);
}

#[test]
fn it_moves_when_the_masters_host_is_cut_off() {
    let site = Site::start(Program::Ours);
    let cut = boot_ms();
    site.cut_off(0, true);
    let new = site.wait_for_another(0);
    let served = served_again(&site, cut, new) - cut;
    println!("served again {served:.0} ms after the cut");
    assert!(served <= SERVED_WITHIN_MS, "{served}");
    assert_eq!(site.status(0)["holding"], false, "whoever is cut off gives it up by itself");
    site.cut_off(0, false);
    site.wait_until_known();
    site.wait_for_holder(new);
    site.observer.seen().assert_one_holder();
}

#[test]
fn it_moves_with_a_planned_switchover() {
    let site = Site::start(Program::Ours);
    let asked = boot_ms();
    wait("the switchover is accepted", || {
        site.ask(1, SENTINEL_PORT, &["SENTINEL", "FAILOVER", GROUP]).filter(|answer| answer == &["OK"])
    });
    let new = site.wait_for_another(0);
    let seen = site.observer.seen();
    let gone = seen.first(asked, "held", |e| e.hosts() != [0]).expect("gone").t;
    let taken = seen.first(asked, "held", |e| e.hosts() == [new]).expect("taken").t;
    println!("without an address for {:.0} ms", taken - gone);
    println!("taken {:.0} ms after the promotion", taken_after_promotion(&site, asked, new));
    assert!(taken - asked < DOWN_AFTER_MS, "what is given back is free at once: {}", taken - asked);
    site.wait_until_known();
    site.observer.seen().assert_one_holder();
}

#[test]
fn an_agent_that_is_killed_loses_it_and_one_that_follows_at_once_keeps_it() {
    let mut site = Site::start(Program::Ours);
    let killed = site.signal("-KILL", &[site.agent(0)]);
    site.wait_for_end(site.agent(0));
    site.start_agent(0);
    wait("the next one holds it", || site.agent_log(0).matches("Standing beside").nth(1).map(drop));
    let lease_later = boot_ms() + DOWN_AFTER_MS;
    wait("a lease has passed", || (boot_ms() > lease_later).then_some(()));
    assert!(site.observer.seen().first(killed, "held", |_| true).is_none(), "it never went");

    let killed = site.signal("-KILL", &[site.agent(0)]);
    site.wait_for_end(site.agent(0));
    wait("it is removed", || site.observer.seen().first(killed, "held", |e| e.hosts().is_empty()).map(drop));
    let gone = site.observer.seen().first(killed, "held", |e| e.hosts().is_empty()).unwrap().t - killed;
    assert!(gone <= DOWN_AFTER_MS + 100.0, "{gone}");
    site.start_agent(0);
    site.wait_for_holder(0);

    let asked = site.signal("-TERM", &[site.agent(0)]);
    site.wait_for_end(site.agent(0));
    let seen = site.observer.seen();
    assert!(boot_ms() - asked < 1000.0, "it ends at once");
    assert!(seen.last("held", |_| true).unwrap().hosts().is_empty(), "and takes the address away");
    site.start_agent(0);
    site.wait_for_holder(0);
    site.observer.seen().assert_one_holder();
}

#[test]
fn clients_are_cut_off_before_the_address_goes() {
    let mut site = Site::start(Program::Ours);
    let listener = site.listener();
    let asked = site.signal("-TERM", &[site.agent(0)]);
    let cut = wait("it is cut off", || {
        let text = std::fs::read_to_string(&listener).ok()?;
        text.lines().nth(1)?.parse::<f64>().ok()
    });
    let gone = wait("the address goes", || {
        site.observer.seen().first(asked, "held", |e| e.hosts().is_empty()).map(|entry| entry.t)
    });
    println!("cut off {:.0} ms and gone {:.0} ms after the request", cut - asked, gone - asked);
    // The observer looks every ten milliseconds.
    assert!(cut <= gone + 15.0, "whoever only listens learns of it while the address is still here");
    assert_eq!(site.ask(0, site::DATA_PORT, &["SET", "a", "b"]).unwrap(), ["OK"], "the node is still the master");
}

#[test]
fn it_is_put_back_when_somebody_removes_it_and_announced_when_the_link_is_back() {
    let site = Site::start(Program::Ours);
    let mac = site.mac(0);
    let announced_after = |t: f64| site.observer.seen().first(t, "garp", |e| e.text("mac") == mac).map(|entry| entry.t);
    let since = boot_ms();
    wait("the announcements of the start are over", || (boot_ms() > since + 6000.0).then_some(()));
    let removed = boot_ms();
    site.remove_address(0);
    let back = wait("it is announced", || announced_after(removed));
    assert!(back - removed < 500.0, "{}", back - removed);
    site.wait_for_holder(0);

    let since = boot_ms();
    wait("these announcements are over", || (boot_ms() > since + 6000.0).then_some(()));
    let pulled = boot_ms();
    site.replug(0);
    wait("it is announced", || announced_after(pulled));
    site.wait_for_holder(0);
    site.observer.seen().assert_one_holder();
}

/// A host that has the address for no good reason cannot keep it from the master, nor hide.
#[test]
fn whoever_claims_it_without_a_lease_is_named_and_contradicted() {
    let mut site = Site::start(Program::Ours);
    let squatter = site.mac(site::HOSTS);
    site.squat();
    let killed = site.signal("-KILL", &[site.node(0)]);
    site.wait_for_end(site.node(0));
    let new = wait("it is taken all the same", || (1..site::HOSTS).find(|host| site.status(*host)["holding"] == true));
    assert_eq!(site.status(new)["conflict"]["mac"], squatter.as_str());
    assert!(site.agent_log(new).contains(&format!("is claimed by {squatter}")));
    println!("taken {:.0} ms after the promotion", taken_after_promotion(&site, killed, new));

    let mac = site.mac(new);
    wait("all announcements of the start are over", || {
        let seen = site.observer.seen();
        let taken = seen.first(killed, "held", |e| e.hosts() == [new])?.t;
        seen.first(taken + 4900.0, "garp", |e| e.text("mac") == mac).map(drop)
    });
    let claimed = boot_ms();
    site.claim();
    wait("it is contradicted", || site.observer.seen().first(claimed, "garp", |e| e.text("mac") == mac).map(drop));
}

#[test]
fn what_must_not_be_is_refused() {
    let site = Site::start(Program::Ours);
    let second = site.agent_in_vain(0, site::VIP, None);
    assert!(second.contains("another agent runs for this node"), "{second}");
    let elsewhere = tempfile::tempdir().unwrap();
    let own = support::network::address(0);
    let taken = site.agent_in_vain(0, &own, elsewhere.path().to_str());
    assert!(taken.contains("belongs to this host already"), "{taken}");
    let by_dhcp = "10.77.0.101/32";
    site.add_address(0, &[by_dhcp, "valid_lft", "600", "preferred_lft", "600"]);
    let taken = site.agent_in_vain(0, by_dhcp, elsewhere.path().to_str());
    assert!(taken.contains("belongs to this host already"), "{taken}");
    let otherwise = site.agent_in_vain(0, &format!("{}/24", site::VIP), elsewhere.path().to_str());
    assert!(otherwise.contains("with another prefix"), "{otherwise}");
    site.wait_for_holder(0);
}

/// The next agent finds the interface that is there then.
#[test]
fn an_agent_ends_with_its_interface() {
    let mut site = Site::start(Program::Ours);
    site.remove_interface(0);
    site.wait_for_end(site.agent(0));
    assert_eq!(site.status(0)["holding"], false, "{}", site.agent_log(0));
}
