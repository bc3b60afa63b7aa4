//! The `bongsu` command.
//!
//! The first argument names one of its commands.

mod cli;
mod client;
mod config_command;
mod exit;
mod healthcheck_command;
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
    cli::run(&args)
}
