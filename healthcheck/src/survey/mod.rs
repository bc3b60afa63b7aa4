//! Several nodes, or a whole group through its sentinels: what each says, and whether it fits together.

mod concern;
mod document;
mod elsewhere;
mod group;
mod nodes;
mod published;

use std::time::Duration;

use crate::write_probe::ProbeKey;
use crate::{Access, Endpoint, RoleName};

pub use concern::Concern;
pub use document::{SentinelView, Survey};
pub use elsewhere::{DnsName, DnsNameError, Vip};
pub use published::{Place, PublishedAt};

/// What is to be looked at, and what is expected.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Nodes to probe, besides those of the group.
    pub nodes: Vec<Endpoint>,
    /// Whether the nodes of the group are left alone, and only what its sentinels say counts.
    pub named_only: bool,
    /// A group to ask sentinels for.
    pub group: Option<GroupRequest>,
    /// Key to try a write with on nodes that say they are masters.
    pub write_key: Option<ProbeKey>,
    /// What counts as wrong besides what always does.
    pub expected: Expected,
    /// Names that are to lead to the master.
    pub dns: Vec<DnsName>,
    /// Addresses behind which the master is to be.
    pub vips: Vec<Vip>,
    /// Targets that are to hold the master of the group.
    pub published: Vec<PublishedAt>,
}

/// A group, and whom to ask for it.
#[derive(Clone, Debug)]
pub struct GroupRequest {
    /// Its name.
    pub name: String,
    /// Its sentinels; those that they know are asked as well.
    pub sentinels: Vec<Endpoint>,
}

/// What is expected of nodes.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// What every node named in the request is.
    pub role: Option<RoleName>,
    /// The master that the sentinels are to name.
    pub master: Option<Endpoint>,
    /// Most bytes that a replica may be behind.
    pub lag_bytes: Option<u64>,
    /// Most seconds since a replica's last acknowledgement.
    pub lag_seconds: Option<u64>,
    /// Fewest replicas that a master may have.
    pub replicas: Option<usize>,
}

impl Expected {
    /// Whether replicas are to be compared with their masters at any cost.
    const fn limits_lag(&self) -> bool {
        self.lag_bytes.is_some() || self.lag_seconds.is_some()
    }
}

/// How nodes and sentinels are reached.
#[derive(Clone, Default)]
pub struct Reach {
    /// For data nodes, and whatever is named without being known to be a sentinel.
    pub nodes: Access,
    /// For the sentinels of a group.
    pub sentinels: Access,
    /// Longest wait for each of them.
    pub limit: Duration,
}

/// Looks at everything in `request`.
pub async fn survey(request: &Request, reach: &Reach) -> Survey {
    let mut survey = Survey::default();
    let mut endpoints = request.nodes.clone();
    if let Some(group) = &request.group {
        let members = group::ask_all(group, reach, &mut survey).await;
        if !request.named_only {
            endpoints.extend(members);
        }
    }
    let master = survey.master.clone();
    survey.nodes = nodes::probe_all(endpoints, master.as_ref(), request, reach).await;
    if request.group.is_some() {
        group::compare_nodes(&mut survey);
    } else if let [only] = survey.nodes.iter().filter(|node| node.is_master()).collect::<Vec<_>>()[..] {
        survey.master = Some(only.endpoint.clone());
    }
    if let Some(expected) = &request.expected.master
        && survey.master.as_ref() != Some(expected)
    {
        let found = survey.master.clone();
        survey.concerns.push(Concern::UnexpectedMaster { expected: expected.clone(), found });
    }
    elsewhere::compare(request, reach, &mut survey).await;
    published::compare(&request.published, reach, &mut survey).await;
    survey
}
