//! `bongsu healthcheck serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use bongsu_healthcheck::serve::{Options, Question, serve};
use bongsu_healthcheck::{Endpoint, GroupRequest, Reach};
use bongsu_process::log::{Log, LogLevel, LogTarget, Role, Shape, Timestamp};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{SentinelAccessArgs, node, sentinel};
use crate::cli::{AccessArgs, milliseconds};
use crate::client::block_on;

pub(super) const EXAMPLES: &str = "\
Examples:
  bongsu healthcheck serve --node 10.0.0.1 --group mymaster \\
      --sentinel 10.0.0.1,10.0.0.2,10.0.0.3 --listen 10.0.0.1:8008
  curl -i http://10.0.0.1:8008/primary                     200 while a majority of the sentinels names this node
  curl -i 'http://10.0.0.1:8008/replica?lag=1MB&link=up'   200 while it is a replica within these limits

Checks: / /primary /master /leader /read-write /replica /read-only /sync /synchronous /health /liveness /readiness
docs/healthcheck.md says what each means. Every option can be given by the environment variable named beside it.";

#[derive(Args)]
pub(crate) struct ServeArgs {
    /// The node to tell of: HOST or HOST:PORT
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1", value_parser = node, env = "BONGSU_NODE")]
    node: Endpoint,
    /// The address under which the sentinels know the node, if they cannot tell by its run id
    #[arg(long, value_name = "ADDR", value_parser = node, env = "BONGSU_ANNOUNCE")]
    announce: Option<Endpoint>,
    /// The node's group; without it the node's own word is taken for its role, and an old master that is cut off stays primary
    #[arg(long, value_name = "NAME", requires = "sentinel", env = "BONGSU_GROUP")]
    group: Option<String>,
    /// A sentinel of the group; may be repeated, and the others that it knows are asked as well
    #[arg(long, value_name = "ADDR", value_delimiter = ',', value_parser = sentinel, env = "BONGSU_SENTINELS")]
    #[arg(requires = "group")]
    sentinel: Vec<Endpoint>,
    /// Address and port for HTTP
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8008", env = "BONGSU_LISTEN")]
    listen: SocketAddr,
    /// Address and port for HAProxy's agent check
    #[arg(long, value_name = "IP:PORT", env = "BONGSU_AGENT_LISTEN")]
    agent_listen: Option<SocketAddr>,
    /// What an agent check without a question (agent-send) is answered, such as replica?lag=1MB
    #[arg(long, value_name = "CHECK", default_value = "primary", value_parser = Question::parse_word)]
    #[arg(env = "BONGSU_AGENT_CHECK")]
    agent_check: Question,
    /// Longest time for which an answer of the node or a sentinel counts, in milliseconds; three quarters of the
    /// sentinels' down-after-milliseconds if that is less
    #[arg(long, value_name = "MS", default_value = "3000", value_parser = milliseconds, env = "BONGSU_FRESH")]
    fresh: Duration,
    /// Time between two questions to each of them, in milliseconds; a third of the above if that is less
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = milliseconds, env = "BONGSU_INTERVAL")]
    interval: Duration,
    /// While this file exists, the node is taken out: checks fail, and the agent check says maint
    #[arg(long, value_name = "FILE", env = "BONGSU_MAINTENANCE_FILE")]
    maintenance_file: Option<PathBuf>,
    /// Print a line for every request
    #[arg(long, env = "BONGSU_ACCESS_LOG")]
    access_log: bool,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    sentinel_access: SentinelAccessArgs,
}

/// Serves until SIGTERM or Ctrl-C.
pub(super) fn run(args: ServeArgs) -> Result<ExitCode> {
    let (nodes, sentinels) = super::load(&args.access, &args.sentinel_access)?;
    let log = args.access_log.then(|| {
        Log::start(&LogTarget::Stdout, Role::Master, LogLevel::Notice, Shape::default(), Timestamp::default())
    });
    // The guard waits at the end for the last lines.
    let (access_log, _guard) = log.transpose().context("the log")?.unzip();
    let options = Options {
        node: args.node,
        announced: args.announce,
        group: args.group.map(|name| GroupRequest { name, sentinels: args.sentinel }),
        reach: Reach { nodes, sentinels, limit: args.access.timeout },
        interval: args.interval,
        fresh: args.fresh,
        http: args.listen,
        agent: args.agent_listen.map(|address| (address, args.agent_check)),
        maintenance_file: args.maintenance_file,
        access_log,
    };
    block_on(async {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let stop = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        Ok(serve(options, stop).await?)
    })?;
    Ok(ExitCode::SUCCESS)
}
