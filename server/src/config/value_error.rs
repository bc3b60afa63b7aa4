//! Why a value is refused, in the words that clients know.

use super::directive::Choices;

/// Why a value is refused.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("wrong number of arguments")]
    Words,
    #[error("argument must be 'yes' or 'no'")]
    YesNo,
    #[error("argument couldn't be parsed into an integer")]
    Integer,
    #[error("argument couldn't be parsed as an octal number")]
    Octal,
    #[error("argument must be a memory value")]
    Memory,
    #[error("argument must be a memory or percent value")]
    MemoryOrPercent,
    #[error("argument must be between {0} and {1} inclusive")]
    Range(i64, i64),
    #[error("argument must be between {0:o} and {1:o} inclusive")]
    OctalRange(i64, i64),
    #[error("argument must be between {0} and {1} inclusive")]
    MemoryRange(u64, u64),
    #[error("percentage argument must be less or equal to {0}")]
    Percent(u64),
    #[error("argument(s) must be one of the following: {}", listed(.0))]
    Choice(Choices),
    #[error("shutdown options SAVE and NOSAVE can't be used simultaneously")]
    SaveAndNoSave,
    #[error("{0} can't be a path, just a {1}")]
    Path(&'static str, &'static str),
    #[error("{0} can't be empty")]
    Empty(&'static str),
    #[error("Hostnames must be less than {0} characters")]
    HostLength(usize),
    #[error("Hostnames may only contain alphanumeric characters, hyphens or dots")]
    HostCharacter,
    #[error("must be HOST:PORT, several of them separated by commas")]
    Hosts,
    #[error("Announced human node name contained invalid character")]
    NodeName,
    #[error("template format is invalid or contains unknown variables")]
    Template,
    #[error("Invalid save parameters")]
    Save,
    #[error("Wrong number of arguments in buffer limit configuration.")]
    LimitWords,
    #[error("Invalid client class specified in buffer limit configuration.")]
    LimitClass,
    #[error("Error in hard, soft or soft_seconds setting in buffer limit configuration.")]
    Limit,
    #[error("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")]
    OomScore,
    #[error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")]
    Events,
    #[error("Too many bind addresses specified.")]
    Addresses,
    #[error("Invalid master port")]
    MasterPort,
    #[error("Invalid latency-tracking-info-percentiles parameters")]
    Percentile,
    #[error("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")]
    PercentileRange,
    #[error("Invalid locale name")]
    Locale,
    #[error("Active defragmentation cannot be enabled: the memory of this server does not fragment in its way")]
    NoDefragmentation,
    /// What the system says.
    #[error("{0}")]
    System(String),
}

fn listed(choices: Choices) -> String {
    choices.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}
