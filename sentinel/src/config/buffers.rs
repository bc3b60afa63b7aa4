//! `client-output-buffer-limit`.

use std::time::Duration;

use super::field::{ByteCount, Field};
use super::value::{Refusal, Value, parse_memory, show_memory};

/// Limits of one class of clients. Zero means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferLimit {
    /// A client with more unread bytes is disconnected at once.
    pub hard: ByteCount,
    /// A client with more unread bytes for `soft_for` is disconnected.
    pub soft: ByteCount,
    /// How long the soft limit may be exceeded.
    pub soft_for: Duration,
}

/// Limits of unread replies by class of client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferLimits {
    /// Ordinary clients.
    pub normal: BufferLimit,
    /// Replicas; no effect in sentinel mode.
    pub replica: BufferLimit,
    /// Clients with subscriptions.
    pub pubsub: BufferLimit,
}

impl Field for BufferLimits {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        let Value::Words(words) = value else { return Err(Refusal::whole("value and field differ in type")) };
        if words.is_empty() || !words.len().is_multiple_of(4) {
            return Err(Refusal::whole("Wrong number of arguments in buffer limit configuration."));
        }
        let mut changed = *self;
        for (index, group) in words.chunks_exact(4).enumerate() {
            let slot = match group[0].to_ascii_lowercase().as_str() {
                "normal" => &mut changed.normal,
                "slave" | "replica" => &mut changed.replica,
                "pubsub" => &mut changed.pubsub,
                _ => {
                    let reason = "Invalid client class specified in buffer limit configuration.";
                    return Err(Refusal::at(index * 4, reason));
                }
            };
            *slot = parse_limit(group).ok_or_else(|| {
                Refusal::at(index * 4 + 1, "Error in hard, soft or soft_seconds setting in buffer limit configuration.")
            })?;
        }
        *self = changed;
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        let classes = [("normal", self.normal), ("slave", self.replica), ("pubsub", self.pubsub)];
        classes
            .iter()
            .map(|(class, limit)| {
                let (hard, soft) = (show_memory(limit.hard.0), show_memory(limit.soft.0));
                format!("{class} {hard} {soft} {}", limit.soft_for.as_secs())
            })
            .collect()
    }
}

fn parse_limit(group: &[String]) -> Option<BufferLimit> {
    Some(BufferLimit {
        hard: ByteCount(parse_memory(&group[1])?.try_into().ok()?),
        soft: ByteCount(parse_memory(&group[2])?.try_into().ok()?),
        soft_for: Duration::from_secs(group[3].parse().ok()?),
    })
}
