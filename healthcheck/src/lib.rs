//! Is a node alive, and what does it say of itself?
//!
//! [`probe()`] asks one Redis-compatible node (data server or sentinel) `PING`, `ROLE` and `INFO` under one deadline and
//! gives a [`Report`]: a verdict that a monitoring system understands, and the facts it rests on. Nothing here knows
//! of groups, quorums or failovers.

mod access;
mod endpoint;
mod probe;
mod report;

pub use access::{Access, ConnectError, Tls, client, connect};
pub use endpoint::{Endpoint, EndpointError};
pub use probe::probe;
pub use report::{Concern, Doubt, Facts, Failure, Report, Role, Verdict};
