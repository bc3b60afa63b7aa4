//! The `bongsu` command.
//!
//! The first argument names one of its commands; under the name of a sentinel or server that it replaces it behaves as that one.

mod check;
mod cli;
mod client;
mod config_command;
mod demo;
mod exit;
mod healthcheck_command;
mod hooks_command;
mod init;
mod output;
mod publish_command;
mod sentinel_command;
mod server_command;
mod status;
mod switchover;
mod table;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Two TLS providers in one process would make rustls refuse to choose; the choice is made once, here.
    let _already_chosen = rustls::crypto::ring::default_provider().install_default();
    let args: Vec<OsString> = env::args_os().collect();
    if let Some((tool, name)) = check::asked_for(&args) {
        return check::run_as(tool, name, &args);
    }
    // `redis-server --sentinel` is a sentinel.
    if let Some((brand, arguments)) = sentinel_command::asked_for(&args) {
        return sentinel_command::run_as(brand, arguments);
    }
    match server_command::asked_for(&args) {
        Some((brand, arguments)) => server_command::run_as(brand, &arguments),
        None => cli::run(&args),
    }
}
