//! From lines to complete entries.

use bongsu_protocol::conf::did_you_mean;

use super::super::error::ConfigError;
use super::super::settings::Settings;
use super::super::source::Line;
use super::super::value::Syntax;
use super::{Entry, Fault, NAME_SYNTAX, NamedSection, SECTIONS, SectionKey, Takes, is_name};

/// Words of a line before its values: the section's word, the name, the key.
const HEAD_WORDS: usize = 3;
/// Entries of one section at most: each may be a process or a connection, and somebody has to read the list.
const ENTRIES_MAX: usize = 256;
/// Values of one key at most, for the same reason.
const VALUES_MAX: usize = 1024;

/// The entries read so far.
#[derive(Default)]
pub(in crate::config) struct Collected {
    entries: Vec<Draft>,
}

struct Draft {
    entry: Entry,
    /// Its first line, and where each value stands: key, line, word.
    first: Line,
    places: Vec<(&'static str, Line, usize)>,
}

impl Collected {
    /// Reads one line of a section.
    pub(in crate::config) fn read(&mut self, section: &'static NamedSection, line: Line) -> Result<(), ConfigError> {
        if line.words.len() < HEAD_WORDS + 1 {
            let hint = format!("usage: {} <name> <key> <value ...>", section.word);
            return Err(line.error_at(None, "wrong number of arguments", Some(hint)));
        }
        let name = line.text_of(1);
        if !is_name(&name) {
            let reason = format!("'{name}' cannot name an entry of {}", section.yaml);
            return Err(line.error_at(Some(1), reason, Some(format!("allowed: {NAME_SYNTAX}"))));
        }
        let word = line.text_of(2);
        let Some(key) = section.key(&word) else {
            let names = || section.keys.iter().map(|key| key.name);
            let hint = did_you_mean(&word, names());
            let hint = hint.unwrap_or_else(|| format!("allowed: {}", names().collect::<Vec<_>>().join(", ")));
            return Err(line.error_at(Some(2), format!("unknown key '{word}' of {}", section.yaml), Some(hint)));
        };
        self.draft(section, name, &line)?.add(key, line)
    }

    fn draft(&mut self, section: &'static NamedSection, name: String, line: &Line) -> Result<&mut Draft, ConfigError> {
        let is_it = |draft: &Draft| draft.entry.section().word == section.word && draft.entry.name() == name;
        let found = self.entries.iter().position(is_it);
        let at = match found {
            Some(at) => at,
            None => {
                let others = self.entries.iter().filter(|draft| draft.entry.section().word == section.word).count();
                if others >= ENTRIES_MAX {
                    return Err(line.error_at(Some(1), format!("more than {ENTRIES_MAX} {}", section.yaml), None));
                }
                let entry = Entry::new(section, name);
                self.entries.push(Draft { entry, first: line.clone(), places: Vec::new() });
                self.entries.len() - 1
            }
        };
        Ok(&mut self.entries[at])
    }

    /// Puts every entry into the settings, section by section.
    pub(in crate::config) fn store(self, settings: &mut Settings) -> Result<(), ConfigError> {
        SECTIONS.into_iter().try_for_each(|section| self.store_of(section, settings))
    }

    pub(super) fn store_of(&self, section: &NamedSection, settings: &mut Settings) -> Result<(), ConfigError> {
        let mut drafts = self.entries.iter().filter(|draft| draft.entry.section().word == section.word);
        drafts.try_for_each(|draft| draft.store(settings))
    }
}

impl Draft {
    fn add(&mut self, key: &'static SectionKey, line: Line) -> Result<(), ConfigError> {
        let words = &line.words[HEAD_WORDS..];
        let syntax = key.takes.syntax();
        let values = self.entry.values_mut(key);
        if let Takes::One(_) = key.takes {
            if words.len() != 1 {
                return Err(line.error_at(Some(HEAD_WORDS + 1), "wrong number of arguments", allowed(syntax)));
            }
            values.clear();
            self.places.retain(|(known, ..)| *known != key.name);
        }
        if values.len() + words.len() > VALUES_MAX {
            return Err(line.error_at(Some(2), format!("more than {VALUES_MAX} values"), None));
        }
        for (index, word) in words.iter().enumerate() {
            let at = HEAD_WORDS + index;
            let value = syntax.parse(std::slice::from_ref(word));
            values.push(value.map_err(|refusal| line.error_at(Some(at), refusal.reason, allowed(syntax)))?);
            self.places.push((key.name, line.clone(), at));
        }
        Ok(())
    }

    fn store(&self, settings: &mut Settings) -> Result<(), ConfigError> {
        let section = self.entry.section();
        if let Some(key) = section.keys.iter().find(|key| key.required && !self.entry.has(key.name)) {
            let reason = format!("missing key '{}' of {} '{}'", key.name, section.word, self.entry.name());
            return Err(self.first.error_at(
                self.whole(),
                reason,
                Some(format!("allowed: {}", key.takes.describe().replace('`', "'"))),
            ));
        }
        (section.store)(settings, &self.entry).map_err(|fault| self.error(fault))?;
        settings.sections.push(self.entry.clone());
        Ok(())
    }

    fn error(&self, fault: Fault) -> ConfigError {
        let place = fault.key.and_then(|key| self.places.iter().filter(|(known, ..)| *known == key).nth(fault.item));
        match place {
            Some((_, line, word)) => line.error_at(Some(*word), fault.reason, fault.hint),
            None => self.first.error_at(self.whole(), fault.reason, fault.hint),
        }
    }

    /// The word that stands for the whole entry: its name in a `.conf` file, its map in YAML.
    fn whole(&self) -> Option<usize> {
        Some(if self.first.yaml.is_some() { 0 } else { 1 })
    }
}

fn allowed(syntax: Syntax) -> Option<String> {
    Some(format!("allowed: {}", syntax.describe().replace('`', "'")))
}
