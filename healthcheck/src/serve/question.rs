//! What can be asked.

use std::time::Duration;

use thiserror::Error;

use crate::size::{SizeError, parse_bytes};

/// How long ago a replica of `/sync` may have acknowledged everything, unless something else is asked for: replicas
/// acknowledge once a second and their master is asked as often, so that three seconds pass even where nothing is late.
const SYNC_LAG_DEFAULT: Duration = Duration::from_secs(5);

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Is this the master that a majority of the sentinels names?
    Primary,
    /// Is this a replica that keeps these limits?
    Replica(Limits),
    /// Either of both.
    ReadOnly(Limits),
    /// Is this a replica that has acknowledged everything that was written until so long ago?
    Sync(Duration),
    /// Does the node answer?
    Health,
    /// Does this program do its work?
    Liveness,
    /// Can clients be sent to the node, whatever its role?
    Readiness,
}

/// Limits for a replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes behind.
    pub lag_bytes: Option<u64>,
    /// Longest time behind.
    pub lag: Option<Duration>,
    /// Whether the link to its master must be up.
    pub link_up: bool,
}

/// The name of each check, and whether it takes limits.
pub(super) const PATHS: [&str; 12] = [
    "/",
    "/primary",
    "/master",
    "/leader",
    "/read-write",
    "/replica",
    "/read-only",
    "/sync",
    "/synchronous",
    "/health",
    "/liveness",
    "/readiness",
];

/// Why a question cannot be understood.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum QuestionError {
    /// There is no such check.
    #[error("there is no check '{path}'")]
    Unknown {
        /// What was asked for.
        path: String,
    },
    /// A check that does not take this parameter.
    #[error("'{name}' is no parameter of this check")]
    Parameter {
        /// Its name.
        name: String,
    },
    /// A lag that is no amount of data.
    #[error("lag: {0}")]
    Lag(#[from] SizeError),
    /// A lag in seconds that is none.
    #[error("lag_s: '{value}' is no number of seconds")]
    LagSeconds {
        /// What was given.
        value: String,
    },
    /// A state of the link other than `up`.
    #[error("link: '{value}' cannot be asked for, only 'up'")]
    Link {
        /// What was given.
        value: String,
    },
}

impl Question {
    /// The question that `path` asks, with the pairs of its query.
    pub fn parse<'a>(
        path: &str,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, QuestionError> {
        let mut limits = Limits::default();
        let parameters = parameters.into_iter();
        let takes: &[&str] = match path {
            "/replica" | "/read-only" => &["lag", "lag_s", "link"],
            "/sync" | "/synchronous" => &["lag_s"],
            _ => &[],
        };
        for (name, value) in parameters {
            match name {
                _ if !takes.contains(&name) => return Err(QuestionError::Parameter { name: name.to_owned() }),
                "lag" => limits.lag_bytes = Some(parse_bytes(value)?),
                "lag_s" => limits.lag = Some(seconds(value)?),
                _ if value == "up" => limits.link_up = true,
                _ => return Err(QuestionError::Link { value: value.to_owned() }),
            }
        }
        Ok(match path {
            "/" | "/primary" | "/master" | "/leader" | "/read-write" => Self::Primary,
            "/replica" => Self::Replica(limits),
            "/read-only" => Self::ReadOnly(limits),
            "/sync" | "/synchronous" => Self::Sync(limits.lag.unwrap_or(SYNC_LAG_DEFAULT)),
            "/health" => Self::Health,
            "/liveness" => Self::Liveness,
            "/readiness" => Self::Readiness,
            _ => return Err(QuestionError::Unknown { path: path.to_owned() }),
        })
    }

    /// Reads a check as one word: `primary`, `replica?lag=1MB&link=up`. Nothing in it is escaped.
    pub fn parse_word(text: &str) -> Result<Self, QuestionError> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let path = format!("/{}", path.strip_prefix('/').unwrap_or(path));
        Self::parse(&path, pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))))
    }
}

/// Seconds, with or without a fraction.
fn seconds(text: &str) -> Result<Duration, QuestionError> {
    let number = text.parse::<f64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
    let duration = number.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| QuestionError::LagSeconds { value: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_a_question_and_words_are_too() {
        for path in PATHS {
            assert!(Question::parse(path, []).is_ok(), "{path}");
        }
        let limits = Limits { lag_bytes: Some(1 << 20), lag: Some(Duration::from_millis(1500)), link_up: true };
        assert_eq!(Question::parse_word("replica?lag=1MB&lag_s=1.5&link=up"), Ok(Question::Replica(limits)));
        assert_eq!(Question::parse_word("primary"), Ok(Question::Primary));
        assert_eq!(Question::parse_word("/sync"), Ok(Question::Sync(SYNC_LAG_DEFAULT)));
    }

    #[test]
    fn what_is_not_understood_is_not_ignored() {
        for word in
            ["nonsense", "replica?lagg=1", "primary?lag=1", "replica?lag=x", "replica?lag_s=-1", "replica?link=down"]
        {
            assert!(Question::parse_word(word).is_err(), "{word}");
        }
        for text in ["inf", "nan", "1e3", "", "."] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
