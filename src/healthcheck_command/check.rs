//! `bongsu healthcheck check`.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use bongsu_healthcheck::{
    DnsName, Endpoint, Expected, GroupRequest, Place, ProbeKey, PublishedAt, Reach, Request, RoleName, SentinelView,
    Severity, Survey, Vip, parse_bytes, survey,
};
use bongsu_sentinel::config::{Launch, PublishSettings, TargetSettings, inspect};
use clap::{Args, ValueEnum};

use super::{SentinelAccessArgs, node, sentinel};
use crate::cli::AccessArgs;
use crate::client::block_on;
use crate::output::{say, write_out};
use crate::table::Table;

pub(super) const EXAMPLES: &str = "\
Examples:
  bongsu healthcheck check 10.0.0.1                             one node, as a container's probe does
  bongsu healthcheck check 10.0.0.1 --expect-role master        also fails where it is a replica
  bongsu healthcheck check 10.0.0.2 --max-lag 1MB --max-lag-s 5 a replica that is not far behind
  bongsu healthcheck check --group mymaster --sentinel 10.0.0.1 --sentinel 10.0.0.2 --sentinel 10.0.0.3 \\
      --write-probe bongsu:probe --dns redis.example@10.0.0.53 --vip 10.0.0.9
                                                                a whole group, and what leads to its master

The first line says what decides the exit status. docs/healthcheck.md lists every finding with its severity.";

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// Nodes to ask: HOST or HOST:PORT (an IPv6 address in brackets) (data servers or sentinels)
    #[arg(required_unless_present = "group", value_name = "ADDR", value_parser = node)]
    nodes: Vec<Endpoint>,
    /// Check all nodes of this group, and whether its sentinels agree
    #[arg(long, value_name = "NAME", requires = "sentinel", env = "BONGSU_GROUP")]
    group: Option<String>,
    /// A sentinel of the group; may be repeated, and the others that it knows are asked as well
    #[arg(long, value_name = "ADDR", value_delimiter = ',', value_parser = sentinel, env = "BONGSU_SENTINELS")]
    sentinel: Vec<Endpoint>,
    /// Critical if a node named here is something else
    #[arg(long, value_name = "ROLE")]
    expect_role: Option<RoleArg>,
    /// Critical if the master (that the sentinels name) is another one
    #[arg(long, value_name = "ADDR", value_parser = node)]
    expect_master: Option<Endpoint>,
    /// Warn if a master has fewer replicas that receive its writes
    #[arg(long, value_name = "N")]
    min_replicas: Option<usize>,
    /// Warn if a replica lacks more of its master's stream: bytes, or with kB, MB, GB
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    max_lag: Option<u64>,
    /// Warn if a replica's last acknowledgement, as its master tells, is older
    #[arg(long, value_name = "SECONDS")]
    max_lag_s: Option<u64>,
    /// Try a write on masters: sets this key, reads it back, and lets it expire; a key in use is left alone
    #[arg(long, value_name = "KEY")]
    write_probe: Option<String>,
    /// Critical if the name does not lead to the master; @SERVER (an IP address) asks that name server
    #[arg(long, value_name = "NAME[@SERVER]", value_parser = DnsName::parse)]
    dns: Vec<DnsName>,
    /// Critical if another node than the master answers at this address (at the master's port if none is given)
    #[arg(long, value_name = "ADDR", value_parser = Vip::parse)]
    vip: Vec<Vip>,
    /// Also look at every target (etcd, Consul, ZooKeeper, DNS) that this configuration of a sentinel publishes the group to, and
    /// hold it against the master and its epoch; a file with nothing but a `publish:` section will do
    #[arg(long, value_name = "FILE", requires = "group")]
    publish: Option<PathBuf>,
    /// Probe only the nodes named here, not all nodes of the group
    #[arg(long, requires = "group")]
    named_only: bool,
    /// Exit with 0 unless something is at least this bad, in the order warning, unknown, critical
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    fail_on: FailOn,
    /// Print one JSON document instead of tables
    #[arg(long)]
    json: bool,
    /// Print the first line only
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    sentinel_access: SentinelAccessArgs,
}

/// What a node can be expected to be.
#[derive(Clone, Copy, ValueEnum)]
enum RoleArg {
    Master,
    Replica,
    Sentinel,
}

/// From which severity on the exit status tells it.
#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Warning,
    Unknown,
    Critical,
}

impl FailOn {
    /// The exit status for `found`.
    fn status(self, found: Severity) -> u8 {
        let least = match self {
            Self::Warning => Severity::Warning,
            Self::Unknown => Severity::Unknown,
            Self::Critical => Severity::Critical,
        };
        if found < least { Severity::Ok.exit_code() } else { found.exit_code() }
    }
}

/// Looks once; the exit code is the severity of what was found.
pub(super) fn run(args: CheckArgs) -> Result<ExitCode> {
    if args.group.is_none() && !args.sentinel.is_empty() && args.nodes.is_empty() {
        bail!("--sentinel without --group");
    }
    let (nodes, sentinels) = super::load(&args.access, &args.sentinel_access)?;
    let reach = Reach { nodes, sentinels, limit: args.access.timeout };
    let (json, quiet, fail_on) = (args.json, args.quiet, args.fail_on);
    let request = request(args)?;
    let survey = block_on(async { Ok(survey(&request, &reach).await) })?;
    if json {
        say!("{}", serde_json::to_string_pretty(&survey)?)?;
    } else {
        say!("{}", survey.summary())?;
        if !quiet {
            write_out!("{}", details(&survey))?;
        }
    }
    Ok(ExitCode::from(fail_on.status(survey.severity())))
}

fn request(args: CheckArgs) -> Result<Request> {
    // The keys of the standard library's hash maps are random, and differ from one to the next.
    let token = || format!("{:016x}", RandomState::new().build_hasher().finish());
    let role = args.expect_role.map(|role| match role {
        RoleArg::Master => RoleName::Master,
        RoleArg::Replica => RoleName::Replica,
        RoleArg::Sentinel => RoleName::Sentinel,
    });
    let published = match (&args.publish, &args.group) {
        (Some(file), Some(group)) => published(file, group)?,
        _ => Vec::new(),
    };
    Ok(Request {
        nodes: args.nodes,
        named_only: args.named_only,
        group: args.group.map(|name| GroupRequest { name, sentinels: args.sentinel }),
        write_key: args.write_probe.map(|key| ProbeKey::new(key, token())).transpose()?,
        expected: Expected {
            role,
            master: args.expect_master,
            lag_bytes: args.max_lag,
            lag_seconds: args.max_lag_s,
            replicas: args.min_replicas,
        },
        dns: args.dns,
        vips: args.vip,
        published,
    })
}

/// The targets of a configuration that show the group.
fn published(file: &Path, group: &str) -> Result<Vec<PublishedAt>> {
    let loaded = inspect(&Launch::with_file(file)).map_err(|error| anyhow!(error.report().trim_end().to_owned()))?;
    let covering = loaded.settings.publish.into_iter().filter(|target| target.covers(group));
    let target = |target: PublishSettings| {
        let place = match target.target {
            TargetSettings::Dns(settings) => Place::Dns(settings),
            TargetSettings::Etcd(settings) => Place::Etcd(settings),
            TargetSettings::Consul(settings) => Place::Consul(settings),
            TargetSettings::ZooKeeper(settings) => Place::ZooKeeper(settings),
        };
        PublishedAt { name: target.name, place }
    };
    let targets: Vec<PublishedAt> = covering.map(target).collect();
    if targets.is_empty() {
        bail!("{} names no target under `publish` that shows {group}", file.display());
    }
    Ok(targets)
}

/// Everything below the first line.
fn details(survey: &Survey) -> String {
    let mut text = String::new();
    for concern in &survey.concerns {
        text.push_str(&format!("{}: {concern}\n", concern.severity()));
    }
    if !survey.nodes.is_empty() {
        text.push('\n');
        text.push_str(&nodes(survey));
    }
    if !survey.sentinels.is_empty() {
        text.push('\n');
        text.push_str(&sentinels(&survey.sentinels));
    }
    text
}

fn nodes(survey: &Survey) -> String {
    let mut table = Table::new(&[
        "NODE", "SEVERITY", "ROLE", "PING MS", "WRITE MS", "OFFSET", "LAG", "LAG S", "KEYS", "VERSION", "FINDINGS",
    ]);
    for report in &survey.nodes {
        let facts = report.facts.clone().unwrap_or_default();
        let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        table.row([
            report.endpoint.to_string(),
            report.severity().to_string(),
            shown(facts.role),
            shown(report.ping_ms),
            shown(report.write_ms),
            shown(facts.replication_offset),
            shown(facts.lag.map(|lag| lag.bytes)),
            shown(facts.lag.and_then(|lag| lag.seconds)),
            shown(facts.keys),
            shown(facts.version),
            findings.join("; "),
        ]);
    }
    table.render()
}

fn sentinels(sentinels: &[SentinelView]) -> String {
    let mut table = Table::new(&["SENTINEL", "MASTER", "EPOCH", "REPLICAS", "SENTINELS", "ERROR"]);
    for sentinel in sentinels {
        table.row([
            sentinel.endpoint.to_string(),
            shown(sentinel.master.as_ref()),
            shown(sentinel.config_epoch),
            shown(sentinel.replicas),
            shown(sentinel.sentinels),
            sentinel.error.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
