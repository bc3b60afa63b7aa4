//! `bongsu hooks`: what hooks did, and a dry run of them.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use bongsu_healthcheck::Endpoint;
use clap::Args;

use crate::cli::{AccessArgs, milliseconds};
use crate::client::{Fields, SENTINEL_PORT, SentinelClient, block_on};
use crate::exit;
use crate::output::{say, write_out};
use crate::table::Table;

#[derive(Args)]
pub(crate) struct HooksArgs {
    /// The group; without it, the runs for all groups
    #[arg(required_if_eq("dry_run", "true"))]
    group: Option<String>,
    /// Run the hooks of the group now, as if something had happened; they are told that nothing has
    #[arg(long)]
    dry_run: bool,
    /// Run only this hook
    #[arg(long, value_name = "NAME", requires = "dry_run")]
    hook: Option<String>,
    /// The sentinel whose hooks they are: HOST or HOST:PORT (an IPv6 address in brackets)
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:26379")]
    sentinel: String,
    /// Longest wait for the hooks of a dry run, in milliseconds
    #[arg(long, value_name = "MS", default_value = "120000", value_parser = milliseconds)]
    wait: Duration,
    #[command(flatten)]
    access: AccessArgs,
}

/// Prints one row for each run, then what they wrote; exits with 69 if a hook of a dry run failed.
pub(crate) fn run(args: &HooksArgs) -> Result<ExitCode> {
    let endpoint = Endpoint::parse(&args.sentinel, SENTINEL_PORT)?;
    block_on(async {
        let limit = if args.dry_run { args.wait } else { args.access.timeout };
        let mut sentinel = SentinelClient::connect(&endpoint, &args.access.load()?, limit).await?;
        let runs = match (&args.group, args.dry_run) {
            (Some(group), true) => sentinel.try_hooks(group, args.hook.as_deref()).await?,
            (group, _) => sentinel.hooks(group.as_deref()).await?,
        };
        if runs.is_empty() {
            say!("no hook has run on sentinel {endpoint}")?;
            return Ok(ExitCode::SUCCESS);
        }
        write_out!("{}", describe(&runs))?;
        let failed = args.dry_run && runs.iter().any(has_failed);
        Ok(if failed { ExitCode::from(exit::UNAVAILABLE) } else { ExitCode::SUCCESS })
    })
}

fn describe(runs: &[Fields]) -> String {
    let mut table = Table::new(&["HOOK", "PHASE", "GROUP", "EPOCH", "END", "MS", "MEANS"]);
    for run in runs {
        let cell = |name: &str| field(run, name).to_owned();
        table.row([
            cell("hook"),
            cell("phase"),
            cell("master"),
            cell("epoch"),
            cell("end"),
            cell("duration-ms"),
            meaning(run),
        ]);
    }
    let mut text = table.render();
    for run in runs.iter().filter(|run| !field(run, "output").is_empty()) {
        text.push_str(&format!("\n{}, {}:\n", field(run, "hook"), field(run, "phase")));
        // What a program writes shall not be able to steer the terminal.
        let plain = |c: &char| !c.is_control() || *c == '\n' || *c == '\t';
        for line in field(run, "output").chars().filter(plain).collect::<String>().lines() {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text
}

/// What a run means for a failover, or would have meant.
fn meaning(run: &Fields) -> String {
    let verdict = match (field(run, "verdict"), field(run, "reason")) {
        ("veto", why) => format!("veto: {why}"),
        (verdict, _) => verdict.to_owned(),
    };
    match (field(run, "dry-run"), verdict.as_str()) {
        ("yes", "") => "dry run".to_owned(),
        ("yes", verdict) => format!("dry run: {verdict}"),
        (_, verdict) => verdict.to_owned(),
    }
}

/// A veto is an answer, and no failure.
fn has_failed(run: &Fields) -> bool {
    let is_veto = field(run, "verdict") == "veto" && field(run, "end") == "exit status 75";
    field(run, "end") != "exit status 0" && !is_veto
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_veto_is_no_failure_and_output_cannot_steer_the_terminal() {
        let veto = fields(&[("hook", "h"), ("end", "exit status 75"), ("verdict", "veto"), ("reason", "no")]);
        assert_eq!((has_failed(&veto), meaning(&veto).as_str()), (false, "veto: no"));
        let late = fields(&[("hook", "h"), ("end", "timed out"), ("verdict", "go"), ("output", "a\x1b[2Jb\nc")]);
        assert!(has_failed(&late));
        let tried = fields(&[("hook", "h"), ("verdict", "go"), ("dry-run", "yes")]);
        assert_eq!(meaning(&tried), "dry run: go");
        assert!(describe(&[late]).ends_with(":\n    a[2Jb\n    c\n"));
    }
}
