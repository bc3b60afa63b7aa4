//! Probing many nodes, and holding what they say against what is expected.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Expected, Reach, Request};
use crate::write_probe::ProbeKey;
use crate::{Endpoint, Finding, Report, Role, RoleName, probe};

/// Nodes asked at the same time; more would only make their answers slower.
const PROBES_AT_ONCE: usize = 64;

/// Probes `endpoints` and gives the reports in their order, each node once. `master` is asked before the others, so
/// that what a replica lacks is not what was written while it was asked.
pub(super) async fn probe_all(
    endpoints: Vec<Endpoint>,
    master: Option<&Endpoint>,
    request: &Request,
    reach: &Reach,
) -> Vec<Report> {
    let mut distinct: Vec<Endpoint> = Vec::new();
    for endpoint in endpoints {
        if !distinct.contains(&endpoint) {
            distinct.push(endpoint);
        }
    }
    let (first, rest): (Vec<_>, Vec<_>) = distinct.iter().cloned().partition(|endpoint| Some(endpoint) == master);
    let key = request.write_key.as_ref();
    let mut reports = probe_round(first, reach, key).await;
    reports.extend(probe_round(rest, reach, key).await);
    let position = |report: &Report| distinct.iter().position(|endpoint| *endpoint == report.endpoint);
    reports.sort_by_key(position);
    measure_lag(&mut reports, master, &request.expected, reach).await;
    for report in &mut reports {
        let is_named = request.nodes.contains(&report.endpoint);
        hold_against(report, &request.expected, is_named);
    }
    reports
}

async fn probe_round(endpoints: Vec<Endpoint>, reach: &Reach, key: Option<&ProbeKey>) -> Vec<Report> {
    let shared = Arc::new((reach.clone(), key.cloned()));
    let mut waiting = endpoints.into_iter();
    let mut running = JoinSet::new();
    let mut reports = Vec::new();
    loop {
        while running.len() < PROBES_AT_ONCE {
            let Some(endpoint) = waiting.next() else { break };
            let shared = Arc::clone(&shared);
            running.spawn(async move {
                let (reach, key) = &*shared;
                probe(&endpoint, &reach.nodes, reach.limit, key.as_ref()).await
            });
        }
        match running.join_next().await {
            None => return reports,
            // A probe does not panic, and nobody cancels one.
            Some(Ok(report)) => reports.push(report),
            Some(Err(_)) => {}
        }
    }
}

/// Tells replicas how far they are behind. A master that is not among the nodes is asked only where a limit is to be kept.
async fn measure_lag(reports: &mut Vec<Report>, named: Option<&Endpoint>, expected: &Expected, reach: &Reach) {
    let followed = |report: &Report| match report.role() {
        Some(Role::Replica { master, .. }) => named.cloned().or_else(|| master.clone()),
        _ => None,
    };
    let mut masters: Vec<Report> = reports.iter().filter(|report| report.is_master()).cloned().collect();
    if expected.limits_lag() {
        let mut absent: Vec<Endpoint> = reports.iter().filter_map(followed).collect();
        absent.retain(|endpoint| !reports.iter().any(|report| report.endpoint == *endpoint));
        absent.sort();
        absent.dedup();
        masters.extend(probe_round(absent, reach, None).await);
    }
    for report in reports {
        let Some(master) = followed(report) else { continue };
        let Some(facts) = &mut report.facts else { continue };
        let master = masters.iter().find(|report| report.endpoint == master).and_then(|report| report.facts.as_ref());
        facts.lag = master.and_then(|master| master.lag_of(&report.endpoint, facts));
    }
}

/// Adds to `report` what is not as expected. Only a node that was named in the request is expected to have its role: those
/// of a group have different ones.
fn hold_against(report: &mut Report, expected: &Expected, is_named: bool) {
    let Some(facts) = &report.facts else { return };
    let mut findings = Vec::new();
    let found = facts.role.as_ref().map(Role::name);
    if let Some(role) = expected.role.filter(|role| is_named && Some(*role) != found) {
        findings.push(Finding::UnexpectedRole { expected: role, found });
    }
    if let (Some(RoleName::Master), Some(least)) = (found, expected.replicas)
        && facts.online_replicas() < least
    {
        findings.push(Finding::TooFewReplicas { found: facts.online_replicas(), expected: least });
    }
    if let Some(Role::Replica { master, .. }) = &facts.role {
        match facts.lag {
            None if expected.limits_lag() => findings.push(Finding::LagUnknown { master: master.clone() }),
            None => {}
            Some(lag) => {
                if let Some(limit) = expected.lag_bytes.filter(|limit| lag.bytes > *limit) {
                    findings.push(Finding::LagBytes { bytes: lag.bytes, limit });
                }
                match (lag.seconds, expected.lag_seconds) {
                    (Some(seconds), Some(limit)) if seconds > limit => {
                        findings.push(Finding::LagSeconds { seconds, limit });
                    }
                    (None, Some(_)) => findings.push(Finding::LagUnknown { master: master.clone() }),
                    _ => {}
                }
            }
        }
    }
    report.findings.extend(findings);
}
