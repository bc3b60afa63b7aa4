//! The configuration: directives of a `redis.conf`, from the file and the command line, as clients see and change them.
//!
//! One table knows every directive. Those that concern something this server does not do are read, shown and validated like the
//! others: files and clients name them.

mod apply;
mod change;
mod choices;
mod command;
mod directive;
mod events;
mod include;
mod keyspace;
mod launch;
mod lists;
mod load;
mod load_error;
mod parse;
mod rewrite;
mod table;
#[cfg(test)]
mod tests;
mod text_checks;
mod tls;
mod users;
mod value;
mod value_error;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

pub(crate) use apply::Refused;
pub(crate) use command::{COMMANDS, is_local};
use directive::Kind;
pub use events::Events;
pub use launch::{Invocation, Launch};
pub use load_error::LoadError;
pub(crate) use rewrite::Extent;
pub use table::Directive;
pub(crate) use text_checks::host_and_port;
pub use users::UsersError;
use value::Value;
pub use value::{OutputLimit, OutputLimits, SavePoint};

/// The value of every directive.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    values: Vec<Value>,
    /// The file it came from, if any.
    file: Option<PathBuf>,
    /// The words of `user` lines, the name first.
    users: Vec<Vec<Vec<u8>>>,
    /// Commands with their new names, which are empty for those that are gone.
    renames: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Default for Config {
    /// All defaults; `dir` is where the process is.
    fn default() -> Self {
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let value = |directive: &Directive| {
            let spec = directive.spec();
            if matches!(spec.kind, Kind::Dir) {
                return Value::Text(here.as_os_str().as_bytes().to_vec());
            }
            default_of(*directive)
        };
        let values = Directive::ALL.iter().map(value).collect();
        Self { values, file: None, users: Vec::new(), renames: Vec::new() }
    }
}

/// The default as the table has it. A table with a default that cannot be read would give an empty text.
fn default_of(directive: Directive) -> Value {
    let spec = directive.spec();
    let text = spec.default.as_bytes().to_vec();
    let words: Vec<Vec<u8>> = match spec.kind {
        Kind::Master => return Value::Words(Vec::new()),
        kind if kind.takes_several() => text.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect(),
        _ => vec![text],
    };
    parse::parse(spec.kind, &words, &Value::Integer(0), Path::new("/")).unwrap_or(Value::Text(Vec::new()))
}

impl Config {
    /// True for `yes`.
    pub fn is_on(&self, directive: Directive) -> bool {
        matches!(self.value(directive), Value::YesNo(true))
    }

    /// A whole number; of bytes too. 0 for a directive that has none.
    pub fn integer(&self, directive: Directive) -> i64 {
        match self.value(directive) {
            Value::Integer(n) => *n,
            Value::Bytes(n) => i64::try_from(*n).unwrap_or(i64::MAX),
            _ => 0,
        }
    }

    /// A number of things or bytes: at least 0.
    pub fn size(&self, directive: Directive) -> usize {
        match self.value(directive) {
            Value::Bytes(n) => usize::try_from(*n).unwrap_or(usize::MAX),
            Value::Integer(n) => usize::try_from((*n).max(0)).unwrap_or(usize::MAX),
            _ => 0,
        }
    }

    /// A word or several, as they are shown.
    pub fn words(&self, directive: Directive) -> String {
        String::from_utf8_lossy(&self.value(directive).show(directive.spec().kind)).into_owned()
    }

    /// A text; empty for a directive that has none.
    pub fn text(&self, directive: Directive) -> &[u8] {
        match self.value(directive) {
            Value::Text(text) => text,
            _ => &[],
        }
    }

    /// A path, if one is given. A relative one is relative to `dir`.
    pub fn path(&self, directive: Directive) -> Option<PathBuf> {
        let text = self.text(directive);
        (!text.is_empty()).then(|| self.dir().join(OsStr::from_bytes(text)))
    }

    /// `dir`, an absolute path.
    pub fn dir(&self) -> &Path {
        Path::new(OsStr::from_bytes(self.text(Directive::Dir)))
    }

    /// The words of `bind` or `replicaof`.
    pub fn list(&self, directive: Directive) -> impl Iterator<Item = String> + '_ {
        let words = match self.value(directive) {
            Value::Words(words) => words.as_slice(),
            _ => &[],
        };
        words.iter().map(|word| String::from_utf8_lossy(word).into_owned())
    }

    /// `save`.
    pub fn save_points(&self) -> &[SavePoint] {
        match self.value(Directive::Save) {
            Value::Save(points) => points,
            _ => &[],
        }
    }

    /// `client-output-buffer-limit`.
    pub fn output_limits(&self) -> OutputLimits {
        match self.value(Directive::ClientOutputBufferLimit) {
            Value::OutputLimits(limits) => *limits,
            _ => OutputLimits::default(),
        }
    }

    /// `notify-keyspace-events`.
    pub fn events(&self) -> Events {
        match self.value(Directive::NotifyKeyspaceEvents) {
            Value::Events(events) => *events,
            _ => Events::default(),
        }
    }

    /// `latency-tracking-info-percentiles`.
    pub fn percentiles(&self) -> &[f64] {
        match self.value(Directive::LatencyTrackingInfoPercentiles) {
            Value::Percentiles(numbers) => numbers,
            _ => &[],
        }
    }

    /// `maxmemory-clients` in bytes, which may be a share of `maxmemory`; 0 is no limit.
    pub fn clients_bytes_max(&self) -> u64 {
        match self.value(Directive::MaxmemoryClients) {
            Value::Bytes(bytes) => *bytes,
            Value::Percent(percent) => self.size(Directive::Maxmemory) as u64 / 100 * percent,
            _ => 0,
        }
    }

    /// `oom-score-adj-values`: of a master, a replica and a process that saves.
    pub(crate) fn oom_scores(&self) -> [i64; 3] {
        match self.value(Directive::OomScoreAdjValues) {
            Value::Integers(scores) => scores.as_slice().try_into().unwrap_or_default(),
            _ => [0; 3],
        }
    }

    /// There cannot be more clients than this.
    pub(crate) fn limit_clients(&mut self, clients: usize) {
        self.set(Directive::Maxclients, Value::Integer(i64::try_from(clients).unwrap_or(i64::MAX)));
    }

    /// `replicaof`, which is a command as well.
    pub(crate) fn set_master(&mut self, master: Option<(&str, u16)>) {
        let words = master.map(|(host, port)| vec![host.as_bytes().to_vec(), port.to_string().into_bytes()]);
        self.set(Directive::Replicaof, Value::Words(words.unwrap_or_default()));
    }

    /// The file it came from, if any: an absolute path.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The words of every `user` line, the name first.
    pub fn users(&self) -> &[Vec<Vec<u8>>] {
        &self.users
    }

    /// Commands with their new names, which are empty for those that are gone.
    pub fn renames(&self) -> &[(Vec<u8>, Vec<u8>)] {
        &self.renames
    }

    fn value(&self, directive: Directive) -> &Value {
        &self.values[directive as usize]
    }

    fn set(&mut self, directive: Directive, value: Value) {
        self.values[directive as usize] = value;
    }
}
