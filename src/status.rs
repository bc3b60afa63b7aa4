//! `bongsu status`: the groups of a sentinel, as it sees them.

use std::process::ExitCode;

use anyhow::Result;
use bongsu_healthcheck::Endpoint;
use clap::Args;

use crate::cli::AccessArgs;
use crate::client::{Fields, SENTINEL_PORT, SentinelClient, block_on};
use crate::exit;
use crate::output::{say, write_out};
use crate::table::Table;

#[derive(Args)]
pub(crate) struct StatusArgs {
    /// The sentinel to ask: HOST or HOST:PORT (an IPv6 address in brackets)
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:26379")]
    sentinel: String,
    /// Show only this group
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    #[command(flatten)]
    access: AccessArgs,
}

/// Prints one table per group; exits with 69 if a group has no working master.
pub(crate) fn run(args: &StatusArgs) -> Result<ExitCode> {
    let endpoint = Endpoint::parse(&args.sentinel, SENTINEL_PORT)?;
    block_on(async {
        let mut sentinel = SentinelClient::connect(&endpoint, &args.access.load()?, args.access.timeout).await?;
        let groups = match &args.group {
            Some(name) => vec![sentinel.master(name).await?],
            None => sentinel.masters().await?,
        };
        if groups.is_empty() {
            say!("sentinel {endpoint} watches no group")?;
        }
        let mut all_well = true;
        for group in &groups {
            all_well &= !is_down(group);
            write_out!("{}", describe(&mut sentinel, group).await?)?;
        }
        Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::from(exit::UNAVAILABLE) })
    })
}

/// One group as text: a heading, then a line per node.
pub(crate) async fn describe(sentinel: &mut SentinelClient, group: &Fields) -> Result<String> {
    let name = field(group, "name");
    let mut table = Table::new(&["", "NODE", "STATE", "LINK", "OFFSET", "PRIORITY"]);
    table.row(["master".to_owned(), node(group), state(group), "-".to_owned(), "-".to_owned(), "-".to_owned()]);
    for replica in sentinel.replicas(name).await? {
        let link = if field(&replica, "master-link-status") == "ok" { "up" } else { "down" };
        table.row([
            "replica".to_owned(),
            node(&replica),
            state(&replica),
            link.to_owned(),
            field(&replica, "slave-repl-offset").to_owned(),
            field(&replica, "slave-priority").to_owned(),
        ]);
    }
    for peer in sentinel.sentinels(name).await? {
        table.row(["sentinel".to_owned(), node(&peer), state(&peer)]);
    }
    // Other sentinels do not know the command, and most of ours publish nowhere.
    let publications = sentinel.publications(Some(name)).await.unwrap_or_default();
    let published = publications.iter().map(|one| format!("{} {}", field(one, "target"), field(one, "state")));
    let published = match published.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => none,
        some => format!("published: {some}\n"),
    };
    Ok(format!(
        "{name}: {}, quorum {} of {} sentinels, configuration epoch {}\n{published}{}\n",
        if is_down(group) { "DOWN" } else { "up" },
        field(group, "quorum"),
        field(group, "num-other-sentinels").parse::<u32>().unwrap_or(0) + 1,
        field(group, "config-epoch"),
        table.render()
    ))
}

fn is_down(instance: &Fields) -> bool {
    field(instance, "flags").split(',').any(|flag| matches!(flag, "s_down" | "o_down"))
}

/// The flags that say more than what kind of instance it is.
fn state(instance: &Fields) -> String {
    let flags = field(instance, "flags").split(',').filter(|flag| !matches!(*flag, "master" | "slave" | "sentinel"));
    let flags: Vec<&str> = flags.collect();
    if flags.is_empty() { "ok".to_owned() } else { flags.join(",") }
}

fn node(instance: &Fields) -> String {
    Endpoint::new(field(instance, "ip"), field(instance, "port").parse().unwrap_or(0)).to_string()
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("?", String::as_str)
}
