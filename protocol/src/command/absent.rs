//! Names of commands that a server of the same kind has and this one has not.

/// Commands that rules of users may name though nobody can run them: users written for a server that has them load, and
/// go back to it as they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct AbsentCommands(&'static [&'static str]);

impl AbsentCommands {
    /// Lower-case full names, such as `eval` or `xinfo|stream`; a container is one of them, unless it is there.
    #[must_use]
    pub const fn new(names: &'static [&'static str]) -> Self {
        Self(names)
    }

    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }

    /// The one called `name`, ignoring case.
    #[must_use]
    pub fn named(self, name: &[u8]) -> Option<&'static str> {
        self.iter().find(|known| known.as_bytes().eq_ignore_ascii_case(name))
    }

    /// Whether `name`, which [`Self::named`] gave, has subcommands.
    pub(crate) fn is_container(self, name: &str) -> bool {
        self.iter().any(|known| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('|')))
    }
}
