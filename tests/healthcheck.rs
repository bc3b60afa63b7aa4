//! `bongsu healthcheck` against real groups, and against nodes in the conditions that it is to find.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

#[path = "healthcheck/check.rs"]
mod check;
#[path = "healthcheck/isolated.rs"]
mod isolated;
#[path = "healthcheck/published.rs"]
mod published;
#[path = "healthcheck/serve.rs"]
mod serve;
