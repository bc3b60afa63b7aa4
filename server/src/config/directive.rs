//! What is known of a directive.

use std::fmt;

use super::table::{Directive, SPECS};
use super::value_error::ValueError;

/// What values a directive takes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// `yes` or `no`.
    YesNo,
    /// `no`; `yes` is refused, because this server has nothing of the kind.
    AlwaysNo,
    /// A whole number within both bounds.
    Integer(i64, i64),
    /// A number of times per second: what is out of range becomes the nearest that is in range.
    Frequency,
    /// A file mode.
    Octal(i64, i64),
    /// Bytes, with or without a unit, within both bounds.
    Memory(u64, u64),
    /// Bytes of history that replicas may ask for; fewer than make sense become as many as do.
    Backlog,
    /// Bytes, or a share of `maxmemory`.
    MemoryOrPercent,
    /// One of these words, each with what it means. The first of several with the same meaning is shown.
    OneOf(Choices),
    /// Several of these words, each with its bits.
    AnyOf(Choices),
    /// Any text.
    Text,
    /// Text of which not all is allowed.
    Checked(Check),
    /// A directory that exists.
    Dir,
    /// `save`: pairs of seconds and changes.
    Save,
    /// `client-output-buffer-limit`.
    OutputLimits,
    /// `oom-score-adj-values`.
    OomScores,
    /// `notify-keyspace-events`.
    Events,
    /// `bind`.
    Addresses,
    /// `replicaof`.
    Master,
    /// `latency-tracking-info-percentiles`.
    Percentiles,
}

/// Words with what they mean.
pub(super) type Choices = &'static [(&'static str, u32)];

/// What else a text has to be.
pub(super) type Check = fn(&[u8]) -> Result<(), ValueError>;

impl Kind {
    /// The values of such a directive are several words.
    pub(super) const fn takes_several(self) -> bool {
        matches!(
            self,
            Self::AnyOf(_)
                | Self::Save
                | Self::OutputLimits
                | Self::OomScores
                | Self::Addresses
                | Self::Master
                | Self::Percentiles
        )
    }
}

/// Properties of a directive, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Flags(u8);

/// It cannot be changed while the server runs.
pub(super) const IMMUTABLE: Flags = Flags(1);
/// No pattern of `CONFIG GET` finds it.
pub(super) const HIDDEN: Flags = Flags(2);
/// Its value is a secret.
pub(super) const SENSITIVE: Flags = Flags(4);
/// It can be changed only as `enable-protected-configs` says.
pub(super) const PROTECTED: Flags = Flags(8);
/// It cannot be changed while data is loaded.
pub(super) const DENY_LOADING: Flags = Flags(16);
/// Setting it to the value it has is a change: it names a file, which may have changed.
pub(super) const VOLATILE: Flags = Flags(32);
/// No pattern of `CONFIG GET` finds its other name.
pub(super) const QUIET_ALIAS: Flags = Flags(64);

impl Flags {
    /// Both.
    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True if all of `other` are set.
    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// One row of the table.
pub(super) struct Spec {
    pub(super) name: &'static str,
    /// The name it had before.
    pub(super) alias: Option<&'static str>,
    pub(super) kind: Kind,
    /// As it would be written in a file.
    pub(super) default: &'static str,
    pub(super) flags: Flags,
}

impl Spec {
    pub(super) const fn new(name: &'static str, kind: Kind, default: &'static str) -> Self {
        Self { name, alias: None, kind, default, flags: Flags(0) }
    }

    pub(super) const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    pub(super) const fn flags(mut self, flags: Flags) -> Self {
        self.flags = flags;
        self
    }
}

impl Directive {
    /// The directive of this name, in whatever case.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|directive| {
            let spec = directive.spec();
            let is_it = |own: &str| own.as_bytes().eq_ignore_ascii_case(name);
            is_it(spec.name) || spec.alias.is_some_and(is_it)
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// Its name, the present or the former one, that was called in whatever case.
    pub(super) fn name_like(self, called: &[u8]) -> &'static str {
        let spec = self.spec();
        spec.alias.filter(|alias| alias.as_bytes().eq_ignore_ascii_case(called)).unwrap_or(spec.name)
    }

    /// Its value is a secret, which logs and monitors must not show.
    pub fn is_secret(self) -> bool {
        self.spec().flags.has(SENSITIVE)
    }

    pub(super) fn spec(self) -> &'static Spec {
        // The table and the names are written by one macro.
        &SPECS[self as usize]
    }
}

impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

pub(super) const INT_MAX: i64 = i32::MAX as i64;
pub(super) const INT_MIN: i64 = i32::MIN as i64;
pub(super) const UINT_MAX: i64 = u32::MAX as i64;
pub(super) const LONG_MAX: i64 = i64::MAX;
/// Sizes are signed in the interface of C.
pub(super) const SIZE_MAX: u64 = i64::MAX as u64;
pub(super) const ULONG_MAX: u64 = u64::MAX;
/// A mebibyte.
pub(super) const MB: u64 = 1024 * 1024;

pub(super) const fn integer(min: i64, max: i64) -> Kind {
    Kind::Integer(min, max)
}

pub(super) const fn octal(min: i64, max: i64) -> Kind {
    Kind::Octal(min, max)
}

pub(super) const fn memory(min: u64, max: u64) -> Kind {
    Kind::Memory(min, max)
}

pub(super) const fn one_of(choices: Choices) -> Kind {
    Kind::OneOf(choices)
}

pub(super) const fn any_of(choices: Choices) -> Kind {
    Kind::AnyOf(choices)
}

pub(super) const fn checked(check: Check) -> Kind {
    Kind::Checked(check)
}
