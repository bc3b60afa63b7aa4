//! `bongsu healthcheck check`.

use std::process::ExitCode;

use anyhow::Result;
use bongsu_healthcheck::{Endpoint, Report, probe};
use clap::Args;
use tokio::task::JoinSet;

use crate::cli::AccessArgs;
use crate::client::{NODE_PORT, block_on};
use crate::exit;
use crate::output::{say, write_out};
use crate::table::Table;

/// Nodes asked at the same time; more would only make their answers slower.
const PROBES_AT_ONCE: usize = 64;

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// Nodes to ask: HOST or HOST:PORT (an IPv6 address in brackets) (data servers or sentinels)
    #[arg(required = true, value_name = "ADDR")]
    nodes: Vec<String>,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

/// Asks every node once; the exit code is the worst verdict's.
pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode> {
    let mut endpoints = Vec::new();
    for text in &args.nodes {
        match Endpoint::parse(text, NODE_PORT) {
            Ok(endpoint) => endpoints.push(endpoint),
            Err(error) => {
                eprintln!("bongsu: {error}");
                return Ok(ExitCode::from(exit::USAGE));
            }
        }
    }
    let reports = block_on(probe_all(endpoints, args))?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&reports)?)?;
    } else {
        write_out!("{}", table(&reports))?;
    }
    // Unknown (3) is less bad than critical (2) to an operator, but the plugins' order is by number.
    let worst = reports.iter().map(|report| report.verdict.exit_code()).max().unwrap_or(0);
    Ok(ExitCode::from(worst))
}

async fn probe_all(endpoints: Vec<Endpoint>, args: &CheckArgs) -> Result<Vec<Report>> {
    let (access, limit) = (args.access.load()?, args.access.timeout);
    let mut waiting = endpoints.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut reports = Vec::new();
    loop {
        while running.len() < PROBES_AT_ONCE {
            let Some((index, endpoint)) = waiting.next() else { break };
            let access = access.clone();
            running.spawn(async move { (index, probe(&endpoint, &access, limit).await) });
        }
        match running.join_next().await {
            None => break,
            Some(report) => reports.push(report?),
        }
    }
    reports.sort_by_key(|(index, _)| *index);
    Ok(reports.into_iter().map(|(_, report)| report).collect())
}

fn table(reports: &[Report]) -> String {
    let mut table = Table::new(&["NODE", "VERDICT", "PING MS", "ROLE", "OFFSET", "KEYS", "VERSION"]);
    for report in reports {
        let facts = report.facts.clone().unwrap_or_default();
        table.row([
            report.endpoint.to_string(),
            report.verdict.to_string(),
            shown(report.ping_ms),
            shown(facts.role),
            shown(facts.replication_offset),
            shown(facts.keys),
            shown(facts.version),
        ]);
    }
    table.render()
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
