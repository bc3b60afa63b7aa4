//! What a change of the master costs its writers: acknowledged writes lost, and the longest outage.
//!
//! `cargo bench --bench set_test -- --rounds 20` runs hand-overs, kills and freezes of the master, with our sentinels and with
//! Debian's `redis-sentinel` beside them.

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use clap::{Parser, ValueEnum};
use support::writers::{Outcome, under_load};
use support::{GROUP, Installation, Program, ask, master_of, wait};

#[derive(Parser)]
struct Arguments {
    /// Changes of the master per row.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// What happens to the master.
    #[arg(long, value_delimiter = ',', default_value = "handover,kill,freeze")]
    faults: Vec<Fault>,
    /// Whose sentinels.
    #[arg(long, value_delimiter = ',', default_value = "ours,real")]
    sentinels: Vec<Kind>,
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

#[derive(Clone, Copy, ValueEnum, Debug)]
enum Kind {
    Ours,
    Real,
}

fn main() {
    let arguments = Arguments::parse();
    println!("three sentinels, down-after 1000 ms, one master, two replicas (redis-server), 8 writers");
    println!("fault     sentinels  rounds  acknowledged    lost  rounds with loss  outage ms: median     max");
    for fault in &arguments.faults {
        for kind in &arguments.sentinels {
            report(*fault, *kind, &measure(*fault, *kind, arguments.rounds));
        }
    }
}

fn measure(fault: Fault, kind: Kind, rounds: usize) -> Vec<Outcome> {
    let program = match kind {
        Kind::Ours => Program::Ours,
        Kind::Real => Program::Real,
    };
    let mut i = Installation::start(2, &[program; 3]);
    let sentinel = i.sentinels[0];
    let mut outcomes = Vec::new();
    for round in 0..rounds {
        let old = wait("there is a master", || master_of(sentinel));
        outcomes.push(under_load(sentinel, &format!("elements:{round}"), || {
            match fault {
                Fault::Handover => {
                    wait("the hand-over is accepted", || ask::<String>(sentinel, &["FAILOVER", GROUP]));
                }
                Fault::Kill => i.kill(old),
                Fault::Freeze => i.signal(old, "-STOP"),
            }
            i.wait_for_new_master(old);
        }));
        match fault {
            Fault::Handover => {}
            Fault::Kill => i.start_node(old),
            Fault::Freeze => i.signal(old, "-CONT"),
        }
        i.wait_until_known();
    }
    outcomes
}

fn report(fault: Fault, kind: Kind, outcomes: &[Outcome]) {
    let mut outages: Vec<Duration> = outcomes.iter().map(|outcome| outcome.outage).collect();
    outages.sort();
    let median = outages.get(outages.len() / 2).copied().unwrap_or_default();
    println!(
        "{:<9} {:<9} {:>7} {:>13} {:>7} {:>17} {:>18} {:>7}",
        format!("{fault:?}").to_lowercase(),
        format!("{kind:?}").to_lowercase(),
        outcomes.len(),
        outcomes.iter().map(|outcome| outcome.acknowledged).sum::<usize>(),
        outcomes.iter().map(|outcome| outcome.lost).sum::<usize>(),
        outcomes.iter().filter(|outcome| outcome.lost > 0).count(),
        median.as_millis(),
        outages.last().copied().unwrap_or_default().as_millis(),
    );
}
