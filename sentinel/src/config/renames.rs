//! Renamed commands.

use bongsu_protocol::conf::join_words;

use super::field::Field;
use super::value::{Refusal, Value, quoted};

/// Commands under other names, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames(Vec<(String, String)>);

impl Renames {
    /// The other name of `command`, whatever the case of `command`.
    pub fn get(&self, command: &str) -> Option<&str> {
        self.0.iter().find(|(old, _)| old.eq_ignore_ascii_case(command)).map(|(_, new)| new.as_str())
    }

    /// All pairs of command and other name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(old, new)| (old.as_str(), new.as_str()))
    }

    /// True if no command is renamed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives `command` another name, replacing an earlier one. Renaming to itself removes the entry
    /// (`SENTINEL SET <name> rename-command`).
    pub fn set(&mut self, command: &str, name: &str) {
        self.0.retain(|(old, _)| !old.eq_ignore_ascii_case(command));
        if !command.eq_ignore_ascii_case(name) {
            self.0.push((command.to_owned(), name.to_owned()));
        }
    }
}

impl Field for Renames {
    fn assign(&mut self, value: Value) -> Result<(), Refusal> {
        match value {
            Value::Words(words) if words.len() == 2 => {
                self.set(&words[0], &words[1]);
                Ok(())
            }
            _ => Err(Refusal::whole("wrong number of arguments")),
        }
    }

    fn lines(&self) -> Vec<String> {
        let line = |(old, new): (&str, &str)| format!("{} {}", join_words([old]), quoted(new.as_bytes()));
        self.iter().map(line).collect()
    }
}
