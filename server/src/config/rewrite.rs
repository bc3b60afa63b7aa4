//! `CONFIG REWRITE`: the values of now in the file of then.

use std::io;

use bongsu_process::atomic::{self, SaveError};
use bongsu_protocol::conf::{ConfDocument, ConfRewrite, Presence, push_quoted};

use super::directive::{HIDDEN, Kind};
use super::value::{OutputLimits, Value, short, words_of, yes_no};
use super::{Config, Directive, default_of};

/// Permissions of a file that was not there: everybody may read it, as with Redis.
const FILE_MODE: u32 = 0o644;

/// Why the file was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RewriteError {
    #[error("ERR The server is running without a config file")]
    NoFile,
    #[error("ERR Rewriting config file: {0}")]
    Read(io::Error),
    #[error("ERR Rewriting config file: {}", .0.source)]
    Write(#[from] SaveError),
}

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Extent {
    /// What is not at its default.
    Changes,
    /// Everything that patterns of `CONFIG GET` find.
    Everything,
}

impl Config {
    /// Writes the file it came from anew. `users` are the lines of all users, unless they have a file of their own.
    pub(crate) fn rewrite(&self, users: &[Vec<u8>], extent: Extent) -> Result<(), RewriteError> {
        let file = self.file().ok_or(RewriteError::NoFile)?;
        let before = match std::fs::read_to_string(file) {
            Ok(text) => text,
            // A file that somebody took away is made anew.
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(RewriteError::Read(error)),
        };
        atomic::write(file, self.rewritten(&before, users, extent), FILE_MODE)?;
        Ok(())
    }

    fn rewritten(&self, before: &str, users: &[Vec<u8>], extent: Extent) -> String {
        let mut rewrite = ConfRewrite::new();
        for directive in Directive::ALL {
            let spec = directive.spec();
            if let Some(alias) = spec.alias {
                rewrite.alias(alias, spec.name);
            }
            rewrite.clear(spec.name);
            self.state(*directive, extent, &mut rewrite);
        }
        rewrite.clear("user");
        for user in users {
            rewrite.line("user", String::from_utf8_lossy(user), Presence::Required);
        }
        ConfDocument::parse(before).rewrite(&rewrite)
    }

    /// States the lines of a directive.
    fn state(&self, directive: Directive, extent: Extent, rewrite: &mut ConfRewrite) {
        let (spec, value) = (directive.spec(), self.value(directive));
        let default = default_of(directive);
        let is_wanted = extent == Extent::Everything && !spec.flags.has(HIDDEN);
        // Where the default has lines of its own, one line fewer or more means something else.
        let is_whole = matches!(spec.kind, Kind::Save | Kind::Dir);
        let presence = |is_default: bool| {
            if is_default && !is_wanted && !is_whole { Presence::IfPresent } else { Presence::Required }
        };
        let name = spec.name;
        match value {
            Value::Save(points) if !points.is_empty() => {
                for point in points {
                    let line = format!("{name} {} {}", point.seconds, point.changes);
                    rewrite.line(name, line, Presence::Required);
                }
            }
            Value::OutputLimits(limits) => {
                let usual = match &default {
                    Value::OutputLimits(usual) => *usual,
                    _ => OutputLimits::default(),
                };
                for ((class, limit), (_, usual)) in limits.classes().into_iter().zip(usual.classes()) {
                    let (hard, soft) = (memory(limit.hard_bytes as u64), memory(limit.soft_bytes as u64));
                    let line = format!("{name} {class} {hard} {soft} {}", limit.soft.as_secs());
                    rewrite.line(name, line, presence(limit == usual));
                }
            }
            // There is no line that means that there is no master.
            Value::Words(words) if words.is_empty() && matches!(spec.kind, Kind::Master) => {}
            value => {
                let line = format!("{name} {}", written(value, spec.kind));
                rewrite.line(name, line, presence(*value == default));
            }
        }
    }
}

/// A value as it is written in a file.
fn written(value: &Value, kind: Kind) -> String {
    let quoted = |bytes: &[u8]| {
        let mut text = String::new();
        push_quoted(&mut text, bytes);
        text
    };
    let joined = |parts: Vec<String>| if parts.is_empty() { quoted(b"") } else { parts.join(" ") };
    match value {
        Value::YesNo(is_on) => yes_no(*is_on).to_owned(),
        Value::Bytes(bytes) => memory(*bytes),
        Value::Choice(meaning) => words_of(kind, *meaning),
        Value::Text(text) => quoted(text),
        Value::Events(events) => quoted(events.to_string().as_bytes()),
        Value::Words(words) => joined(words.iter().map(|word| bongsu_protocol::conf::join_words([word])).collect()),
        Value::Integers(numbers) => joined(numbers.iter().map(i64::to_string).collect()),
        Value::Percentiles(numbers) => joined(numbers.iter().map(|number| short(*number)).collect()),
        Value::Save(_) => quoted(b""),
        Value::Integer(_) | Value::Percent(_) | Value::OutputLimits(_) => {
            String::from_utf8_lossy(&value.show(kind)).into_owned()
        }
    }
}

/// Bytes in the largest unit that leaves no rest.
fn memory(bytes: u64) -> String {
    let units = [("gb", 30), ("mb", 20), ("kb", 10)];
    let fits = |shift: u32| bytes != 0 && bytes.trailing_zeros() >= shift;
    match units.into_iter().find(|(_, shift)| fits(*shift)) {
        Some((unit, shift)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}
