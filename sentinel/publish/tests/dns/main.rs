//! The target of DNS against BIND 9 and Knot DNS, and against servers that behave badly. Installed by tests/run.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod given;
mod raw;
mod servers;
mod updates;
mod witnesses;
