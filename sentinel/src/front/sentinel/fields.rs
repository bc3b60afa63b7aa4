//! A map whose values are all strings, the way Sentinel writes instances, periods and scripts.

use std::fmt::Display;
use std::time::Duration;

use bongsu_protocol::resp::Writer;

/// Names with values, in the order of the reply.
#[derive(Default)]
pub(in crate::front) struct Fields(Vec<(&'static str, String)>);

impl Fields {
    pub(in crate::front) fn add(&mut self, name: &'static str, value: impl Display) {
        self.0.push((name, value.to_string()));
    }

    /// A duration in milliseconds.
    pub(in crate::front) fn add_ms(&mut self, name: &'static str, value: Duration) {
        self.add(name, value.as_millis());
    }

    pub(in crate::front) fn add_some(&mut self, name: &'static str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// The reply: a map in RESP3, a flat array in RESP2; numbers are strings too.
    pub(in crate::front) fn write(&self, out: &mut Writer<'_>) {
        out.map(self.0.len());
        for (name, value) in &self.0 {
            out.bulk(name);
            out.bulk(value);
        }
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }

    #[cfg(test)]
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}
