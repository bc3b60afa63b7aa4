//! `bongsu switchover`: a planned hand-over, with its progress.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use bongsu_healthcheck::Endpoint;
use clap::Args;
use tokio::time::{Instant, timeout_at};

use crate::cli::{AccessArgs, milliseconds};
use crate::client::{Event, Events, SENTINEL_PORT, SentinelClient, block_on};
use crate::output::say;

#[derive(Args)]
pub(crate) struct SwitchoverArgs {
    /// The group to hand over
    group: String,
    /// The sentinel that does it: HOST or HOST:PORT (an IPv6 address in brackets)
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:26379")]
    sentinel: String,
    /// Give up watching after this time, in milliseconds; the sentinel goes on by itself
    #[arg(long, value_name = "MS", default_value = "60000", value_parser = milliseconds)]
    wait: Duration,
    #[command(flatten)]
    access: AccessArgs,
}

/// What an event means for a hand-over.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Progress,
    Done,
    Failed,
    /// Another group's, or none of ours.
    Foreign,
}

/// Starts the hand-over and prints events until it is done; fails if the sentinel gives up.
pub(crate) fn run(args: &SwitchoverArgs) -> Result<ExitCode> {
    let endpoint = Endpoint::parse(&args.sentinel, SENTINEL_PORT)?;
    block_on(async {
        let (access, limit) = (args.access.load()?, args.access.timeout);
        let mut sentinel = SentinelClient::connect(&endpoint, &access, limit).await?;
        // Subscribed first: the first events come before the reply to the request.
        let mut events = Events::subscribe(&endpoint, &access, limit).await?;
        let Some(old) = sentinel.address(&args.group).await? else { bail!("no group named '{}'", args.group) };
        let start = Instant::now();
        sentinel.failover(&args.group).await?;
        say!("handing {} over from {old}", args.group)?;
        watch(&mut events, &args.group, start, args.wait).await?;
        let new = sentinel.address(&args.group).await?;
        say!("master of {} is {}", args.group, new.map_or_else(|| "unknown".to_owned(), |new| new.to_string()))?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn watch(events: &mut Events, group: &str, start: Instant, wait: Duration) -> Result<()> {
    loop {
        let Ok(event) = timeout_at(start + wait, events.next()).await else {
            bail!("not done after {} ms; the sentinel may still be at it", wait.as_millis())
        };
        let Some(event) = event else { bail!("the sentinel closed the connection") };
        let step = step_of(&event, group);
        if step != Step::Foreign {
            say!("{:>7.0} ms  {} {}", start.elapsed().as_secs_f64() * 1e3, event.name, event.payload)?;
        }
        match step {
            Step::Progress | Step::Foreign => {}
            Step::Done => return Ok(()),
            Step::Failed => bail!("the hand-over was given up: {}", event.name),
        }
    }
}

fn step_of(event: &Event, group: &str) -> Step {
    let words: Vec<&str> = event.payload.split(' ').collect();
    let is_of_group = match words.as_slice() {
        ["master", name, ..] | [_, _, _, _, "@", name, ..] => *name == group,
        [name, _, _, _, _] if event.name == "+switch-master" => *name == group,
        _ => false,
    };
    match event.name.as_str() {
        _ if !is_of_group => Step::Foreign,
        "+switch-master" => Step::Done,
        name if name.starts_with("-failover-abort") => Step::Failed,
        _ => Step::Progress,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, payload: &str, expected: Step) {
        let event = Event { name: name.to_owned(), payload: payload.to_owned() };
        assert_eq!(step_of(&event, "m"), expected, "{name} {payload}");
    }

    #[test]
    fn events_of_other_groups_do_not_count() {
        check("+switch-master", "m 10.0.0.1 1 10.0.0.2 2", Step::Done);
        check("+switch-master", "n 10.0.0.1 1 10.0.0.2 2", Step::Foreign);
        check("-failover-abort-no-good-slave", "master m 10.0.0.1 1", Step::Failed);
        check("-failover-abort-no-good-slave", "master n 10.0.0.1 1", Step::Foreign);
        check("+selected-slave", "slave 10.0.0.2:2 10.0.0.2 2 @ m 10.0.0.1 1", Step::Progress);
        check("+new-epoch", "7", Step::Foreign);
    }
}
