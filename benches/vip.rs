//! How long an address takes to follow the master: three hosts in network namespaces, watched by a fourth.
//!
//! `cargo bench --bench vip -- --rounds 10` hands over, kills and freezes masters, and needs root for the namespaces.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the run")]
#![allow(dead_code, reason = "the helpers are those of tests/vip.rs, which uses all of them")]

#[path = "../tests/vip/observer.rs"]
mod observer;
#[path = "../tests/vip/site.rs"]
mod site;
#[path = "../tests/support/mod.rs"]
mod support;

use clap::{Parser, ValueEnum};
use observer::boot_ms;
use site::{DOWN_AFTER_MS, SENTINEL_PORT, Site};
use support::{GROUP, Program, wait};

#[derive(Parser)]
struct Arguments {
    /// Changes of the master per row.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// What happens to the master.
    #[arg(long, value_delimiter = ',', default_value = "handover,kill,freeze")]
    faults: Vec<Fault>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum Fault {
    /// `SENTINEL FAILOVER`.
    Handover,
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Freeze,
}

/// Milliseconds of one change.
struct Times {
    /// From the promotion until the new host's kernel has the address.
    taken: f64,
    /// From the promotion until the first announcement arrives at another host.
    announced: f64,
    /// From the fault until a client that knows only the address is served again.
    served: f64,
}

fn main() {
    let arguments = Arguments::parse();
    println!("three hosts, three sentinels, down-after {DOWN_AFTER_MS} ms; milliseconds, median and worst");
    println!("fault     rounds  taken after promotion  announced after promotion  served after the fault");
    for fault in &arguments.faults {
        let mut site = Site::start(Program::Ours);
        let times: Vec<Times> = (0..arguments.rounds).map(|_| measure(&mut site, *fault)).collect();
        site.observer.seen().assert_one_holder();
        let column = |of: fn(&Times) -> f64| {
            let mut values: Vec<f64> = times.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            let at = |index: usize| values.get(index).copied().unwrap_or_default();
            format!("{:.0} / {:.0}", at(values.len() / 2), at(values.len().saturating_sub(1)))
        };
        let name = format!("{fault:?}").to_lowercase();
        let [taken, announced, served] = [column(|t| t.taken), column(|t| t.announced), column(|t| t.served)];
        println!("{name:<9} {:>6}  {taken:>21}  {announced:>25}  {served:>22}", times.len());
    }
}

fn measure(site: &mut Site, fault: Fault) -> Times {
    let old = wait("there is a master", || site.master());
    site.wait_for_holder(old);
    let at = match fault {
        Fault::Handover => {
            let at = boot_ms();
            let other = (old + 1) % site::HOSTS;
            wait("the hand-over is accepted", || {
                site.ask(other, SENTINEL_PORT, &["SENTINEL", "FAILOVER", GROUP]).filter(|answer| answer == &["OK"])
            });
            at
        }
        Fault::Kill => site.signal("-KILL", &[site.node(old)]),
        Fault::Freeze => site.signal("-STOP", &[site.node(old)]),
    };
    let new = site.wait_for_another(old);
    let mac = site.mac(new);
    let seen = site.observer.seen();
    let promoted = seen.first(at, "event", |e| e.text("name") == "+promoted-slave").expect("a promotion").t;
    let taken = seen.first(promoted, "held", |e| e.hosts() == [new]).expect("taken").t;
    let announced = seen.first(promoted, "garp", |e| e.text("mac") == mac).expect("announced").t;
    let served = seen.first(at, "served", |e| e.text("by") == support::network::address(new)).expect("served again").t;
    match fault {
        Fault::Handover => {}
        Fault::Kill => {
            site.wait_for_end(site.node(old));
            site.start_node(old);
        }
        Fault::Freeze => {
            site.signal("-CONT", &[site.node(old)]);
        }
    }
    site.wait_until_known();
    Times { taken: taken - promoted, announced: announced - promoted, served: served - at }
}
