//! What nobody should send and somebody will: the sentinel answers, forgets nothing and does its work all the same.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "bad_input/configurations.rs"]
mod configurations;
#[path = "bad_input/hellos.rs"]
mod hellos;
#[path = "bad_input/lies.rs"]
mod lies;
#[path = "bad_input/noise.rs"]
mod noise;
mod support;
