//! Scenarios: what several sentinels do when something happens to the nodes they watch.
#![allow(clippy::unwrap_used, missing_docs, reason = "a scenario that cannot be set up is a failed test")]

mod aborts;
mod amnesia;
mod announce;
mod configured;
mod crowd;
mod displaced;
mod elections;
mod failover;
mod gossip;
mod handover;
mod headless;
mod hello;
mod hooks;
mod leases;
mod links;
mod odown;
mod quorum;
mod reconfigure;
mod reset;
mod sdown;
mod selection;
mod strays;
mod support;
mod tilt;
mod votes;
mod writes;
