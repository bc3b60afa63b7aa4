//! `bongsu demo`: a small installation, a failure, and how long each step of the recovery took.

mod group;
mod processes;
mod timeline;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use crate::cli::milliseconds;
use crate::client::block_on;
use crate::exit;
use crate::output::{say, write_out};
use group::Group;
use timeline::Timeline;

/// How long the picture is left alone before the master is killed.
const BEFORE_THE_KILL: Duration = Duration::from_secs(3);

/// The recovery must be over by then, or it has failed.
const RECOVERY_LIMIT: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(crate) struct DemoArgs {
    /// Leave everything running after the failover, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Replicas of the master
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=10))]
    replicas: u16,
    /// Sentinels; three are the least that survive the loss of one
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=9))]
    sentinels: u16,
    /// Silence after which a node is down, in milliseconds
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = milliseconds)]
    down_after: Duration,
    /// Shorter limit for a process that is gone (its host refuses connections), in milliseconds
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    process_death_after: Option<Duration>,
    /// A data server to run instead of the bundled one, such as redis-server
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
}

/// Runs the demo. The exit status says whether the group has a writable master again.
pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode> {
    block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = show(args) => result,
            // Leaving this block ends every process and removes every file of the demo.
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(exit::INTERRUPTED)),
            _ = terminate.recv() => Ok(ExitCode::from(exit::TERMINATED)),
        }
    })
}

async fn show(args: &DemoArgs) -> Result<ExitCode> {
    say!("Starting a master, {} replica(s) and {} sentinel(s) ...", args.replicas, args.sentinels)?;
    let mut group = Group::start(args).await?;
    write_out!("{}", group.topology().await?)?;
    let mut timeline = Timeline::watch(&group).await?;
    let kill_at = Instant::now() + BEFORE_THE_KILL;
    say!("\nThe master is killed (SIGKILL) in {} s.", BEFORE_THE_KILL.as_secs())?;
    timeline.print_until(sleep_until(kill_at)).await?;
    group.kill_master()?;
    timeline.start();
    say!("\nThe master {} is killed. What the sentinels publish:", group.master())?;
    let recovered = timeline.follow(&group, Instant::now() + RECOVERY_LIMIT).await?;
    say!("\n{}", timeline.table())?;
    if args.keep {
        say!("{}", group.invitation())?;
        timeline.print_until(std::future::pending::<()>()).await?;
    }
    if recovered {
        say!("With --keep the group stays, to be looked at and tried.")?;
        return Ok(ExitCode::SUCCESS);
    }
    say!("The failover did not finish within {} s.", RECOVERY_LIMIT.as_secs())?;
    Ok(ExitCode::FAILURE)
}
