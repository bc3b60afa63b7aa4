//! What the agent shows of itself: a JSON document in its runtime directory.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::runtime::Paths;
use super::{AgentConfig, Node};

/// The document.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AgentStatus {
    /// The group.
    pub group: String,
    /// The node that the agent stands beside.
    pub node: String,
    /// The addresses, with their prefixes.
    pub vips: Vec<String>,
    /// The interface; empty if a program moves the addresses.
    pub interface: String,
    /// Whether this host holds the addresses.
    pub holding: bool,
    /// Why it does, or does not.
    pub reason: String,
    /// The epoch that the lease rests on, or the newest that a sentinel named.
    pub epoch: u64,
    /// How long the lease lasts, in milliseconds; 0 if there is none.
    pub lease_left_ms: u64,
    /// When this was written: milliseconds since the host was started.
    pub written_ms: u64,
    /// Another host that claimed an address last.
    pub conflict: Option<Conflict>,
    /// The last word of each sentinel.
    pub sentinels: BTreeMap<String, String>,
    /// How often the addresses were taken and given up.
    pub taken: u64,
    /// How often they were given up.
    pub dropped: u64,
}

/// Another host that claimed an address.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Conflict {
    /// The address.
    pub vip: String,
    /// The other host's Ethernet address.
    pub mac: String,
    /// When: milliseconds since the host was started.
    pub at_ms: u64,
}

impl AgentStatus {
    /// Of an agent that has just begun.
    pub(super) fn of(config: &AgentConfig, interface: String) -> Self {
        Self {
            group: config.group.clone(),
            node: config.node.0.to_string(),
            vips: config.vips.iter().map(ToString::to_string).collect(),
            interface,
            ..Self::default()
        }
    }

    /// What the agent of `node` wrote last.
    ///
    /// # Errors
    /// There is no such document, or it makes no sense.
    pub fn read(runtime_dir: &Path, node: &Node) -> io::Result<Self> {
        let text = fs::read(Paths::new(runtime_dir, &node.0).status())?;
        serde_json::from_slice(&text).map_err(io::Error::other)
    }

    /// How long ago it was written, in milliseconds.
    pub fn age_ms(&self) -> u64 {
        super::clock::now().as_ms().saturating_sub(self.written_ms)
    }

    /// Replaces the document as a whole.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let beside: PathBuf = path.with_extension("json.new");
        fs::write(&beside, serde_json::to_vec_pretty(self).map_err(io::Error::other)?)?;
        fs::rename(&beside, path)
    }
}
