//! What a survey found, in the shape of its JSON document.

use std::fmt::Write as _;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::Concern;
use crate::finding::tell;
use crate::sentinels::{Testimony, TestimonyError};
use crate::{Endpoint, Report, Role, Severity};

/// Everything that was found.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The group, if one was asked for.
    pub group: Option<String>,
    /// The master: the one that a majority of the sentinels names, or, without sentinels, the only one there is.
    pub master: Option<Endpoint>,
    /// The epoch under which the sentinels name it.
    pub config_epoch: Option<u64>,
    /// Sentinels that there are, whether they answer or not.
    pub voters: usize,
    /// What each sentinel says.
    pub sentinels: Vec<SentinelView>,
    /// What does not fit together.
    pub concerns: Vec<Concern>,
    /// Each node by itself.
    pub nodes: Vec<Report>,
}

/// What one sentinel says, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SentinelView {
    /// Where it was asked.
    pub endpoint: Endpoint,
    /// The master that it names.
    pub master: Option<Endpoint>,
    /// The epoch of that configuration.
    pub config_epoch: Option<u64>,
    /// Replicas that it knows.
    pub replicas: Option<usize>,
    /// Other sentinels that it knows.
    pub sentinels: Option<usize>,
    /// Why it says nothing.
    pub error: Option<String>,
}

impl SentinelView {
    pub(super) fn of((endpoint, answer): &(Endpoint, Result<Testimony, TestimonyError>)) -> Self {
        let testimony = answer.as_ref().ok();
        Self {
            endpoint: endpoint.clone(),
            master: testimony.and_then(|testimony| testimony.master.clone()),
            config_epoch: testimony.map(|testimony| testimony.config_epoch),
            replicas: testimony.map(|testimony| testimony.replicas.len()),
            sentinels: testimony.map(|testimony| testimony.sentinels.len()),
            error: answer.as_ref().err().map(ToString::to_string),
        }
    }
}

impl Survey {
    /// The worst of everything. A replica of a group counts through the concerns about the group, since one that is down
    /// does not stop the group.
    pub fn severity(&self) -> Severity {
        let concerns = self.concerns.iter().map(Concern::severity);
        let nodes = self.nodes.iter().filter(|node| self.decides(node)).map(Report::severity);
        concerns.chain(nodes).max().unwrap_or_default()
    }

    /// Whether what is wrong with `node` is as wrong for the whole.
    fn decides(&self, node: &Report) -> bool {
        self.group.is_none()
            || Some(&node.endpoint) == self.master.as_ref()
            || matches!(node.role(), Some(Role::Sentinel { .. }))
            || node.findings.iter().any(|finding| matches!(finding, crate::Finding::UnexpectedRole { .. }))
    }

    /// One line: the severity, then what decides it.
    pub fn summary(&self) -> String {
        let severity = self.severity();
        let mut text = severity.to_string().to_uppercase();
        let mut reasons = self.reasons(severity);
        // Writing to a string cannot fail.
        let _ = match (reasons.next(), severity) {
            (Some(reason), Severity::Warning | Severity::Unknown | Severity::Critical) => match reasons.count() {
                0 => write!(text, ": {reason}"),
                more => write!(text, ": {reason} (and {more} more)"),
            },
            _ => write!(text, ": {}", self.in_order()),
        };
        text
    }

    /// Everything that is as bad as `severity`.
    fn reasons(&self, severity: Severity) -> impl Iterator<Item = String> {
        let concerns = self.concerns.iter().filter(move |concern| concern.severity() == severity);
        let nodes = self.nodes.iter().filter(move |node| self.decides(node) && node.severity() == severity);
        let of_node = |node: &Report| {
            let worst = node.worst().map(ToString::to_string).unwrap_or_default();
            format!("{}: {worst}", node.endpoint)
        };
        nodes.map(of_node).chain(concerns.map(ToString::to_string))
    }

    fn in_order(&self) -> String {
        match (&self.group, &self.master) {
            (Some(group), Some(master)) => format!(
                "{group}: master {master} (epoch {}), {} nodes, {} of {} sentinels agree",
                self.config_epoch.unwrap_or(0),
                self.nodes.len(),
                self.sentinels.iter().filter(|sentinel| sentinel.error.is_none()).count(),
                self.voters,
            ),
            _ => match &self.nodes[..] {
                [node] => {
                    let role = node.role().map_or_else(|| "node".to_owned(), ToString::to_string);
                    format!("{} is a {role}", node.endpoint)
                }
                nodes => format!("{} nodes", nodes.len()),
            },
        }
    }
}

/// A node with its severity.
#[derive(Serialize)]
struct Node<'a> {
    severity: Severity,
    #[serde(flatten)]
    report: &'a Report,
}

/// What is told of a group.
#[derive(Serialize)]
struct Group<'a> {
    name: &'a str,
    master: Option<&'a Endpoint>,
    config_epoch: Option<u64>,
    known_sentinels: usize,
    sentinels: &'a [SentinelView],
}

/// The concerns with their severity and text.
struct Told<'a>(&'a [Concern]);

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        tell(self.0, Concern::severity, serializer)
    }
}

impl Serialize for Survey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let group = self.group.as_deref().map(|name| Group {
            name,
            master: self.master.as_ref(),
            config_epoch: self.config_epoch,
            known_sentinels: self.voters,
            sentinels: &self.sentinels,
        });
        let nodes: Vec<Node<'_>> =
            self.nodes.iter().map(|report| Node { severity: report.severity(), report }).collect();
        let mut document = serializer.serialize_struct("Survey", 5)?;
        document.serialize_field("severity", &self.severity())?;
        document.serialize_field("summary", &self.summary())?;
        document.serialize_field("findings", &Told(&self.concerns))?;
        document.serialize_field("group", &group)?;
        document.serialize_field("nodes", &nodes)?;
        document.end()
    }
}
