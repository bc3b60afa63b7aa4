//! The ready files in `configs/` for programs of others: each is run, or at least read, by the program that it is for.
//! Envoy is not in Debian: its file is held against the names that its documentation gives.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

#[path = "ready_configs/files.rs"]
mod files;
#[path = "ready_configs/proxy.rs"]
mod proxy;

use std::fs;
use std::path::{Path, PathBuf};

const BONGSU: &str = env!("CARGO_BIN_EXE_bongsu");

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("configs").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}
