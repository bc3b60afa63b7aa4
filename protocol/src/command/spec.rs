//! The description of one command, written as a `static`.

use super::bits::named_bits;
use super::{Categories, CommandFlags, KeyRef, KeySpec};

/// One command or subcommand. Build it with [`CommandSpec::new`] and the `const` methods that follow it.
#[derive(Clone, Copy, Debug)]
pub struct CommandSpec {
    /// Lower-case name; of a subcommand, the part after the container's name.
    pub name: &'static str,
    /// Number of arguments including the name (for a subcommand: both names); negative means "at least".
    pub arity: i32,
    /// What it does and where it may run.
    pub flags: CommandFlags,
    /// Categories that do not follow from the flags; see [`CommandSpec::all_categories`].
    pub categories: Categories,
    /// Where its keys are.
    pub key_specs: &'static [KeySpec],
    /// Finds the keys when the specifications cannot; `None` means the arguments are invalid.
    pub find_keys: Option<KeyFinder>,
    /// Which arguments are channels that the user must have permission for.
    pub channels: Channels,
    /// Subcommands of a container.
    pub subcommands: &'static [Self],
    /// Hints for clients and proxies, such as `nondeterministic_output`.
    pub tips: &'static [&'static str],
    /// What `COMMAND DOCS` prints.
    pub docs: CommandDocs,
}

impl CommandSpec {
    /// A command without keys, documentation and subcommands.
    #[must_use]
    pub const fn new(name: &'static str, arity: i32, flags: CommandFlags, categories: Categories) -> Self {
        Self {
            name,
            arity,
            flags,
            categories,
            key_specs: &[],
            find_keys: None,
            channels: Channels::None,
            subcommands: &[],
            tips: &[],
            docs: CommandDocs::EMPTY,
        }
    }

    /// The same command with these keys.
    #[must_use]
    pub const fn keys(mut self, key_specs: &'static [KeySpec]) -> Self {
        self.key_specs = key_specs;
        self
    }

    /// The same command with these channel arguments.
    #[must_use]
    pub const fn channels(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// The same command as a container of these subcommands.
    #[must_use]
    pub const fn subcommands(mut self, subcommands: &'static [Self]) -> Self {
        self.subcommands = subcommands;
        self
    }

    /// The same command with keys that only `finder` can find.
    #[must_use]
    pub const fn key_finder(mut self, finder: KeyFinder) -> Self {
        self.find_keys = Some(finder);
        self
    }

    /// The same command with these hints.
    #[must_use]
    pub const fn tips(mut self, tips: &'static [&'static str]) -> Self {
        self.tips = tips;
        self
    }

    /// The same command with its one-line description: what it does, first version, group, complexity.
    #[must_use]
    pub const fn about(
        mut self,
        summary: &'static str,
        since: &'static str,
        group: &'static str,
        complexity: &'static str,
    ) -> Self {
        self.docs.summary = summary;
        self.docs.since = since;
        self.docs.group = group;
        self.docs.complexity = complexity;
        self
    }

    /// The same command, deprecated by a version in favour of something else.
    #[must_use]
    pub const fn deprecated(mut self, since: &'static str, replaced_by: &'static str) -> Self {
        self.docs.deprecated_since = since;
        self.docs.replaced_by = replaced_by;
        self
    }

    /// The same command with documented arguments.
    #[must_use]
    pub const fn arguments(mut self, arguments: &'static [ArgSpec]) -> Self {
        self.docs.arguments = arguments;
        self
    }

    /// The same command with a history of `(version, change)`.
    #[must_use]
    pub const fn history(mut self, history: &'static [(&'static str, &'static str)]) -> Self {
        self.docs.history = history;
        self
    }

    /// Stated categories and those that follow from the flags. A container's own flags say little: what a user may do
    /// is decided by its subcommands.
    #[must_use]
    pub const fn all_categories(&self) -> Categories {
        self.categories.with(Categories::implied_by(self.flags, self.categories))
    }

    /// True if a request of `argc` arguments (names included) fits the arity.
    #[must_use]
    pub const fn accepts(&self, argc: usize) -> bool {
        let wanted = self.arity.unsigned_abs() as usize;
        if self.arity >= 0 { argc == wanted } else { argc >= wanted }
    }

    /// True if the command has key arguments.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.find_keys.is_some() || self.key_specs.iter().any(|spec| !spec.access.contains(super::KeyAccess::NOT_KEY))
    }

    /// True if the command uses keys that its arguments do not tell.
    #[must_use]
    pub fn hides_keys(&self) -> bool {
        self.key_specs.iter().any(|spec| spec.begin == super::BeginSearch::Unknown)
    }

    /// The keys among `argv`, or `None` if the arguments make no sense for the command.
    #[must_use]
    pub fn keys_of(&self, argv: &[&[u8]]) -> Option<Vec<KeyRef>> {
        if let Some(KeyFinder(find)) = self.find_keys {
            return find(argv);
        }
        let mut keys = Vec::new();
        for spec in self.key_specs.iter().filter(|spec| !spec.access.contains(super::KeyAccess::NOT_KEY)) {
            spec.collect(argv, &mut keys);
        }
        Some(keys)
    }
}

/// A function that finds the keys among the arguments of a request; `None` if the arguments are invalid.
#[derive(Clone, Copy, Debug)]
pub struct KeyFinder(pub fn(&[&[u8]]) -> Option<Vec<KeyRef>>);

/// Which arguments of a command are channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Channels {
    /// None, or none that need permission (unsubscribing).
    #[default]
    None,
    /// The first argument, to publish to.
    First,
    /// All arguments, to subscribe to.
    All,
    /// All arguments, as patterns to subscribe to.
    AllPatterns,
}

impl Channels {
    /// Argument positions of the channels in a request of `argc` arguments.
    #[must_use]
    pub fn positions(self, argc: usize) -> std::ops::Range<usize> {
        match self {
            Self::None => 0..0,
            Self::First => 1..argc.min(2),
            Self::All | Self::AllPatterns => 1..argc,
        }
    }

    /// True if the channels are patterns.
    #[must_use]
    pub const fn are_patterns(self) -> bool {
        matches!(self, Self::AllPatterns)
    }
}

/// Documentation of a command. Empty strings and slices are left out of replies.
#[derive(Clone, Copy, Debug)]
pub struct CommandDocs {
    /// One line: what it does.
    pub summary: &'static str,
    /// Version that introduced it.
    pub since: &'static str,
    /// Functional group, such as `server` or `sentinel`.
    pub group: &'static str,
    /// Time complexity.
    pub complexity: &'static str,
    /// Version that deprecated it.
    pub deprecated_since: &'static str,
    /// What to use instead.
    pub replaced_by: &'static str,
    /// Changes as `(version, text)`.
    pub history: &'static [(&'static str, &'static str)],
    /// The arguments.
    pub arguments: &'static [ArgSpec],
}

impl CommandDocs {
    /// No documentation.
    pub const EMPTY: Self = Self {
        summary: "",
        since: "",
        group: "",
        complexity: "",
        deprecated_since: "",
        replaced_by: "",
        history: &[],
        arguments: &[],
    };
}

/// The kind of a documented argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// Bytes.
    String,
    /// A whole number.
    Integer,
    /// A number with fraction.
    Double,
    /// A key; see the key specification with the same index.
    Key,
    /// A glob pattern.
    Pattern,
    /// Seconds or milliseconds since 1970.
    UnixTime,
    /// A word that stands for itself.
    PureToken,
    /// One of the nested arguments.
    OneOf,
    /// All of the nested arguments, in order.
    Block,
}

impl ArgKind {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Double => "double",
            Self::Key => "key",
            Self::Pattern => "pattern",
            Self::UnixTime => "unix-time",
            Self::PureToken => "pure-token",
            Self::OneOf => "oneof",
            Self::Block => "block",
        }
    }
}

named_bits! {
    /// How often an argument may appear.
    ArgFlags(u8) {
        /// May be left out.
        OPTIONAL = 0, "optional";
        /// May be repeated.
        MULTIPLE = 1, "multiple";
        /// The token is repeated with every value.
        MULTIPLE_TOKEN = 2, "multiple_token";
    }
}

/// One documented argument.
#[derive(Clone, Copy, Debug)]
pub struct ArgSpec {
    /// Name, for humans and code generators.
    pub name: &'static str,
    /// What it is.
    pub kind: ArgKind,
    /// Which key specification it belongs to, for keys.
    pub key_spec_index: Option<usize>,
    /// The literal word before it (or that it is); empty for none.
    pub token: &'static str,
    /// How it is shown in a synopsis, if not by its name.
    pub display: &'static str,
    /// Version that introduced it; empty if as old as the command.
    pub since: &'static str,
    /// Version that deprecated it.
    pub deprecated_since: &'static str,
    /// Optional, repeated.
    pub flags: ArgFlags,
    /// Nested arguments of [`ArgKind::OneOf`] and [`ArgKind::Block`].
    pub arguments: &'static [Self],
}

impl ArgSpec {
    /// A plain argument.
    #[must_use]
    pub const fn new(name: &'static str, kind: ArgKind) -> Self {
        Self {
            name,
            kind,
            key_spec_index: None,
            token: "",
            display: "",
            since: "",
            deprecated_since: "",
            flags: ArgFlags::NONE,
            arguments: &[],
        }
    }

    /// A word that stands for itself.
    #[must_use]
    pub const fn word(name: &'static str, token: &'static str) -> Self {
        Self::new(name, ArgKind::PureToken).token(token)
    }

    /// The same argument after a literal word.
    #[must_use]
    pub const fn token(mut self, token: &'static str) -> Self {
        self.token = token;
        self
    }

    /// The same argument, shown in a synopsis under this name.
    #[must_use]
    pub const fn display(mut self, display: &'static str) -> Self {
        self.display = display;
        self
    }

    /// The same argument, introduced by this version.
    #[must_use]
    pub const fn since(mut self, since: &'static str) -> Self {
        self.since = since;
        self
    }

    /// The same argument, deprecated by this version.
    #[must_use]
    pub const fn deprecated_since(mut self, version: &'static str) -> Self {
        self.deprecated_since = version;
        self
    }

    /// The same argument with these flags.
    #[must_use]
    pub const fn flags(mut self, flags: ArgFlags) -> Self {
        self.flags = flags;
        self
    }

    /// The same argument with nested ones.
    #[must_use]
    pub const fn arguments(mut self, arguments: &'static [Self]) -> Self {
        self.arguments = arguments;
        self
    }
}
