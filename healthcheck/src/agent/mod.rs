//! The agent beside a data node: it holds the group's address while the node is the master and a majority of the sentinels has granted
//! a lease for it.
//!
//! Nobody else gets a lease before this one has ended, so the address is never on two hosts; see the core's module on leases for why.
//! The agent counts on the clock that goes on while the host is suspended, from before it asked. Should it not be there to remove the
//! address in time, its guardian does, and should that stand still as well, the kernel.

mod candidate;
mod carrier;
mod clock;
mod config;
mod deadline;
mod decide;
mod guardian;
mod keeper;
mod kernel;
mod node;
mod pace;
mod runtime;
mod script;
mod sentinel;
mod status;
mod vip;
mod watchman;

pub use bongsu_sentinel_core::LEASE_MAX;
pub use config::{AgentConfig, AgentError, Means, Node, NodeError};
pub use guardian::{Guarded, Means as GuardMeans, guard};
pub use keeper::run;
pub use kernel::InterfaceError;
pub use runtime::RuntimeError;
pub use status::{AgentStatus, Conflict};
pub use vip::{Vip, VipError};
