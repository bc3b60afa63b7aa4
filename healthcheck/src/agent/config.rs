//! What an agent is told.

use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bongsu_sentinel_core::Addr;
use thiserror::Error;

use super::Vip;
use super::kernel::InterfaceError;
use super::runtime::RuntimeError;
use crate::{Access, Endpoint, EndpointError};

/// Where a data node listens if nothing else is said.
const NODE_PORT: u16 = 6379;

/// A data node, as the sentinels know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node(pub(super) Addr);

/// Why a text names no data node.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NodeError {
    /// It is no address with a port.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Sentinels would not accept it.
    #[error("'{text}' cannot be the address of a node")]
    Host {
        /// What was given.
        text: String,
    },
}

impl FromStr for Node {
    type Err = NodeError;

    fn from_str(text: &str) -> Result<Self, NodeError> {
        let endpoint = Endpoint::parse(text, NODE_PORT)?;
        let addr = Addr::new(endpoint.host(), endpoint.port());
        addr.map(Self).ok_or_else(|| NodeError::Host { text: text.to_owned() })
    }
}

/// An agent's settings.
pub struct AgentConfig {
    /// Name of the group.
    pub group: String,
    /// The node beside the agent, as the sentinels know it.
    pub node: Node,
    /// How the node is reached.
    pub node_access: Access,
    /// Longest wait for one answer of the node.
    pub node_limit: Duration,
    /// Sentinels; others of the group are found through them.
    pub sentinels: Vec<Endpoint>,
    /// How sentinels are reached.
    pub sentinel_access: Access,
    /// The addresses. All move together.
    pub vips: Vec<Vip>,
    /// What carries them.
    pub means: Means,
    /// For how long leases are asked for.
    pub lease: Duration,
    /// Where the agent keeps its files, of which one is written at every renewal: best in memory.
    pub runtime_dir: PathBuf,
    /// The words that start a guardian, program first; what it guards is appended as options.
    pub guardian: Vec<String>,
}

/// What carries the addresses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Means {
    /// The kernel of this host.
    Kernel {
        /// Its interface; `None` for the one with the node's address.
        interface: Option<String>,
    },
    /// A program.
    Script {
        /// Its path.
        path: PathBuf,
    },
    /// Nothing: the agent asks for leases and says what it would do.
    Nothing,
}

/// Why an agent cannot start, or ended.
#[derive(Debug, Error)]
pub enum AgentError {
    /// Its files.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The interface.
    #[error(transparent)]
    Interface(#[from] InterfaceError),
    /// The file with the time until which the addresses may be here.
    #[error("{}: {error}", path.display())]
    Deadline {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Without a guardian a frozen agent would keep the address.
    #[error("the guardian cannot be started: {error}")]
    Guardian {
        /// Why.
        error: io::Error,
    },
    /// The system gives no event loop or signals.
    #[error("{error}")]
    System {
        /// Why.
        #[from]
        error: io::Error,
    },
}
