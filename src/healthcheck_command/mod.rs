//! `bongsu healthcheck`.

mod agent;
mod check;
mod serve;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use bongsu_healthcheck::{Access, Endpoint, EndpointError, Severity};
use clap::{Args, Subcommand};

use crate::cli::AccessArgs;
use crate::client::{NODE_PORT, SENTINEL_PORT};

#[derive(Subcommand)]
pub(crate) enum HealthcheckCommand {
    /// Probe nodes, or a group through its sentinels; exit status 0 ok, 1 warning, 2 critical, 3 unknown
    #[command(after_help = check::EXAMPLES)]
    Check(Box<check::CheckArgs>),
    /// Hold an address beside a data node while it is the master
    #[command(after_help = agent::EXAMPLES)]
    Agent(Box<agent::AgentArgs>),
    /// Take an address away when its time is over; started by the agent
    #[command(hide = true)]
    Guardian(agent::GuardianArgs),
    /// Answer HTTP checks about a node: is it the primary, a replica that is not far behind, ready
    #[command(after_help = serve::EXAMPLES)]
    Serve(Box<serve::ServeArgs>),
}

/// How sentinels are reached, where that differs from the nodes.
#[derive(Args)]
pub(crate) struct SentinelAccessArgs {
    /// ACL user to log in to sentinels as, if another than for nodes
    #[arg(long, value_name = "NAME", requires = "sentinel_password_file", env = "BONGSU_SENTINEL_USER")]
    sentinel_user: Option<String>,
    /// File whose first line is the password for sentinels, if another than for nodes
    #[arg(long, value_name = "FILE", env = "BONGSU_SENTINEL_PASSWORD_FILE")]
    sentinel_password_file: Option<std::path::PathBuf>,
}

impl SentinelAccessArgs {
    /// Access to sentinels, given that to nodes: TLS is the same.
    fn load(&self, nodes: &Access) -> Result<Access> {
        let Some(path) = &self.sentinel_password_file else { return Ok(nodes.clone()) };
        let password = crate::client::read_password(path).context("password for sentinels")?;
        Ok(Access { username: self.sentinel_user.clone(), password: Some(password), tls: nodes.tls.clone() })
    }
}

fn node(text: &str) -> Result<Endpoint, EndpointError> {
    Endpoint::parse(text, NODE_PORT)
}

fn sentinel(text: &str) -> Result<Endpoint, EndpointError> {
    Endpoint::parse(text, SENTINEL_PORT)
}

/// Access to nodes and to sentinels.
fn load(access: &AccessArgs, sentinels: &SentinelAccessArgs) -> Result<(Access, Access)> {
    let nodes = access.load()?;
    let sentinels = sentinels.load(&nodes)?;
    Ok((nodes, sentinels))
}

/// Runs one of the commands.
pub(crate) fn run(command: HealthcheckCommand) -> Result<ExitCode> {
    match command {
        HealthcheckCommand::Agent(args) => agent::run(*args),
        HealthcheckCommand::Guardian(args) => agent::guard(args),
        // What keeps a check from being made is unknown to whoever reads the exit status, never "critical".
        HealthcheckCommand::Check(args) => check::run(*args).or_else(|error| match crate::output::is_closed(&error) {
            true => Err(error),
            false => {
                eprintln!("UNKNOWN: {}", crate::cli::chain(&error));
                Ok(ExitCode::from(Severity::Unknown.exit_code()))
            }
        }),
        HealthcheckCommand::Serve(args) => serve::run(*args),
    }
}

/// The exit status for a command line that cannot be understood, if `args` ask for a check: monitoring systems know only
/// four, and one that is unknown to them counts as an outage to some.
pub(crate) fn usage_status(args: &[OsString]) -> Option<u8> {
    let mut words = args.iter().skip(1);
    let is_check = words.next()? == "healthcheck" && words.next()? == "check";
    is_check.then_some(Severity::Unknown.exit_code())
}
