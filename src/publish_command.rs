//! `bongsu publish`: where else clients find the masters, and whether that is up to date.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use bongsu_healthcheck::Endpoint;
use clap::{Args, Subcommand};
use tokio::time::{Instant, sleep};

use crate::cli::{AccessArgs, milliseconds};
use crate::client::{Fields, SENTINEL_PORT, SentinelClient, block_on};
use crate::exit;
use crate::output::say;
use crate::table::Table;

/// How often `now` looks whether it is done.
const POLL: Duration = Duration::from_millis(100);

#[derive(Subcommand)]
pub(crate) enum PublishCommand {
    /// Show what each target (DNS, etcd, Consul, ZooKeeper) holds; exit status 69 if one is not up to date
    Status(StatusArgs),
    /// Make the targets of a group look at their record now, and wait until they are up to date
    Now(NowArgs),
}

#[derive(Args)]
struct SentinelArgs {
    /// The sentinel to ask: HOST or HOST:PORT (an IPv6 address in brackets)
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:26379")]
    sentinel: String,
    #[command(flatten)]
    access: AccessArgs,
}

#[derive(Args)]
pub(crate) struct StatusArgs {
    /// Only this group
    group: Option<String>,
    /// Print JSON: a list with one object for each group at each target
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sentinel: SentinelArgs,
}

#[derive(Args)]
pub(crate) struct NowArgs {
    /// The group
    group: String,
    /// Only this target
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Write the record even over one with a higher epoch, and over what no sentinel wrote
    #[arg(long)]
    force: bool,
    /// Give up waiting after this time, in milliseconds; the sentinel goes on by itself
    #[arg(long, value_name = "MS", default_value = "10000", value_parser = milliseconds)]
    wait: Duration,
    #[command(flatten)]
    sentinel: SentinelArgs,
}

/// Runs `bongsu publish ...`.
pub(crate) fn run(command: &PublishCommand) -> Result<ExitCode> {
    match command {
        PublishCommand::Status(args) => block_on(status(args)),
        PublishCommand::Now(args) => block_on(now(args)),
    }
}

impl SentinelArgs {
    async fn connect(&self) -> Result<SentinelClient> {
        let endpoint = Endpoint::parse(&self.sentinel, SENTINEL_PORT)?;
        SentinelClient::connect(&endpoint, &self.access.load()?, self.access.timeout).await
    }
}

async fn status(args: &StatusArgs) -> Result<ExitCode> {
    let mut sentinel = args.sentinel.connect().await?;
    let publications = sentinel.publications(args.group.as_deref()).await?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&publications)?)?;
    } else if publications.is_empty() {
        say!("nothing is published: the sentinel's configuration names no targets under `publish`")?;
    } else {
        say!("{}", table(&publications).trim_end())?;
    }
    Ok(if publications.iter().all(is_in_sync) { ExitCode::SUCCESS } else { ExitCode::from(exit::UNAVAILABLE) })
}

async fn now(args: &NowArgs) -> Result<ExitCode> {
    let mut sentinel = args.sentinel.connect().await?;
    sentinel.publish(&args.group, args.target.as_deref(), args.force).await?;
    let start = Instant::now();
    loop {
        let mut publications = sentinel.publications(Some(&args.group)).await?;
        publications.retain(|one| args.target.as_deref().is_none_or(|name| field(one, "target") == name));
        // What it held before the request is known for longer than we wait.
        let is_looked_at = |one: &Fields| {
            let ago = field(one, "looked-ms-ago").parse().map_or(Duration::MAX, Duration::from_millis);
            ago <= start.elapsed() && field(one, "state") != "pending"
        };
        if publications.iter().all(|one| is_looked_at(one) && is_in_sync(one)) {
            say!("{}", table(&publications).trim_end())?;
            return Ok(ExitCode::SUCCESS);
        }
        let is_left_alone = |one: &Fields| is_looked_at(one) && matches!(field(one, "state"), "superseded" | "foreign");
        if !args.force && publications.iter().any(is_left_alone) {
            say!("{}", table(&publications).trim_end())?;
            bail!("what a target holds is left alone without --force");
        }
        if start.elapsed() >= args.wait {
            say!("{}", table(&publications).trim_end())?;
            bail!("not up to date after {} ms", args.wait.as_millis());
        }
        sleep(POLL).await;
    }
}

/// In a line for each target: what it should hold, what it holds, and what is wrong.
pub(crate) fn table(publications: &[Fields]) -> String {
    let mut table = Table::new(&["GROUP", "TARGET", "TYPE", "STATE", "EPOCH", "HOLDS", "AFTER", "TROUBLE"]);
    for one in publications {
        let held = match (one.get("held-epoch"), one.get("held")) {
            (Some(epoch), Some(held)) => format!("{epoch} {held}"),
            (None, Some(held)) => held.clone(),
            _ => "-".to_owned(),
        };
        let after = one.get("authoritative-after-ms").map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"));
        let trouble = one.get("error-text").cloned().unwrap_or_else(|| trouble(one));
        let columns = ["master", "target", "type", "state", "epoch"].map(|name| field(one, name).to_owned());
        table.row(columns.into_iter().chain([held, after, trouble]));
    }
    table.render()
}

/// What a state means for whoever reads it.
fn trouble(publication: &Fields) -> String {
    let text = match field(publication, "state") {
        "superseded" => "another sentinel published a higher epoch; --force to replace it",
        "foreign" => "something else stands there; --force to replace it",
        "spreading" => field(publication, "witnesses"),
        _ => "",
    };
    text.to_owned()
}

fn is_in_sync(publication: &Fields) -> bool {
    field(publication, "state") == "in-sync"
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("-", String::as_str)
}
