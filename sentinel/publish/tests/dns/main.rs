//! The target of DNS against BIND 9 and Knot DNS, and against servers that behave badly. Installed by tests/run.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod common_contract;
#[path = "../contract/mod.rs"]
mod contract;
mod fake;
mod faults;
mod given;
mod moves;
#[path = "../../../../tests/support/ports.rs"]
mod ports;
mod raw;
mod refusals;
mod servers;
mod updates;
mod witnesses;
