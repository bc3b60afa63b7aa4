//! `BONGSU`: what only this sentinel can tell. Other sentinels never see it.

mod hooks;
mod lease;
mod publications;

use std::time::{SystemTime, UNIX_EPOCH};

use bongsu_protocol::command::write_help;
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_sentinel_core::{Addr, Reason, Verdict};

use super::dispatch::{Call, Outcome};
use super::sentinel::{Fields, NO_SUCH_MASTER};
use crate::shell::{Entry, Shell};

/// Decisions shown unless a number is given.
const DECISIONS_DEFAULT: usize = 50;

const HELP: &[&str] = &[
    "DECISIONS [<master-name>] [<count>]",
    "    Show the latest decisions of this sentinel with their reasons, oldest first.",
    "EXPLAIN <master-name>",
    "    Show what the last selection of a replica made of every candidate.",
    "HOOKS [<master-name>]",
    "    Show what became of the latest runs of hooks, oldest first.",
    "HOOKS DRYRUN <master-name> [<hook>]",
    "    Run the hooks of a master, or one of them, as if something had happened, and show how they ended.",
    "LEASE <master-name> <holder> <ip> <port> <milliseconds> <sent>",
    "    Ask for a lease for a node that is the master.",
    "LEASES",
    "    Show the leases that this sentinel has granted and that have not run out.",
    "PUBLICATIONS [<master-name>]",
    "    Show where else clients find the masters, and whether that is up to date.",
    "PUBLISH <master-name> [<target>] [FORCE]",
    "    Look at what is published now instead of in a while. FORCE: write it even over a higher epoch, or over what",
    "    somebody else put there. Reply: the number of targets.",
    "RELEASE <master-name> <holder> <let-go>",
    "    Give a lease back. Reply: 1 if there was one, 0 otherwise.",
];

/// Answers one `BONGSU ...` request.
pub(super) fn handle(call: Call<'_>, out: &mut Writer<'_>) -> Outcome {
    let shell = &call.front.shell;
    match (call.subcommand().as_slice(), call.arguments()) {
        (b"decisions", arguments) => write_decisions(shell, arguments, out),
        (b"explain", [name]) => explain(shell, &String::from_utf8_lossy(name), out),
        (b"hooks", _) => return hooks::handle(call, out),
        (b"lease", arguments) => lease::write_lease(shell, arguments, out),
        (b"leases", []) => lease::write_leases(shell, out),
        (b"publications", arguments) => publications::write_publications(shell, arguments, out),
        (b"publish", arguments) => publications::write_publish(shell, arguments, out),
        (b"release", arguments) => lease::write_release(shell, arguments, out),
        _ => write_help(out, "BONGSU", HELP),
    }
    Outcome::Done
}

fn write_decisions(shell: &Shell, arguments: &[&[u8]], out: &mut Writer<'_>) {
    let Some((group, count)) = parse(arguments) else { return out.error("ERR syntax error") };
    let ledger = shell.ledger();
    let of_group = |entry: &&Entry| group.as_deref().is_none_or(|group| entry.decision.group.as_str() == group);
    let mut entries: Vec<&Entry> = ledger.iter().rev().filter(of_group).take(count).collect();
    entries.reverse();
    out.array(entries.len());
    for entry in entries {
        let mut fields = Fields::default();
        fields.add("time", unix_ms(entry.wall));
        fields.add("master", &entry.decision.group);
        fields.add("decision", entry.text());
        fields.write(out);
    }
}

/// A number alone is a count: group names that are numbers need the count after them.
fn parse(arguments: &[&[u8]]) -> Option<(Option<String>, usize)> {
    let count = |text: &[u8]| parse_integer(text).and_then(|count| usize::try_from(count).ok());
    let name = |text: &[u8]| Some(String::from_utf8_lossy(text).into_owned());
    match arguments {
        [] => Some((None, DECISIONS_DEFAULT)),
        [one] => Some(count(one).map_or_else(|| (name(one), DECISIONS_DEFAULT), |count| (None, count))),
        [group, text] => Some((name(group), count(text)?)),
        _ => None,
    }
}

fn explain(shell: &Shell, name: &str, out: &mut Writer<'_>) {
    if shell.with_core(|core, now| core.group(now, name)).is_none() {
        return out.error(NO_SUCH_MASTER);
    }
    let ledger = shell.ledger();
    let selection = ledger.iter().rev().filter(|entry| entry.decision.group.as_str() == name).find_map(|entry| {
        match &entry.decision.reason {
            Reason::Selected { chosen, verdicts } => Some((chosen.as_ref(), verdicts)),
            _ => None,
        }
    });
    let Some((chosen, verdicts)) = selection else { return out.array(0) };
    out.array(verdicts.len());
    for verdict in verdicts {
        fields_of(verdict, chosen).write(out);
    }
}

fn fields_of(verdict: &Verdict, chosen: Option<&Addr>) -> Fields {
    let word = match &verdict.rejected {
        Some(_) => "rejected",
        None if chosen == Some(&verdict.addr) => "chosen",
        None => "eligible",
    };
    let mut fields = Fields::default();
    fields.add("replica", &verdict.addr);
    fields.add("verdict", word);
    fields.add("reason", verdict.rejected.map(|rejection| rejection.to_string()).unwrap_or_default());
    fields.add("same-history", if verdict.same_history { "yes" } else { "no" });
    fields.add("priority", verdict.priority);
    fields.add("offset", verdict.offset);
    fields.add_some("lag-bytes", verdict.lag_bytes);
    fields
}

fn unix_ms(at: SystemTime) -> u128 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_alone_is_a_count() {
        assert_eq!(parse(&[]), Some((None, DECISIONS_DEFAULT)));
        assert_eq!(parse(&[b"5"]), Some((None, 5)));
        assert_eq!(parse(&[b"mymaster"]), Some((Some("mymaster".to_owned()), DECISIONS_DEFAULT)));
        assert_eq!(parse(&[b"mymaster", b"3"]), Some((Some("mymaster".to_owned()), 3)));
        assert_eq!(parse(&[b"mymaster", b"x"]), None);
    }
}
