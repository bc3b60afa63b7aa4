//! Is a node alive, what does it say of itself, and does a group fit together?
//!
//! [`probe()`] asks one Redis-compatible node (data server or sentinel) `PING`, `ROLE` and `INFO` under one deadline and
//! gives a [`Report`]: findings in the degrees that a monitoring system understands, and the facts they rest on. It knows
//! nothing of groups.
//!
//! [`survey()`] probes many nodes, or a group through its sentinels, and compares what they say.

mod access;
pub mod agent;
mod endpoint;
mod finding;
mod probe;
mod report;
mod sentinels;
pub mod serve;
mod size;
mod survey;
mod write_probe;

pub use access::{Access, ConnectError, Tls, client, connect};
pub use endpoint::{Endpoint, EndpointError};
pub use finding::{Finding, Refusal, RoleName, Severity};
pub use probe::probe;
pub use report::{Facts, Lag, Persistence, Report, Role};
pub use sentinels::{
    Agreement, Claim, KnownNode, KnownSentinel, Named, Testimony, TestimonyError, Witness, agree, majority, testify,
    voters,
};
pub use size::{SizeError, parse_bytes};
pub use survey::{
    Concern, DnsName, DnsNameError, Expected, GroupRequest, Place, PublishedAt, Reach, Request, SentinelView, Survey,
    Vip, survey,
};
pub use write_probe::{ProbeKey, ProbeKeyError};
