//! What is wrong with a group as a whole, or with what leads to its master.

use std::fmt;

use serde::Serialize;

use crate::sentinels::Claim;
use crate::{Endpoint, Severity};

/// One thing that does not fit together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Concern {
    /// A sentinel does not answer.
    SentinelSilent {
        /// Where it was asked.
        sentinel: Endpoint,
        /// What went wrong, which may be that it does not know the group.
        reason: String,
    },
    /// Too few sentinels answer for any failover to take place.
    NoMajority {
        /// Sentinels that answer.
        answered: usize,
        /// Sentinels that there are.
        voters: usize,
    },
    /// No master is named by a majority under the newest epoch.
    NoAgreement {
        /// What each sentinel says.
        claims: Vec<Claim>,
    },
    /// A sentinel says something else than the majority.
    Dissent {
        /// What it says.
        claim: Claim,
    },
    /// A sentinel does not know a replica that others know.
    ReplicaUnknown {
        /// Who does not know it.
        sentinel: Endpoint,
        /// The replica.
        replica: Endpoint,
    },
    /// A sentinel does not know another one.
    SentinelUnknown {
        /// Who does not know it.
        sentinel: Endpoint,
        /// Id of the other one.
        unknown: String,
    },
    /// Sentinels hold the master to be down.
    MasterDown {
        /// The master.
        master: Endpoint,
        /// How many do.
        by: usize,
        /// Whether they know that a quorum does.
        objectively: bool,
    },
    /// The node that the sentinels name says that it is no master.
    NotTheMaster {
        /// The node.
        node: Endpoint,
    },
    /// A node says that it is a master, but the sentinels name another.
    SecondMaster {
        /// The node.
        node: Endpoint,
        /// The one they name.
        master: Endpoint,
    },
    /// A replica's data have another history than the master's.
    OtherHistory {
        /// The replica.
        node: Endpoint,
    },
    /// Some replicas do not do their work.
    ReplicasImpaired {
        /// How many.
        impaired: usize,
        /// Of how many.
        replicas: usize,
    },
    /// No replica could take over.
    NoReplicaLeft {
        /// How many there should be.
        replicas: usize,
    },
    /// The master is not the one that was expected.
    UnexpectedMaster {
        /// The one that was expected.
        expected: Endpoint,
        /// The one that there is.
        found: Option<Endpoint>,
    },
    /// A name does not lead to the master, or not only to it.
    NameDiffers {
        /// The name, with the server that was asked.
        name: String,
        /// Where it leads.
        addresses: Vec<String>,
        /// Where it should lead.
        expected: Vec<String>,
    },
    /// An address does not lead to the master.
    VipDiffers {
        /// The address.
        vip: Endpoint,
        /// Run id of the node behind it.
        run_id: Option<String>,
        /// Run id of the master.
        expected: Option<String>,
    },
    /// Nothing useful answers at an address.
    VipSilent {
        /// The address.
        vip: Endpoint,
        /// What went wrong.
        reason: String,
    },
    /// A target that the sentinels publish to holds no record of the group.
    NotPublished {
        /// Name of the target.
        target: String,
        /// What stands in the place of the record.
        instead: Option<String>,
    },
    /// A target holds another master.
    PublishedDiffers {
        /// Name of the target.
        target: String,
        /// The master that it holds.
        primary: String,
        /// The epoch that it holds.
        epoch: u64,
        /// The master.
        expected: Endpoint,
    },
    /// A target holds the master under another epoch.
    PublishedEpoch {
        /// Name of the target.
        target: String,
        /// The epoch that it holds.
        epoch: u64,
        /// That of the sentinels.
        expected: u64,
    },
    /// A comparison could not be made.
    NotComparable {
        /// The name, address or target.
        what: String,
        /// Why not.
        reason: String,
    },
}

impl Concern {
    /// How bad it is.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::SentinelSilent { .. }
            | Self::Dissent { .. }
            | Self::ReplicaUnknown { .. }
            | Self::SentinelUnknown { .. }
            | Self::MasterDown { objectively: false, .. }
            | Self::OtherHistory { .. }
            | Self::ReplicasImpaired { .. }
            | Self::PublishedEpoch { .. } => Severity::Warning,
            Self::NotComparable { .. } => Severity::Unknown,
            Self::NoMajority { .. }
            | Self::NoAgreement { .. }
            | Self::MasterDown { objectively: true, .. }
            | Self::NotTheMaster { .. }
            | Self::SecondMaster { .. }
            | Self::NoReplicaLeft { .. }
            | Self::UnexpectedMaster { .. }
            | Self::NameDiffers { .. }
            | Self::VipDiffers { .. }
            | Self::VipSilent { .. }
            | Self::NotPublished { .. }
            | Self::PublishedDiffers { .. } => Severity::Critical,
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SentinelSilent { sentinel, reason } => write!(f, "sentinel {sentinel}: {reason}"),
            Self::NoMajority { answered, voters } => write!(f, "only {answered} of {voters} sentinels answer"),
            Self::NoAgreement { claims } => {
                f.write_str("no majority of the sentinels names one master")?;
                let mut claims = claims.iter();
                claims.try_for_each(|claim| write!(f, "; {claim}"))
            }
            Self::Dissent { claim } => write!(f, "{claim}, unlike the others"),
            Self::ReplicaUnknown { sentinel, replica } => {
                write!(f, "sentinel {sentinel} does not know replica {replica}")
            }
            Self::SentinelUnknown { sentinel, unknown } => {
                write!(f, "sentinel {sentinel} does not know sentinel {unknown}")
            }
            Self::MasterDown { master, by, objectively } => {
                let agreed = if *objectively { ", a quorum agrees" } else { "" };
                write!(f, "{by} sentinels hold master {master} to be down{agreed}")
            }
            Self::NotTheMaster { node } => write!(f, "{node} is named master, but is none"),
            Self::SecondMaster { node, master } => write!(f, "{node} is a second master besides {master}"),
            Self::OtherHistory { node } => write!(f, "{node} has other data than the master"),
            Self::ReplicasImpaired { impaired, replicas } => write!(f, "{impaired} of {replicas} replicas impaired"),
            Self::NoReplicaLeft { replicas } => write!(f, "none of {replicas} replicas could take over"),
            Self::UnexpectedMaster { expected, found: Some(found) } => {
                write!(f, "the master is {found}, not {expected}")
            }
            Self::UnexpectedMaster { expected, found: None } => write!(f, "no master, expected is {expected}"),
            Self::NameDiffers { name, addresses, expected } => {
                let leads = if addresses.is_empty() { "nowhere".to_owned() } else { addresses.join(", ") };
                write!(f, "{name} leads to {leads}; the master is at {}", expected.join(", "))
            }
            Self::VipDiffers { vip, run_id, .. } => match run_id {
                Some(id) => write!(f, "behind {vip} is another node than the master (run id {id})"),
                None => write!(f, "behind {vip} is no data node"),
            },
            Self::VipSilent { vip, reason } => write!(f, "behind {vip}: {reason}"),
            Self::NotPublished { target, instead: None } => write!(f, "{target} holds no record of the group"),
            Self::NotPublished { target, instead: Some(what) } => {
                write!(f, "{target} holds something that no sentinel wrote: {what}")
            }
            Self::PublishedDiffers { target, primary, epoch, expected } => {
                write!(f, "{target} holds {primary} (epoch {epoch}); the master is {expected}")
            }
            Self::PublishedEpoch { target, epoch, expected } => {
                write!(f, "{target} holds epoch {epoch}; the sentinels are at {expected}")
            }
            Self::NotComparable { what, reason } => write!(f, "{what} cannot be compared with the master: {reason}"),
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.master {
            Some(master) => write!(f, "sentinel {} names {master} (epoch {})", self.sentinel, self.config_epoch),
            None => write!(f, "sentinel {} names nobody", self.sentinel),
        }
    }
}
