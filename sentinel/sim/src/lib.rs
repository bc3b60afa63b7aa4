//! Deterministic simulator of a quorum of sentinels: many cores, a network, disks, data nodes, clients and real-sentinel
//! peers in one virtual world, in which everything goes wrong that can.
//!
//! One seed draws everything: the shape of the run, the faults, their times. A run has a safety phase, with faults, and a
//! liveness phase, in which they have ended and everybody must come to agree. Invariants watch from the first moment to the last.
//!
//! Sources: the method of FoundationDB and TigerBeetle's VOPR; the properties of the Sentinel documentation and of leader
//! election by epochs (Raft, sections 5.2 and 8).

#![forbid(unsafe_code)]

mod agent;
mod client;
mod data;
mod facts;
mod faults;
mod invariants;
mod mutant;
mod net;
mod real;
mod rng;
mod runner;
mod sentinel;
mod shape;
mod store;
mod transcript;
mod units;
mod world;

pub use mutant::Mutant;
pub use runner::{Failure, Report, Summary, hunt, run_many, run_seed, run_seed_verbosely, run_seed_with};
pub use store::StorePlan;
