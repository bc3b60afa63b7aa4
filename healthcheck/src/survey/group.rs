//! A group through its sentinels.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::document::{SentinelView, Survey};
use super::{Concern, GroupRequest, Reach};
use crate::sentinels::{Testimony, TestimonyError, Witness, agree, majority, testify};
use crate::{ConnectError, Endpoint, Role, Severity, connect};

/// Most sentinels that are asked: a group has a handful, and a forged list is not to keep us busy.
const SENTINELS_MAX: usize = 64;

/// Most nodes of a group that are probed, for the same reason. Big groups have tens.
const NODES_MAX: usize = 256;

type Answer = (Endpoint, Result<Testimony, TestimonyError>);

/// Asks the sentinels, puts what they say into `survey`, and gives the group's nodes, the master first.
pub(super) async fn ask_all(group: &GroupRequest, reach: &Reach, survey: &mut Survey) -> Vec<Endpoint> {
    let mut answers = ask_round(&group.name, &group.sentinels, reach).await;
    let others = not_asked(&answers);
    answers.extend(ask_round(&group.name, &others, reach).await);
    let witnesses: Vec<Witness<'_>> = answers
        .iter()
        .map(|(endpoint, answer)| Witness { endpoint, testimony: answer.as_ref().ok(), counts: true })
        .collect();
    let agreement = agree(&witnesses);
    survey.group = Some(group.name.clone());
    survey.voters = agreement.voters;
    survey.sentinels = answers.iter().map(SentinelView::of).collect();
    for (sentinel, answer) in &answers {
        if let Err(error) = answer {
            survey.concerns.push(Concern::SentinelSilent { sentinel: sentinel.clone(), reason: error.to_string() });
        }
    }
    if agreement.claims.len() < majority(agreement.voters) {
        let answered = agreement.claims.len();
        survey.concerns.push(Concern::NoMajority { answered, voters: agreement.voters });
    }
    match &agreement.named {
        Some(named) => {
            survey.master = Some(named.master.clone());
            survey.config_epoch = Some(named.config_epoch);
            let agrees = |epoch, master: &Option<Endpoint>| {
                epoch == named.config_epoch && master.as_ref() == Some(&named.master)
            };
            let dissent = agreement.claims.into_iter().filter(|claim| !agrees(claim.config_epoch, &claim.master));
            survey.concerns.extend(dissent.map(|claim| Concern::Dissent { claim }));
            survey.concerns.extend(holds_down(&answers, &named.master));
        }
        None if agreement.claims.is_empty() => {}
        None => survey.concerns.push(Concern::NoAgreement { claims: agreement.claims }),
    }
    survey.concerns.extend(gaps(&answers));
    members(&answers, survey.master.as_ref())
}

async fn ask_round(group: &str, sentinels: &[Endpoint], reach: &Reach) -> Vec<Answer> {
    let group: Arc<str> = group.into();
    let mut running = JoinSet::new();
    for (index, endpoint) in sentinels.iter().take(SENTINELS_MAX).enumerate() {
        let (endpoint, reach, group) = (endpoint.clone(), reach.clone(), Arc::clone(&group));
        running.spawn(async move {
            let answer = ask_one(&group, &endpoint, &reach).await;
            (index, (endpoint, answer))
        });
    }
    let mut answers = running.join_all().await;
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

async fn ask_one(group: &str, endpoint: &Endpoint, reach: &Reach) -> Result<Testimony, TestimonyError> {
    let limit = reach.limit;
    let asking = async {
        let connection = connect(endpoint, &reach.sentinels, limit).await?;
        testify(&connection, group).await
    };
    timeout(limit, asking).await.unwrap_or(Err(TestimonyError::Connect(ConnectError::NoAnswer { limit })))
}

/// Sentinels that are known to those that were asked, and were not.
fn not_asked(answers: &[Answer]) -> Vec<Endpoint> {
    let heard: Vec<&Testimony> = answers.iter().filter_map(|(_, answer)| answer.as_ref().ok()).collect();
    let asked: BTreeSet<&str> = heard.iter().filter_map(|testimony| testimony.id.as_deref()).collect();
    let listed = heard.iter().flat_map(|testimony| &testimony.sentinels);
    let unknown = listed.filter(|sentinel| {
        !asked.contains(sentinel.id.as_str()) && !answers.iter().any(|(endpoint, _)| *endpoint == sentinel.endpoint)
    });
    let found: BTreeSet<Endpoint> = unknown.map(|sentinel| sentinel.endpoint.clone()).collect();
    found.into_iter().take(SENTINELS_MAX).collect()
}

fn holds_down(answers: &[Answer], master: &Endpoint) -> Option<Concern> {
    let of_it = || answers.iter().filter_map(|(_, answer)| answer.as_ref().ok().filter(|t| t.down));
    let by = of_it().count();
    let objectively = of_it().any(|testimony| testimony.objectively_down);
    (by > 0).then(|| Concern::MasterDown { master: master.clone(), by, objectively })
}

/// What some sentinels know and others do not.
fn gaps(answers: &[Answer]) -> Vec<Concern> {
    let heard = || answers.iter().filter_map(|(endpoint, answer)| Some((endpoint, answer.as_ref().ok()?)));
    let replicas: BTreeSet<&Endpoint> =
        heard().flat_map(|(_, testimony)| &testimony.replicas).map(|replica| &replica.endpoint).collect();
    let ids: BTreeSet<&str> =
        heard().flat_map(|(_, t)| t.sentinels.iter().map(|other| other.id.as_str()).chain(t.id.as_deref())).collect();
    let mut concerns = Vec::new();
    for (sentinel, testimony) in heard() {
        let known = |replica: &Endpoint| {
            testimony.master.as_ref() == Some(replica) || testimony.replicas.iter().any(|r| r.endpoint == *replica)
        };
        for replica in replicas.iter().filter(|replica| !known(replica)) {
            let (sentinel, replica) = (sentinel.clone(), (*replica).clone());
            concerns.push(Concern::ReplicaUnknown { sentinel, replica });
        }
        let known = |id: &str| {
            testimony.id.as_deref().is_none_or(|own| own == id) || testimony.sentinels.iter().any(|s| s.id == id)
        };
        for unknown in ids.iter().filter(|id| !known(id)) {
            concerns.push(Concern::SentinelUnknown { sentinel: sentinel.clone(), unknown: (*unknown).to_owned() });
        }
    }
    concerns
}

/// All nodes that any sentinel knows, the master first; of a list beyond reason the beginning.
fn members(answers: &[Answer], master: Option<&Endpoint>) -> Vec<Endpoint> {
    let heard = || answers.iter().filter_map(|(_, answer)| answer.as_ref().ok());
    let named = heard().filter_map(|testimony| testimony.master.as_ref());
    let replicas = heard().flat_map(|testimony| &testimony.replicas).map(|replica| &replica.endpoint);
    let others: BTreeSet<&Endpoint> = named.chain(replicas).filter(|node| Some(*node) != master).collect();
    master.into_iter().chain(others).take(NODES_MAX).cloned().collect()
}

/// Whether the nodes are what the sentinels take them for.
pub(super) fn compare_nodes(survey: &mut Survey) {
    let Some(master) = survey.master.clone() else { return };
    let named = survey.nodes.iter().find(|node| node.endpoint == master);
    let history = named.and_then(|node| node.facts.as_ref()?.replication_id.clone());
    if named.is_some_and(|node| node.role().is_some() && !node.is_master()) {
        survey.concerns.push(Concern::NotTheMaster { node: master.clone() });
    }
    let (mut replicas, mut impaired, mut unfit) = (0, 0, 0);
    for node in survey.nodes.iter().filter(|node| node.endpoint != master) {
        if matches!(node.role(), Some(Role::Sentinel { .. })) {
            continue;
        }
        replicas += 1;
        impaired += usize::from(node.severity() > Severity::Ok);
        // One that lags or was cut off a moment ago would take over all the same; one that does not answer cannot.
        unfit += usize::from(node.facts.is_none());
        if node.is_master() {
            let (node, master) = (node.endpoint.clone(), master.clone());
            survey.concerns.push(Concern::SecondMaster { node, master });
        } else if let Some(Role::Replica { link_up: true, .. }) = node.role()
            && history.is_some()
            && node.facts.as_ref().is_some_and(|facts| facts.replication_id != history)
        {
            survey.concerns.push(Concern::OtherHistory { node: node.endpoint.clone() });
        }
    }
    if replicas > 0 && unfit == replicas {
        survey.concerns.push(Concern::NoReplicaLeft { replicas });
    } else if impaired > 0 {
        survey.concerns.push(Concern::ReplicasImpaired { impaired, replicas });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KnownNode;

    #[test]
    fn a_forged_list_keeps_nobody_busy() {
        let replica = |port| KnownNode { endpoint: Endpoint::new("10.0.0.1", port), run_id: None };
        let testimony = Testimony { replicas: (1..=1000).map(replica).collect(), ..Testimony::default() };
        let master = Endpoint::new("10.0.0.2", 6379);
        let nodes = members(&[(Endpoint::new("10.0.0.9", 26379), Ok(testimony))], Some(&master));
        assert_eq!((nodes.len(), &nodes[0]), (NODES_MAX, &master));
    }
}
