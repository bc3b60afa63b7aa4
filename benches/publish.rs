//! How soon after its promotion a master is shown by DNS, etcd and ZooKeeper, and whether a target that hangs delays a failover.
//!
//! `cargo bench --bench publish -- --rounds 10`. Times are from `+switch-master`, which a sentinel publishes in the millisecond of the
//! promotion, until somebody who asks the target in a loop is shown the new master; for ZooKeeper, and beside the others, what the
//! sentinel that published says of itself.

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use support::bind::Bind;
use support::etcd::Etcd;
use support::zookeeper::ZooKeeper;
use support::{GROUP, Installation, Program, ask, command, connect, master_of, monitor, wait};

#[derive(Parser)]
struct Arguments {
    /// Changes of the master per row.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Three sentinels, a master and two replicas, and targets of three types.
struct World {
    i: Installation,
    etcd: Etcd,
    bind: Bind,
}

fn start() -> World {
    let mut i = Installation::empty();
    let (etcd, bind, zookeeper) = (Etcd::start(&mut i), Bind::start(&mut i), ZooKeeper::start(&mut i));
    let master = i.add_node("");
    for _ in 0..2 {
        i.add_node(&format!("replicaof 127.0.0.1 {master}\n"));
    }
    let directives = format!(
        "{}publish store type etcd\npublish store endpoints http://127.0.0.1:{}\n\
         publish zoo type zookeeper\npublish zoo endpoints 127.0.0.1:{}\n{}",
        monitor(GROUP, master),
        etcd.port,
        zookeeper.port,
        bind.directives()
    );
    for _ in 0..3 {
        i.add_sentinel(Program::Ours, &directives);
    }
    i.wait_until_known();
    World { i, etcd, bind }
}

/// What the sentinels say of a target: milliseconds from the promotion, of the one that was first.
fn said(i: &Installation, target: &str, field: &str) -> Option<u64> {
    let views = i.sentinels.iter().filter_map(|port| {
        let views: Vec<HashMap<String, String>> = command(*port, &["BONGSU", "PUBLICATIONS", GROUP])?;
        views.into_iter().find(|view| view["target"] == target)?.get(field)?.parse().ok()
    });
    views.min()
}

fn in_sync(i: &Installation) -> Option<()> {
    let views =
        i.sentinels.iter().map(|port| command::<Vec<HashMap<String, String>>>(*port, &["BONGSU", "PUBLICATIONS"]));
    let all: Vec<_> = views.collect::<Option<Vec<_>>>()?.concat();
    (all.len() == 9 && all.iter().all(|view| view["state"] == "in-sync")).then_some(())
}

/// When the first sentinel says that the master has changed.
fn switch(sentinels: &[u16]) -> mpsc::Receiver<Instant> {
    let (tell, told) = mpsc::channel();
    for port in sentinels {
        let (tell, mut connection) = (tell.clone(), connect(*port).expect("a sentinel"));
        connection.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        thread::spawn(move || {
            let mut events = connection.as_pubsub();
            events.subscribe("+switch-master").expect("subscribed");
            if events.get_message().is_ok() {
                // Another one may have been first.
                let _ = tell.send(Instant::now());
            }
        });
    }
    told
}

/// When somebody who asks again and again is shown another master than `old`.
fn shown(old: u16, look: impl Fn() -> Option<u16> + Send + 'static) -> thread::JoinHandle<Instant> {
    thread::spawn(move || {
        let start = Instant::now();
        loop {
            if look().is_some_and(|port| port != old) {
                return Instant::now();
            }
            assert!(start.elapsed() < Duration::from_secs(60), "the target never shows the new master");
            thread::park_timeout(Duration::from_millis(1));
        }
    })
}

fn row(what: &str, times: &mut [f64]) {
    times.sort_by(f64::total_cmp);
    println!("{what:<44} {:>7.1} {:>7.1}", times[times.len() / 2], times[times.len() - 1]);
}

fn measure(world: &mut World, rounds: usize, kill: bool) {
    let mut times: [Vec<f64>; 5] = Default::default();
    for _ in 0..rounds {
        wait("everything is in sync", || in_sync(&world.i));
        let old = wait("there is a master", || master_of(world.i.sentinels[0]));
        let switched = switch(&world.i.sentinels);
        let (etcd, bind) = (world.etcd, world.bind);
        let by_etcd = shown(old, move || u16::try_from(etcd.record()?["primary"]["port"].as_u64()?).ok());
        let by_dns = shown(old, move || bind.port_of_master());
        if kill {
            world.i.kill(old);
        } else {
            wait("the hand-over is accepted", || ask::<String>(world.i.sentinels[0], &["FAILOVER", GROUP]));
        }
        let at = switched.recv_timeout(Duration::from_secs(60)).expect("a new master");
        for (times, shown) in times.iter_mut().zip([by_etcd, by_dns]) {
            times.push(shown.join().expect("shown").saturating_duration_since(at).as_secs_f64() * 1e3);
        }
        world.i.wait_for_new_master(old);
        wait("everything is in sync", || in_sync(&world.i));
        let fields =
            [("store", "accepted-after-ms"), ("zoo", "accepted-after-ms"), ("names", "authoritative-after-ms")];
        for (times, (target, field)) in times[2..].iter_mut().zip(fields) {
            times.push(said(&world.i, target, field).map_or(f64::NAN, |ms| f64::from(u32::try_from(ms).unwrap_or(0))));
        }
        if kill {
            world.i.start_node(old);
        }
        world.i.wait_until_known();
    }
    let what = if kill { "kill" } else { "hand-over" };
    let names = [
        "etcd shows the new master",
        "DNS shows the new master",
        "etcd took it (the sentinel's word)",
        "ZooKeeper took it (the sentinel's word)",
        "DNS is authoritative (the sentinel's word)",
    ];
    for (name, times) in names.iter().zip(&mut times) {
        row(&format!("{what}: {name}"), times);
    }
}

/// From the kill to the new master, with all targets there or all of them frozen.
fn delay(world: &mut World, rounds: usize) {
    let mut outages: [Vec<f64>; 2] = Default::default();
    for round in 0..2 * rounds {
        wait("everything is in sync", || in_sync(&world.i));
        let is_frozen = round % 2 == 1;
        let targets = [world.etcd.port, world.bind.port];
        for port in targets.iter().filter(|_| is_frozen) {
            world.i.signal(*port, "-STOP");
        }
        let old = wait("there is a master", || master_of(world.i.sentinels[0]));
        let switched = switch(&world.i.sentinels);
        let start = Instant::now();
        world.i.kill(old);
        let at = switched.recv_timeout(Duration::from_secs(60)).expect("a new master");
        outages[usize::from(is_frozen)].push((at - start).as_secs_f64() * 1e3);
        world.i.wait_for_new_master(old);
        for port in targets.iter().filter(|_| is_frozen) {
            world.i.signal(*port, "-CONT");
        }
        world.i.start_node(old);
        world.i.wait_until_known();
    }
    let [there, frozen] = &mut outages;
    row("kill to +switch-master, targets there", there);
    row("kill to +switch-master, targets frozen", frozen);
    println!("ratio of the medians: {:.3}", frozen[frozen.len() / 2] / there[there.len() / 2]);
}

fn main() {
    let arguments = Arguments::parse();
    let mut world = start();
    println!("milliseconds from the promotion, {} rounds: median, worst", arguments.rounds);
    measure(&mut world, arguments.rounds, false);
    measure(&mut world, arguments.rounds, true);
    delay(&mut world, arguments.rounds);
}
