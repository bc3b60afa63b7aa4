//! What the kernel ends first when memory runs out (`oom-score-adj`).

use std::fs;
use std::io;

use crate::config::{Config, Directive};

const FILE: &str = "/proc/self/oom_score_adj";

/// What the kernel takes.
const SCORES: (i64, i64) = (-1000, 1000);

/// The score of this process.
#[derive(Debug, Default)]
pub(crate) struct OomScore {
    /// What it was before it was changed; `None` while it is left alone.
    before: Option<i64>,
}

impl OomScore {
    /// Brings it into line with the configuration.
    pub(crate) fn adjust(&mut self, config: &Config, is_replica: bool) -> io::Result<()> {
        let mode = config.words(Directive::OomScoreAdj);
        let is_on = mode != "no";
        let before = match self.before {
            Some(before) => before,
            None if is_on => read()?,
            None => return Ok(()),
        };
        let [of_masters, of_replicas, _] = config.oom_scores();
        let own = if is_replica { of_replicas } else { of_masters };
        let score = match mode.as_str() {
            "no" => before,
            "absolute" => own,
            _ => before + own,
        };
        fs::write(FILE, score.clamp(SCORES.0, SCORES.1).to_string())?;
        // Once it is restored, it is for others to change, and what they make of it is where the next change begins.
        self.before = is_on.then_some(before);
        Ok(())
    }
}

fn read() -> io::Result<i64> {
    let text = fs::read_to_string(FILE)?;
    text.trim().parse().map_err(io::Error::other)
}
