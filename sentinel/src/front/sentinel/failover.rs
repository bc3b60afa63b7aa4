//! `FAILOVER` and `SIMULATE-FAILURE`.

use bongsu_protocol::resp::Writer;
use bongsu_sentinel_core::{FailoverError, FailoverKind, SimulatedFailures};

use super::NO_SUCH_MASTER;
use crate::shell::Shell;

/// Answers `FAILOVER <name> [COORDINATED|FORCED]`. OK means that it has begun.
pub(super) fn handle(shell: &Shell, name: &str, options: &[&[u8]], out: &mut Writer<'_>) {
    let Some(kind) = parse(options) else {
        return out.error(match options.len() {
            1 => "ERR Unknown failover option specified",
            _ => "ERR wrong number of arguments for 'sentinel|failover' command",
        });
    };
    match shell.with_core(|core, now| core.failover(now, name, kind)) {
        Ok(()) => out.simple("OK"),
        Err(FailoverError::NoSuchGroup) => out.error(NO_SUCH_MASTER),
        Err(FailoverError::InProgress) => out.error("INPROG Failover already in progress"),
        Err(FailoverError::NoGoodReplica(_)) => out.error("NOGOODSLAVE No suitable replica to promote"),
        Err(FailoverError::MasterUnreachable) => out.error("NOGOODPRIMARY Primary cannot be reached to hand over"),
    }
}

fn parse(options: &[&[u8]]) -> Option<FailoverKind> {
    match options {
        [] => Some(FailoverKind::Auto),
        [word] if word.eq_ignore_ascii_case(b"coordinated") => Some(FailoverKind::Coordinated),
        [word] if word.eq_ignore_ascii_case(b"forced") => Some(FailoverKind::Forced),
        _ => None,
    }
}

const AFTER_ELECTION: &str = "crash-after-election";
const AFTER_PROMOTION: &str = "crash-after-promotion";

/// Answers `SIMULATE-FAILURE <flag> ...`. Every call forgets the flags of the last one.
pub(super) fn simulate_failure(shell: &Shell, words: &[&[u8]], out: &mut Writer<'_>) {
    let mut failures = SimulatedFailures::default();
    shell.with_core(|core, _| core.set_simulated_failures(failures));
    for word in words {
        match word.to_ascii_lowercase().as_slice() {
            word if word == AFTER_ELECTION.as_bytes() => failures.after_election = true,
            word if word == AFTER_PROMOTION.as_bytes() => failures.after_promotion = true,
            b"help" => {
                out.array(2);
                out.bulk(AFTER_ELECTION);
                return out.bulk(AFTER_PROMOTION);
            }
            _ => return out.error("ERR Unknown failure simulation specified"),
        }
        shell.with_core(|core, _| core.set_simulated_failures(failures));
    }
    out.simple("OK");
}
