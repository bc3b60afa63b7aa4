//! From words to values.

use std::path::Path;

use bongsu_protocol::resp::parse_integer;

use super::directive::{Choices, INT_MAX, Kind, SIZE_MAX};
use super::events::Events;
use super::lists;
use super::value::Value;
use super::value_error::ValueError;

/// Least and greatest `hz`.
const FREQUENCIES: (i64, i64) = (1, 500);

/// Least history that is kept for replicas, as with Redis.
const BACKLOG_BYTES_MIN: u64 = 16 * 1024;

/// Largest share of `maxmemory`.
const PERCENT_MAX: u64 = 100;

/// Bits of `save` and `nosave` among the words of `shutdown-on-sigterm`.
const SAVE_AND_NOSAVE: u32 = 3;

/// Reads the words after a directive's name. Some values build on what the directive was `before`; paths are relative to `dir`.
pub(super) fn parse(kind: Kind, words: &[Vec<u8>], before: &Value, dir: &Path) -> Result<Value, ValueError> {
    match kind {
        Kind::AnyOf(choices) => any_of(choices, words),
        Kind::Save => lists::save(words),
        Kind::OutputLimits => lists::output_limits(words, before),
        Kind::OomScores => lists::oom_scores(words),
        Kind::Addresses => lists::addresses(words),
        Kind::Master => lists::master(words),
        Kind::Percentiles => lists::percentiles(words),
        _ => match words {
            [word] => parse_one(kind, word, dir),
            _ => Err(ValueError::Words),
        },
    }
}

fn parse_one(kind: Kind, word: &[u8], dir: &Path) -> Result<Value, ValueError> {
    match kind {
        Kind::YesNo => yes_no(word).map(Value::YesNo),
        Kind::AlwaysNo if yes_no(word)? => Err(ValueError::NoDefragmentation),
        Kind::AlwaysNo => Ok(Value::YesNo(false)),
        Kind::Integer(min, max) => {
            between(parse_integer(word).ok_or(ValueError::Integer)?, min, max).map(Value::Integer)
        }
        Kind::Frequency => {
            let n = between(parse_integer(word).ok_or(ValueError::Integer)?, 0, INT_MAX)?;
            Ok(Value::Integer(n.clamp(FREQUENCIES.0, FREQUENCIES.1)))
        }
        Kind::Octal(min, max) => {
            let n = text_of(word).and_then(|text| i64::from_str_radix(text, 8).ok()).ok_or(ValueError::Octal)?;
            let is_within = (min..=max).contains(&n);
            is_within.then_some(Value::Integer(n)).ok_or(ValueError::OctalRange(min, max))
        }
        Kind::Memory(min, max) => bytes_between(word, min, max).map(Value::Bytes),
        Kind::Backlog => bytes_between(word, 1, SIZE_MAX).map(|bytes| Value::Bytes(bytes.max(BACKLOG_BYTES_MIN))),
        Kind::MemoryOrPercent => memory_or_percent(word),
        Kind::OneOf(choices) => meaning(choices, word).map(Value::Choice),
        Kind::Text => Ok(Value::Text(word.to_vec())),
        Kind::Checked(check) => check(word).map(|()| Value::Text(word.to_vec())),
        Kind::Dir => directory(word, dir),
        Kind::Events => Events::parse(word).map(Value::Events),
        _ => Err(ValueError::Words),
    }
}

fn yes_no(word: &[u8]) -> Result<bool, ValueError> {
    match word.to_ascii_lowercase().as_slice() {
        b"yes" => Ok(true),
        b"no" => Ok(false),
        _ => Err(ValueError::YesNo),
    }
}

fn between(n: i64, min: i64, max: i64) -> Result<i64, ValueError> {
    if (min..=max).contains(&n) { Ok(n) } else { Err(ValueError::Range(min, max)) }
}

fn bytes_between(word: &[u8], min: u64, max: u64) -> Result<u64, ValueError> {
    let bytes = memory(word).ok_or(ValueError::Memory)?;
    if (min..=max).contains(&bytes) { Ok(bytes) } else { Err(ValueError::MemoryRange(min, max)) }
}

/// Bytes with an optional unit: `k m g` are powers of 1000, `kb mb gb` of 1024. Without digits it is 0, as Redis has it,
/// and what is too large is the largest number, which no limit allows where there is one.
pub(super) fn memory(word: &[u8]) -> Option<u64> {
    let text = text_of(word)?;
    let (digits, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    let unit: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    // Digits only fail to be a number if there are none or too many.
    let number: u64 = if digits.is_empty() { 0 } else { digits.parse().unwrap_or(u64::MAX) };
    Some(number.saturating_mul(unit))
}

fn memory_or_percent(word: &[u8]) -> Result<Value, ValueError> {
    match memory(word) {
        Some(bytes) if bytes <= SIZE_MAX => return Ok(Value::Bytes(bytes)),
        Some(_) => return Err(ValueError::Percent(PERCENT_MAX)),
        None => {}
    }
    let percent = word.strip_suffix(b"%").and_then(parse_integer).and_then(|n| u64::try_from(n).ok());
    match percent.ok_or(ValueError::MemoryOrPercent)? {
        n if n > PERCENT_MAX => Err(ValueError::Percent(PERCENT_MAX)),
        n => Ok(Value::Percent(n)),
    }
}

fn meaning(choices: Choices, word: &[u8]) -> Result<u32, ValueError> {
    let found = choices.iter().find(|(own, _)| own.as_bytes().eq_ignore_ascii_case(word));
    found.map(|(_, meaning)| *meaning).ok_or(ValueError::Choice(choices))
}

fn any_of(choices: Choices, words: &[Vec<u8>]) -> Result<Value, ValueError> {
    if words.is_empty() {
        return Err(ValueError::Choice(choices));
    }
    let bits = words.iter().try_fold(0, |bits, word| Ok(bits | meaning(choices, word)?))?;
    if bits & SAVE_AND_NOSAVE == SAVE_AND_NOSAVE {
        return Err(ValueError::SaveAndNoSave);
    }
    Ok(Value::Choice(bits))
}

/// The directory's absolute path, which goes on being right wherever the process is.
fn directory(word: &[u8], dir: &Path) -> Result<Value, ValueError> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    let refused = |error: std::io::Error| ValueError::System(system_text(&error));
    let path = dir.join(OsStr::from_bytes(word)).canonicalize().map_err(refused)?;
    // Whoever may not read it, or finds a file there, learns it now.
    std::fs::read_dir(&path).map_err(refused)?;
    Ok(Value::Text(path.into_os_string().into_vec()))
}

/// What the system says, without the number that Rust adds.
pub(super) fn system_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn text_of(word: &[u8]) -> Option<&str> {
    std::str::from_utf8(word).ok()
}
