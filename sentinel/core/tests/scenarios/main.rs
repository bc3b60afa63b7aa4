//! Scenarios: what several sentinels do when something happens to the nodes they watch.
#![allow(clippy::unwrap_used, missing_docs, reason = "a scenario that cannot be set up is a failed test")]

mod failover;
mod gossip;
mod handover;
mod hello;
mod odown;
mod reset;
mod sdown;
mod strays;
mod support;
mod tilt;
mod votes;
