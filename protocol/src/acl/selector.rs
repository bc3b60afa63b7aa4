//! One set of permissions: commands, keys, channels.

use std::collections::BTreeMap;

use super::DefaultChannels;
use crate::command::{Command, CommandId, CommandTable};

/// A key pattern with the kinds of access it grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyPattern {
    pub(super) glob: Vec<u8>,
    pub(super) read: bool,
    pub(super) write: bool,
}

/// A `+x` or `-x` as recorded for printing; `name` is lower case and may be `@category` or `command|subcommand`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CommandRule {
    allow: bool,
    name: String,
}

/// Permissions over commands, keys and channels. A user has one root selector and may have more; a request is
/// allowed if one of them allows all of it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Selector {
    /// Every command, whatever the bits say; lost with the first `-x`.
    pub(super) all_commands: bool,
    /// The rules start from `+@all` rather than `-@all`.
    starts_from_all: bool,
    allowed: CommandBits,
    first_args: BTreeMap<usize, Vec<Vec<u8>>>,
    rules: Vec<CommandRule>,
    pub(super) all_keys: bool,
    pub(super) keys: Vec<KeyPattern>,
    pub(super) all_channels: bool,
    pub(super) channels: Vec<Vec<u8>>,
}

impl Selector {
    /// Permission for nothing, except channels if `channels` says so.
    pub(super) fn new(channels: DefaultChannels) -> Self {
        Self { all_channels: channels == DefaultChannels::All, ..Self::default() }
    }

    pub(super) fn set_all_commands(&mut self, allow: bool) {
        self.all_commands = allow;
        self.starts_from_all = allow;
        self.allowed = CommandBits { others: allow, words: Vec::new() };
        self.first_args.clear();
        self.rules.clear();
    }

    /// Allows or forbids a command with its subcommands.
    pub(super) fn set_command(&mut self, table: &CommandTable, command: &Command, allow: bool) {
        self.set_bits(table, command, allow);
        self.record(allow, &command.full_name);
    }

    fn set_bits(&mut self, table: &CommandTable, command: &Command, allow: bool) {
        self.all_commands &= allow;
        self.allowed.set(command.id, allow);
        self.first_args.remove(&command.id.index());
        if command.container.is_none() {
            for subcommand in table.subcommands_of(command) {
                self.allowed.set(subcommand.id, allow);
            }
        }
    }

    /// Allows or forbids every command of a category; `name` without `@`.
    pub(super) fn set_category(&mut self, table: &CommandTable, name: &str, allow: bool) -> Option<()> {
        let category = crate::command::Categories::named(name.as_bytes())?;
        for command in table.iter().filter(|command| command.spec.all_categories().contains(category)) {
            self.set_bits(table, command, allow);
        }
        self.record(allow, &format!("@{}", name.to_ascii_lowercase()));
        Some(())
    }

    /// Allows a command when its first argument is `argument`.
    pub(super) fn allow_first_arg(&mut self, command: &Command, argument: &str) {
        let arguments = self.first_args.entry(command.id.index()).or_default();
        if !arguments.iter().any(|known| known.eq_ignore_ascii_case(argument.as_bytes())) {
            arguments.push(argument.as_bytes().to_vec());
        }
        self.record(true, &format!("{}|{argument}", command.full_name));
    }

    /// A rule replaces earlier ones about the same command and about its subcommands.
    pub(super) fn record(&mut self, allow: bool, name: &str) {
        let name = name.to_ascii_lowercase();
        self.rules.retain(|rule| match rule.name.strip_prefix(&name) {
            Some(rest) => !(rest.is_empty() || rest.starts_with('|')),
            None => true,
        });
        self.rules.push(CommandRule { allow, name });
    }

    pub(super) fn allows_command(&self, command: &Command, argv: &[&[u8]]) -> bool {
        if self.all_commands || self.allowed.has(command.id) {
            return true;
        }
        let position = if command.container.is_some() { 2 } else { 1 };
        match (self.first_args.get(&command.id.index()), argv.get(position)) {
            (Some(allowed), Some(given)) => allowed.iter().any(|argument| argument.eq_ignore_ascii_case(given)),
            _ => false,
        }
    }

    /// `-@all +get`: the commands part of a printed user.
    pub(super) fn describe_commands(&self) -> String {
        let mut text = String::from(if self.starts_from_all { "+@all" } else { "-@all" });
        for rule in &self.rules {
            text.push(' ');
            text.push(if rule.allow { '+' } else { '-' });
            text.push_str(&rule.name);
        }
        text
    }

    /// `~a %R~b`, `~*` or nothing.
    pub(super) fn describe_keys(&self) -> Vec<u8> {
        // `%RW~*` lets further patterns follow, unlike `~*`: printed with them it could not be read again.
        if self.all_keys || self.keys.iter().any(|key| key.glob == b"*" && key.read && key.write) {
            return b"~*".to_vec();
        }
        let patterns = self.keys.iter().map(|key| {
            let prefix: &[u8] = match (key.read, key.write) {
                (true, false) => b"%R~",
                (false, true) => b"%W~",
                _ => b"~",
            };
            [prefix, &key.glob].concat()
        });
        patterns.collect::<Vec<_>>().join(&b' ')
    }

    /// `&a &b`, `&*` or nothing.
    pub(super) fn describe_channels(&self) -> Vec<u8> {
        if self.all_channels {
            return b"&*".to_vec();
        }
        self.channels.iter().map(|glob| [b"&", glob.as_slice()].concat()).collect::<Vec<_>>().join(&b' ')
    }

    /// The selector as rules that produce it again.
    pub(super) fn describe(&self) -> Vec<u8> {
        let mut words = Vec::new();
        words.push(self.describe_keys());
        if !self.all_channels {
            words.push(b"resetchannels".to_vec());
        }
        words.push(self.describe_channels());
        words.push(self.describe_commands().into_bytes());
        words.retain(|word| !word.is_empty());
        words.join(&b' ')
    }
}

/// A bit per command id.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct CommandBits {
    /// The value of bits beyond `words`.
    others: bool,
    words: Vec<u64>,
}

impl CommandBits {
    fn set(&mut self, id: CommandId, value: bool) {
        let (word, bit) = (id.index() / 64, id.index() % 64);
        if self.words.len() <= word {
            self.words.resize(word + 1, if self.others { u64::MAX } else { 0 });
        }
        if value {
            self.words[word] |= 1 << bit;
        } else {
            self.words[word] &= !(1 << bit);
        }
    }

    fn has(&self, id: CommandId) -> bool {
        self.words.get(id.index() / 64).map_or(self.others, |word| word >> (id.index() % 64) & 1 == 1)
    }
}
