//! `bongsu healthcheck agent`, and the guardian that it starts.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use bongsu_healthcheck::Endpoint;
use bongsu_healthcheck::agent::{self, AgentConfig, AgentStatus, Guarded, Means, Node, Vip};
use bongsu_process::log::{Log, LogLevel, LogTarget, Role, Shape, Timestamp};
use clap::Args;

use super::SentinelAccessArgs;
use crate::cli::{AccessArgs, milliseconds};
use crate::client::SENTINEL_PORT;
use crate::output::say;

pub(super) const EXAMPLES: &str = "Examples:
  bongsu healthcheck agent --group mymaster --node 10.0.0.1:6379 --vip 10.0.0.100 \\
      --sentinel 10.0.0.1 --sentinel 10.0.0.2 --sentinel 10.0.0.3
  bongsu healthcheck agent --node 10.0.0.1:6379 --status";

/// A status that was not written for so long is of an agent that has ended or stands still.
const STALE_MS: u64 = 3000;

/// What starts the guardian: this very program, also when its file has been replaced.
const GUARDIAN: [&str; 3] = ["/proc/self/exe", "healthcheck", "guardian"];

#[derive(Args)]
pub(crate) struct AgentArgs {
    /// Name of the group
    #[arg(long, value_name = "NAME", required_unless_present = "status", env = "BONGSU_AGENT_GROUP")]
    group: Option<String>,
    /// The data node of this host, as the sentinels know it
    #[arg(long, value_name = "IP:PORT", env = "BONGSU_AGENT_NODE")]
    node: Node,
    /// Sentinels of the group, the more of them the better; the others are found through them
    #[arg(
        long = "sentinel",
        value_name = "HOST:PORT",
        required_unless_present = "status",
        value_delimiter = ',',
        env = "BONGSU_AGENT_SENTINELS"
    )]
    sentinels: Vec<String>,
    /// Address that goes where the master is; more than one move together
    #[arg(
        long = "vip",
        value_name = "IP[/PREFIX]",
        required_unless_present = "status",
        value_delimiter = ',',
        env = "BONGSU_AGENT_VIPS"
    )]
    vips: Vec<Vip>,
    /// Interface that carries the address [default: the one with the node's address]
    #[arg(long, value_name = "NAME", conflicts_with = "script", env = "BONGSU_AGENT_INTERFACE")]
    interface: Option<String>,
    /// Program that moves the address instead of the kernel: PROGRAM acquire|release|status VIP EPOCH
    #[arg(long, value_name = "PROGRAM", env = "BONGSU_AGENT_SCRIPT")]
    script: Option<PathBuf>,
    /// For how long leases are asked for, in milliseconds; sentinels grant 5000 at most
    #[arg(long, value_name = "MS", default_value = "3000", value_parser = lease, env = "BONGSU_AGENT_LEASE")]
    lease: Duration,
    /// Where the agent keeps its files; to be in memory
    #[arg(long, value_name = "DIR", default_value = "/run/bongsu-agent", env = "BONGSU_AGENT_RUNTIME_DIR")]
    runtime_dir: PathBuf,
    /// Log also why the address is not here
    #[arg(long, env = "BONGSU_AGENT_VERBOSE")]
    verbose: bool,
    /// Ask for leases, and log what would be done
    #[arg(long, env = "BONGSU_AGENT_DRY_RUN")]
    dry_run: bool,
    /// Show what the agent of this node says of itself; exit status 0 if it holds the address, 1 if not, 3 if it does not run
    #[arg(long)]
    status: bool,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    sentinel_access: SentinelAccessArgs,
}

#[derive(Args)]
pub(crate) struct GuardianArgs {
    #[arg(long)]
    deadline: PathBuf,
    #[arg(long)]
    owner: u64,
    #[arg(long, required_unless_present = "script")]
    index: Option<u32>,
    #[arg(long, requires_all = ["group", "node"])]
    script: Option<PathBuf>,
    #[arg(long)]
    group: Option<String>,
    #[arg(long)]
    node: Option<String>,
    #[arg(long = "vip", required = true)]
    vips: Vec<Vip>,
}

/// Shorter ones would end between two answers of the sentinels.
fn lease(text: &str) -> Result<Duration, String> {
    let lease = milliseconds(text)?;
    if lease < Duration::from_secs(1) || lease > agent::LEASE_MAX {
        return Err(format!("must be from 1000 to {}", agent::LEASE_MAX.as_millis()));
    }
    Ok(lease)
}

/// Runs an agent, or shows its status.
pub(super) fn run(args: AgentArgs) -> Result<ExitCode> {
    if args.status {
        return show(&args);
    }
    let (node_access, sentinel_access) = super::load(&args.access, &args.sentinel_access)?;
    let sentinels = args.sentinels.iter().map(|text| Endpoint::parse(text, SENTINEL_PORT));
    let means = match args.script {
        _ if args.dry_run => Means::Nothing,
        Some(path) => Means::Script { path },
        None => Means::Kernel { interface: args.interface },
    };
    let config = AgentConfig {
        group: args.group.unwrap_or_default(),
        node: args.node,
        node_access,
        node_limit: args.access.timeout,
        sentinels: sentinels.collect::<Result<_, _>>()?,
        sentinel_access,
        vips: args.vips,
        means,
        lease: args.lease,
        runtime_dir: args.runtime_dir,
        guardian: GUARDIAN.map(str::to_owned).to_vec(),
    };
    let level = if args.verbose { LogLevel::Verbose } else { LogLevel::Notice };
    let (log, guard) = Log::start(&LogTarget::Stdout, Role::Replica, level, Shape::default(), Timestamp::default())
        .context("the log")?;
    let result = agent::run(config, log);
    drop(guard);
    result?;
    Ok(ExitCode::SUCCESS)
}

fn show(args: &AgentArgs) -> Result<ExitCode> {
    let status = AgentStatus::read(&args.runtime_dir, &args.node).context("no agent has run for this node")?;
    let age_ms = status.age_ms();
    say!("{}", serde_json::to_string_pretty(&status)?)?;
    if age_ms > STALE_MS {
        eprintln!("bongsu: written {age_ms} ms ago: the agent does not run");
        return Ok(ExitCode::from(3));
    }
    Ok(ExitCode::from(u8::from(!status.holding)))
}

/// Runs a guardian, which is told when to look by way of its standard input.
pub(super) fn guard(args: GuardianArgs) -> Result<ExitCode> {
    let means = match args.script {
        Some(path) => {
            let (group, node) = (args.group.unwrap_or_default(), args.node.unwrap_or_default());
            agent::GuardMeans::Script { path, group, node }
        }
        None => agent::GuardMeans::Kernel { index: args.index.unwrap_or_default() },
    };
    let guarded = Guarded { deadline: args.deadline, owner: args.owner, vips: args.vips, means };
    let pipe = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    agent::guard(&guarded, pipe).context("guardian")?;
    Ok(ExitCode::SUCCESS)
}
