//! Values of directives, and how they are shown.

use std::time::Duration;

use super::directive::Kind;
use super::events::Events;

/// A value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    YesNo(bool),
    Integer(i64),
    Bytes(u64),
    Percent(u64),
    /// What the word means, or the bits of several.
    Choice(u32),
    Text(Vec<u8>),
    /// Words without further structure.
    Words(Vec<Vec<u8>>),
    Save(Vec<SavePoint>),
    OutputLimits(OutputLimits),
    Integers(Vec<i64>),
    Percentiles(Vec<f64>),
    Events(Events),
}

/// `save`: a snapshot is due after so many seconds if there were so many changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SavePoint {
    /// Seconds since the last one.
    pub seconds: i64,
    /// Changes since the last one.
    pub changes: i64,
}

/// How much may wait to be sent to a client. Zero is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OutputLimit {
    /// Never more than this, in bytes.
    pub hard_bytes: usize,
    /// More than this only for a while, in bytes.
    pub soft_bytes: usize,
    /// That while.
    pub soft: Duration,
}

/// `client-output-buffer-limit`, by class of client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OutputLimits {
    /// Clients.
    pub normal: OutputLimit,
    /// Replicas.
    pub replica: OutputLimit,
    /// Subscribers.
    pub pubsub: OutputLimit,
}

impl OutputLimits {
    /// With the names of the classes, in the order in which they are shown.
    pub(super) const fn classes(&self) -> [(&'static str, OutputLimit); 3] {
        [("normal", self.normal), ("slave", self.replica), ("pubsub", self.pubsub)]
    }
}

impl Value {
    /// As `CONFIG GET` shows it.
    pub(super) fn show(&self, kind: Kind) -> Vec<u8> {
        match self {
            Self::YesNo(is_on) => yes_no(*is_on).into(),
            Self::Integer(n) if matches!(kind, Kind::Octal(..)) => format!("{n:o}").into(),
            Self::Integer(n) => n.to_string().into(),
            Self::Bytes(n) => n.to_string().into(),
            Self::Percent(n) => format!("{n}%").into(),
            Self::Choice(meaning) => words_of(kind, *meaning).into(),
            Self::Text(text) => text.clone(),
            Self::Words(words) => words.join(&b' '),
            Self::Save(points) => joined(points.iter().map(|point| format!("{} {}", point.seconds, point.changes))),
            Self::OutputLimits(limits) => joined(limits.classes().map(|(class, limit)| {
                format!("{class} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft.as_secs())
            })),
            Self::Integers(numbers) => joined(numbers.iter().map(i64::to_string)),
            Self::Percentiles(numbers) => joined(numbers.iter().map(|number| short(*number))),
            Self::Events(events) => events.to_string().into(),
        }
    }
}

pub(super) const fn yes_no(is_on: bool) -> &'static str {
    if is_on { "yes" } else { "no" }
}

/// The words that mean this.
pub(super) fn words_of(kind: Kind, meaning: u32) -> String {
    match kind {
        Kind::AnyOf(choices) if meaning != 0 => {
            let set = choices.iter().filter(|(_, bits)| *bits != 0 && meaning & bits == *bits);
            set.map(|(word, _)| *word).collect::<Vec<_>>().join(" ")
        }
        Kind::AnyOf(choices) | Kind::OneOf(choices) => {
            let found = choices.iter().find(|(_, own)| *own == meaning);
            found.map(|(word, _)| *word).unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

/// Six digits after the point, less the zeros at the end.
pub(super) fn short(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn joined(parts: impl IntoIterator<Item = String>) -> Vec<u8> {
    parts.into_iter().collect::<Vec<_>>().join(" ").into_bytes()
}
