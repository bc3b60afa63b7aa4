//! Values that are lists.

use std::time::Duration;

use bongsu_protocol::resp::parse_integer;

use super::parse::memory;
use super::value::{OutputLimit, OutputLimits, SavePoint, Value};
use super::value_error::ValueError;

/// Most addresses in `bind`.
const ADDRESSES_MAX: usize = 16;

/// Numbers in `oom-score-adj-values`: of a master, a replica and a process that saves.
const OOM_SCORES: usize = 3;

/// Scores that mean something to the kernel, with room for relative ones.
const OOM_SCORE_MAX: i64 = 2000;

/// Words of one class in `client-output-buffer-limit`.
const LIMIT_WORDS: usize = 4;

/// One empty word stands for none.
fn without_the_empty(words: &[Vec<u8>]) -> &[Vec<u8>] {
    match words {
        [only] if only.is_empty() => &[],
        words => words,
    }
}

pub(super) fn save(words: &[Vec<u8>]) -> Result<Value, ValueError> {
    let words = without_the_empty(words);
    let (pairs, []) = words.as_chunks::<2>() else { return Err(ValueError::Save) };
    let point = |[seconds, changes]: &[Vec<u8>; 2]| {
        let seconds = parse_integer(seconds).filter(|n| *n >= 1)?;
        let changes = parse_integer(changes).filter(|n| (0..=i64::from(i32::MAX)).contains(n))?;
        Some(SavePoint { seconds, changes })
    };
    let points: Option<Vec<SavePoint>> = pairs.iter().map(point).collect();
    points.map(Value::Save).ok_or(ValueError::Save)
}

/// Classes that are not named stay as they were.
pub(super) fn output_limits(words: &[Vec<u8>], before: &Value) -> Result<Value, ValueError> {
    let mut limits = match before {
        Value::OutputLimits(limits) => *limits,
        _ => OutputLimits::default(),
    };
    let bytes = |word: &[u8]| {
        let bytes = memory(word).and_then(|bytes| usize::try_from(bytes).ok());
        bytes.ok_or(ValueError::Limit)
    };
    let (classes, []) = words.as_chunks::<LIMIT_WORDS>() else { return Err(ValueError::LimitWords) };
    for [class, hard, soft, seconds] in classes {
        let place = match class.to_ascii_lowercase().as_slice() {
            b"normal" => &mut limits.normal,
            b"slave" | b"replica" => &mut limits.replica,
            b"pubsub" => &mut limits.pubsub,
            _ => return Err(ValueError::LimitClass),
        };
        *place = OutputLimit {
            hard_bytes: bytes(hard)?,
            soft_bytes: bytes(soft)?,
            soft: u64::try_from(parse_integer(seconds).ok_or(ValueError::Limit)?)
                .map(Duration::from_secs)
                .map_err(|_| ValueError::Limit)?,
        };
    }
    Ok(Value::OutputLimits(limits))
}

pub(super) fn oom_scores(words: &[Vec<u8>]) -> Result<Value, ValueError> {
    if words.len() != OOM_SCORES {
        return Err(ValueError::Words);
    }
    let score = |word: &Vec<u8>| parse_integer(word).filter(|n| n.abs() <= OOM_SCORE_MAX);
    let scores: Option<Vec<i64>> = words.iter().map(score).collect();
    scores.map(Value::Integers).ok_or(ValueError::OomScore)
}

pub(super) fn addresses(words: &[Vec<u8>]) -> Result<Value, ValueError> {
    if words.len() > ADDRESSES_MAX {
        return Err(ValueError::Addresses);
    }
    Ok(Value::Words(without_the_empty(words).to_vec()))
}

/// `no one` is nobody.
pub(super) fn master(words: &[Vec<u8>]) -> Result<Value, ValueError> {
    let [host, port] = words else { return Err(ValueError::Words) };
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        return Ok(Value::Words(Vec::new()));
    }
    match parse_integer(port) {
        Some(0..=65535) => Ok(Value::Words(words.to_vec())),
        _ => Err(ValueError::MasterPort),
    }
}

pub(super) fn percentiles(words: &[Vec<u8>]) -> Result<Value, ValueError> {
    let number = |word: &Vec<u8>| {
        let text = std::str::from_utf8(word).ok()?;
        text.parse::<f64>().ok().filter(|number| number.is_finite())
    };
    let numbers: Option<Vec<f64>> = without_the_empty(words).iter().map(number).collect();
    let numbers = numbers.ok_or(ValueError::Percentile)?;
    if numbers.iter().any(|number| !(0.0..=100.0).contains(number)) {
        return Err(ValueError::PercentileRange);
    }
    Ok(Value::Percentiles(numbers))
}
