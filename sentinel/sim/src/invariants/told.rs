//! What nodes last said of themselves to each sentinel, as far as it has arrived there.

use std::collections::BTreeMap;

use bongsu_sentinel_core::InfoReport;

use crate::facts::Fact;
use crate::world::Pid;

/// The last INFO of each node, by the sentinel that it reached.
#[derive(Default)]
pub(super) struct Told(BTreeMap<(Pid, Pid), InfoReport>);

impl Told {
    /// To be called with everything that happens.
    pub(super) fn see(&mut self, fact: &Fact<'_>) {
        match fact {
            Fact::InfoSeen { by, node, report, .. } => {
                self.0.insert((*by, *node), (*report).clone());
            }
            Fact::SentinelStarted { pid } => self.0.retain(|(by, _), _| by != pid),
            _ => {}
        }
    }

    pub(super) fn to(&self, by: Pid, node: Pid) -> Option<&InfoReport> {
        self.0.get(&(by, node))
    }
}
