//! Values as bytes, and keys that go to other servers.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "dump/client.rs"]
mod client;
mod common;
#[path = "dump/migrate.rs"]
mod migrate;
#[path = "dump/peers.rs"]
mod peers;
#[path = "dump/restore.rs"]
mod restore;
