//! Lookup of commands by name, and the error texts for requests that fit none.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::synopsis::{self, Argument};
use super::{AbsentCommands, CommandFlags, CommandSpec};
use crate::quick_hash::BuildQuickHasher;

/// Longest "container|subcommand" that can be in a table; longer names are unknown without a lookup.
const NAME_MAX_BYTES: usize = 96;
/// How much of an unknown command's name, and of its arguments together, is repeated in the error.
const ECHO_MAX_BYTES: usize = 128;

/// The number of a command in its table, for bit sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(usize);

impl CommandId {
    /// The index: below [`CommandTable::len`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// A command or subcommand in its table.
#[derive(Clone, Debug)]
pub struct Command {
    /// Its number.
    pub id: CommandId,
    /// Its description.
    pub spec: &'static CommandSpec,
    /// For a subcommand, the container.
    pub container: Option<&'static CommandSpec>,
    /// Lower-case name as errors and `CLIENT LIST` print it, such as `get` or `client|list`.
    pub full_name: Arc<str>,
    /// What it takes, in one line; empty if that is not known, or nothing.
    synopsis: &'static str,
}

impl Command {
    /// What it takes as `COMMAND DOCS` tells; `None` if its synopsis makes no sense.
    pub(super) fn arguments(&self) -> Option<Vec<Argument>> {
        let stated = self.spec.docs.arguments;
        if stated.is_empty() {
            synopsis::parse(self.synopsis)
        } else {
            Some(stated.iter().map(Argument::from).collect())
        }
    }

    /// True if listings show it.
    #[must_use]
    pub const fn is_listed(&self) -> bool {
        !self.spec.flags.contains(CommandFlags::HIDDEN)
    }
}

/// An indexed command table.
#[derive(Clone, Debug)]
pub struct CommandTable {
    commands: Vec<Command>,
    by_name: HashMap<Box<[u8]>, CommandId, BuildQuickHasher>,
    /// Commands whose names fit in a machine word, in small and in capital letters, as nearly all requests spell them.
    by_word: HashMap<u64, CommandId, BuildQuickHasher>,
    /// What clients must call commands that were renamed: names that are new, and names that mean nothing any more.
    renamed: HashMap<Box<[u8]>, Option<CommandId>>,
    absent: AbsentCommands,
}

/// A name of up to eight bytes as a number, which is that of another name only if one of them begins with zeros.
#[inline]
fn word_of(name: &[u8]) -> Option<u64> {
    let fits = name.len() <= size_of::<u64>();
    fits.then(|| name.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)))
}

impl CommandTable {
    /// Indexes `specs`. Names must be unique and lower case; of two equal names the later one wins.
    #[must_use]
    pub fn new(specs: &'static [CommandSpec]) -> Self {
        Self::of(specs)
    }

    /// As [`Self::new`], for commands that are described in several places.
    #[must_use]
    pub fn of(specs: impl IntoIterator<Item = &'static CommandSpec>) -> Self {
        let mut table = Self {
            commands: Vec::new(),
            by_name: HashMap::default(),
            by_word: HashMap::default(),
            renamed: HashMap::new(),
            absent: AbsentCommands::default(),
        };
        for spec in specs {
            table.add(spec, None);
            for subcommand in spec.subcommands {
                table.add(subcommand, Some(spec));
            }
        }
        table
    }

    fn add(&mut self, spec: &'static CommandSpec, container: Option<&'static CommandSpec>) {
        let full_name = match container {
            Some(container) => format!("{}|{}", container.name, spec.name),
            None => spec.name.to_owned(),
        };
        let id = CommandId(self.commands.len());
        self.by_name.insert(full_name.as_bytes().into(), id);
        if container.is_none() {
            let spellings = [full_name.to_ascii_uppercase(), full_name.clone()];
            self.by_word.extend(spellings.iter().filter_map(|name| Some((word_of(name.as_bytes())?, id))));
        }
        self.commands.push(Command { id, spec, container, full_name: full_name.into(), synopsis: "" });
    }

    /// Adds what commands take: a line each, with the full name and then the arguments as `synopsis.rs` reads them. Lines
    /// that begin with `#` are comments.
    ///
    /// # Errors
    /// The first line that names no command, or makes no sense. What came before it has been added.
    pub fn document(&mut self, lines: &'static str) -> Result<(), &'static str> {
        for line in lines.lines().filter(|line| !line.starts_with('#')) {
            let (name, synopsis) = line.split_once(' ').ok_or(line)?;
            synopsis::parse(synopsis).ok_or(line)?;
            let id = self.by_full_name(name.as_bytes()).ok_or(line)?.id;
            self.commands[id.0].synopsis = synopsis;
        }
        Ok(())
    }

    /// From now on clients must call the command `old` by the name `new`; an empty one hides it (`rename-command`). Rules and
    /// listings know it by its old name still. False if there is no such command.
    pub fn rename(&mut self, old: &[u8], new: &[u8]) -> bool {
        let Some(id) = self.by_full_name(old).filter(|command| command.container.is_none()).map(|command| command.id)
        else {
            return false;
        };
        self.renamed.entry(old.to_ascii_lowercase().into()).or_insert(None);
        if !new.is_empty() {
            self.renamed.insert(new.to_ascii_lowercase().into(), Some(id));
        }
        true
    }

    /// From now on rules may name these commands too.
    pub const fn set_absent(&mut self, absent: AbsentCommands) {
        self.absent = absent;
    }

    /// The commands that rules may name, though they are not there.
    #[must_use]
    pub const fn absent(&self) -> AbsentCommands {
        self.absent
    }

    /// The command that clients call by this name.
    fn called(&self, name: &[u8]) -> Option<&Command> {
        if self.renamed.is_empty()
            && let Some(id) = word_of(name).and_then(|word| self.by_word.get(&word))
            && let Some(command) = self.get(*id).filter(|command| command.full_name.len() == name.len())
        {
            return Some(command);
        }
        // A name with '|' would reach a subcommand under a name no client may use.
        if name.contains(&b'|') {
            return None;
        }
        if !self.renamed.is_empty()
            && let Some(renamed) = self.renamed.get(name.to_ascii_lowercase().as_slice())
        {
            return renamed.and_then(|id| self.get(id));
        }
        self.lookup(&[name])
    }

    /// All commands and subcommands, a container directly before its subcommands.
    pub fn iter(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter()
    }

    /// Commands without subcommands that listings show, in table order.
    pub fn top_level(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter().filter(|command| command.container.is_none() && command.is_listed())
    }

    /// The subcommands of `container` that listings show.
    pub fn subcommands_of<'t>(&'t self, container: &'t Command) -> impl Iterator<Item = &'t Command> {
        self.commands[container.id.0 + 1..]
            .iter()
            .take_while(|command| command.container.is_some())
            .filter(|command| command.is_listed())
    }

    /// Number of commands and subcommands.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// True if the table has no command.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// The command with this id.
    #[must_use]
    pub fn get(&self, id: CommandId) -> Option<&Command> {
        self.commands.get(id.0)
    }

    /// The command called `name` (`get`, `client|list`), ignoring case.
    #[must_use]
    pub fn by_full_name(&self, name: &[u8]) -> Option<&Command> {
        self.lookup(&[name])
    }

    /// The command a request names: a subcommand if the first name is a container and a second one is there.
    ///
    /// # Errors
    /// [`CommandError::UnknownCommand`] or [`CommandError::UnknownSubcommand`].
    pub fn find(&self, argv: &[&[u8]]) -> Result<&Command, CommandError> {
        let name = argv.first().copied().unwrap_or_default();
        let command = self.called(name).ok_or_else(|| CommandError::unknown(argv))?;
        if command.spec.subcommands.is_empty() {
            return Ok(command);
        }
        let Some(sub) = argv.get(1) else { return Ok(command) };
        let found = if sub.contains(&b'|') { None } else { self.lookup(&[command.spec.name.as_bytes(), b"|", sub]) };
        found.ok_or_else(|| CommandError::UnknownSubcommand {
            container: command.spec.name.to_ascii_uppercase(),
            subcommand: echo(sub, ECHO_MAX_BYTES),
        })
    }

    /// [`CommandTable::find`] with the number of arguments checked.
    ///
    /// # Errors
    /// Those of `find`, and [`CommandError::WrongArity`].
    pub fn resolve(&self, argv: &[&[u8]]) -> Result<&Command, CommandError> {
        let command = self.find(argv)?;
        if command.spec.accepts(argv.len()) {
            Ok(command)
        } else {
            Err(CommandError::WrongArity { full_name: command.full_name.to_string() })
        }
    }

    fn lookup(&self, parts: &[&[u8]]) -> Option<&Command> {
        let mut name = [0_u8; NAME_MAX_BYTES];
        let mut length = 0;
        for part in parts {
            name.get_mut(length..length + part.len())?.copy_from_slice(part);
            length += part.len();
        }
        let name = &mut name[..length];
        name.make_ascii_lowercase();
        self.by_name.get(&*name).and_then(|id| self.get(*id))
    }
}

/// Why a request cannot be run. The display form is the error line without the leading `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// No command of this name.
    UnknownCommand {
        /// The name as given, cut to 128 bytes.
        name: String,
        /// `'a1' 'a2' `: the first arguments, cut to 128 bytes together.
        arguments: String,
    },
    /// The container has no such subcommand.
    UnknownSubcommand {
        /// Upper-case name of the container.
        container: String,
        /// The name as given.
        subcommand: String,
    },
    /// Too many or too few arguments.
    WrongArity {
        /// Such as `sentinel|set`.
        full_name: String,
    },
}

impl CommandError {
    /// The error for a request whose command does not exist, or exists under another name only.
    #[must_use]
    pub fn unknown(argv: &[&[u8]]) -> Self {
        let mut arguments = String::new();
        for argument in argv.iter().skip(1) {
            let room = ECHO_MAX_BYTES.saturating_sub(arguments.len());
            if room == 0 {
                break;
            }
            arguments.push_str(&format!("'{}' ", echo(argument, room)));
        }
        Self::UnknownCommand { name: echo(argv.first().copied().unwrap_or_default(), ECHO_MAX_BYTES), arguments }
    }
}

/// What an error repeats of an argument: cut, and with line ends made harmless.
fn echo(argument: &[u8], max_bytes: usize) -> String {
    let cut = &argument[..argument.len().min(max_bytes)];
    String::from_utf8_lossy(cut).replace(['\r', '\n'], " ")
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCommand { name, arguments } => {
                write!(f, "ERR unknown command '{name}', with args beginning with: {arguments}")
            }
            Self::UnknownSubcommand { container, subcommand } => {
                write!(f, "ERR unknown subcommand '{subcommand}'. Try {container} HELP.")
            }
            Self::WrongArity { full_name } => write!(f, "ERR wrong number of arguments for '{full_name}' command"),
        }
    }
}

impl std::error::Error for CommandError {}

#[cfg(test)]
mod tests {
    use super::super::CommandTable;
    use super::super::testing::{argv, table};

    fn error(line: &str) -> String {
        table().resolve(&argv(line)).expect_err(line).to_string()
    }

    #[test]
    fn names_are_found_without_regard_to_case() {
        let table = table();
        assert_eq!(&*table.resolve(&argv("GeT a")).expect("known").full_name, "get");
        assert_eq!(&*table.resolve(&argv("Client LIST")).expect("known").full_name, "client|list");
        assert_eq!(&*table.resolve(&argv("command")).expect("bare container").full_name, "command");
    }

    #[test]
    fn errors_name_what_was_asked() {
        assert_eq!(error("foo a b"), "ERR unknown command 'foo', with args beginning with: 'a' 'b' ");
        assert_eq!(error("client|list"), "ERR unknown command 'client|list', with args beginning with: ");
        assert_eq!(error("CLIENT FOO"), "ERR unknown subcommand 'FOO'. Try CLIENT HELP.");
        assert_eq!(error("CLIENT LIST|x"), "ERR unknown subcommand 'LIST|x'. Try CLIENT HELP.");
        assert_eq!(error("client"), "ERR wrong number of arguments for 'client' command");
        assert_eq!(error("CLIENT KILL"), "ERR wrong number of arguments for 'client|kill' command");
        let long = "x".repeat(300);
        assert!(error(&long).contains(&format!("'{}',", "x".repeat(128))));
        let lines: &[&[u8]] = &[b"foo", b"a\r\nb"];
        let error = table().find(lines).expect_err("unknown").to_string();
        assert_eq!(error, "ERR unknown command 'foo', with args beginning with: 'a  b' ");
    }

    #[test]
    fn synopses_are_of_commands_and_make_sense() {
        let mut table = CommandTable::clone(&table());
        assert_eq!(table.document("# What they take\nget key\nclient|setname name"), Ok(()));
        let arguments = |name: &[u8]| table.by_full_name(name).unwrap().arguments().unwrap();
        assert_eq!(arguments(b"client|setname")[0].name, "name");
        assert_eq!((arguments(b"get").len(), arguments(b"set").len()), (1, 0));
        assert_eq!(table.clone().document("nosuch key"), Err("nosuch key"));
        assert_eq!(table.clone().document("get [key"), Err("get [key"));
    }
}
