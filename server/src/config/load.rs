//! Reading the configuration at the start: file, standard input, command line.

use std::io::Read as _;
use std::path::PathBuf;

use bongsu_process::include;
use bongsu_protocol::acl::RuleError;
use bongsu_protocol::conf::{ConfDocument, closest, did_you_mean, split_words};

use super::directive::SENSITIVE;
use super::include::read;
use super::launch::Launch;
use super::load_error::LoadError;
use super::parse::{parse, system_text};
use super::value::Value;
use super::{Config, Directive};
use crate::commands;

/// Deepest nesting of `include`: enough for any layout, and it stops a file that includes itself.
const INCLUDE_DEPTH_MAX: usize = 16;

/// Names that mean nothing any more, and are taken with one value.
const FORGOTTEN: [&[u8]; 3] = [b"list-max-ziplist-entries", b"list-max-ziplist-value", b"lua-replicate-commands"];

/// What stands for a secret in a message.
const MASK: &str = "******";

impl Config {
    /// Reads what `launch` names. Blocks; it is meant for the start of the process.
    ///
    /// # Errors
    /// [`LoadError`] with the first line that is wrong.
    pub fn load(launch: &Launch) -> Result<Self, LoadError> {
        let config = Self::inspect(launch)?;
        config.open_log()?;
        Ok(config)
    }

    /// As [`Config::load`], for those who only look: nothing is made.
    ///
    /// # Errors
    /// [`LoadError`] with the first line that is wrong.
    pub fn inspect(launch: &Launch) -> Result<Self, LoadError> {
        let mut text = String::new();
        let mut config = Self::default();
        if let Some(file) = &launch.file {
            let file = config.dir().join(file);
            text = read(&file)?;
            config.file = Some(file);
        }
        if launch.stdin {
            let stdin = std::io::stdin().read_to_string(&mut text);
            stdin.map_err(|source| LoadError::Unreadable { path: PathBuf::from("-"), source })?;
        }
        if !launch.options.is_empty() {
            text.push('\n');
            text.push_str(&launch.options);
        }
        config.read_lines(&text)?;
        Ok(config)
    }

    /// Reads the text of a file on top of what is there.
    ///
    /// # Errors
    /// [`LoadError`] with the first line that is wrong.
    pub fn read_text(&mut self, text: &str) -> Result<(), LoadError> {
        self.read_lines(text)?;
        self.open_log()
    }

    /// The log file must be usable, and is made if it is not there.
    fn open_log(&self) -> Result<(), LoadError> {
        let Some(path) = self.path(Directive::Logfile) else { return Ok(()) };
        let opened = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let opened = opened.map_err(|error| format!("Can't open the log file: {}", system_text(&error)));
        opened.map(drop).map_err(LoadError::Whole)
    }

    fn read_lines(&mut self, text: &str) -> Result<(), LoadError> {
        Loader { config: self, has_saves: false }.read(text, 0)?;
        if self.is_on(Directive::ClusterEnabled) {
            return Err(LoadError::Whole("cluster-enabled: this server has no cluster mode".to_owned()));
        }
        Ok(())
    }
}

struct Loader<'a> {
    config: &'a mut Config,
    /// The first `save` replaces the default, the others add to it.
    has_saves: bool,
}

impl Loader<'_> {
    fn read(&mut self, text: &str, depth: usize) -> Result<(), LoadError> {
        for directive in ConfDocument::parse(text).directives() {
            let directive = directive.map_err(|error| LoadError::Line {
                line: error.line,
                text: masked(&error.text),
                reason: "Unbalanced quotes in configuration line".to_owned(),
            })?;
            let [name, words @ ..] = directive.words else { continue };
            let wrong = |reason: String| LoadError::Line { line: directive.line, text: masked(directive.text), reason };
            if name.eq_ignore_ascii_case(b"include") && words.len() == 1 {
                if depth >= INCLUDE_DEPTH_MAX {
                    return Err(wrong(format!("include is nested deeper than {INCLUDE_DEPTH_MAX} levels")));
                }
                self.include(&words[0], depth)?;
            } else {
                self.line(name, words).map_err(wrong)?;
            }
        }
        Ok(())
    }

    fn include(&mut self, pattern: &[u8], depth: usize) -> Result<(), LoadError> {
        for path in include::expand(self.config.dir(), &String::from_utf8_lossy(pattern)) {
            self.read(&read(&path)?, depth + 1)?;
        }
        Ok(())
    }

    /// Takes one line, or says why not.
    fn line(&mut self, name: &[u8], words: &[Vec<u8>]) -> Result<(), String> {
        if let Some(directive) = Directive::named(name) {
            return self.set(directive, words);
        }
        match (name.to_ascii_lowercase().as_slice(), words) {
            (b"user", [user, ..]) => {
                if self.config.users.iter().any(|known| known.first() == Some(user)) {
                    let user = String::from_utf8_lossy(user);
                    return Err(format!("Error in user declaration '{user}': {}", RuleError::DuplicateUser));
                }
                self.config.users.push(words.to_vec());
            }
            (b"rename-command", [old, new]) => self.rename(old, new)?,
            (b"sentinel", []) => {}
            (b"sentinel", _) => return Err("sentinel directive while not in sentinel mode".to_owned()),
            (b"loadmodule", [_, ..]) => return Err("this server loads no modules".to_owned()),
            (name, [_]) if FORGOTTEN.contains(&name) => {}
            (name, _) => return Err(unknown(name)),
        }
        Ok(())
    }

    fn set(&mut self, directive: Directive, words: &[Vec<u8>]) -> Result<(), String> {
        let kind = directive.spec().kind;
        if !kind.takes_several() && words.len() != 1 {
            return Err("wrong number of arguments".to_owned());
        }
        // Several words may stand in one pair of quotes.
        let split = match words {
            [only] if kind.takes_several() && !only.is_empty() => split_words(only).unwrap_or_default(),
            _ => words.to_vec(),
        };
        let before = self.config.value(directive);
        let mut value = parse(kind, &split, before, self.config.dir()).map_err(|error| error.to_string())?;
        if let (Value::Save(points), Value::Save(more)) = (before, &mut value) {
            let is_reset = matches!(words, [only] if only.is_empty());
            if self.has_saves && !is_reset {
                more.splice(..0, points.iter().copied());
            }
            self.has_saves = true;
        }
        self.config.set(directive, value);
        Ok(())
    }

    fn rename(&mut self, old: &[u8], new: &[u8]) -> Result<(), String> {
        let renames = &mut self.config.renames;
        let is_gone = |name: &[u8]| renames.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let is_taken = |name: &[u8]| renames.iter().any(|(_, taken)| taken.eq_ignore_ascii_case(name));
        if is_gone(old) || !commands::is_known(old) {
            return Err("No such command in rename-command".to_owned());
        }
        let is_free = is_gone(new) || !commands::is_known(new);
        if !new.is_empty() && (is_taken(new) || !is_free) {
            return Err("Target command name already exists".to_owned());
        }
        renames.push((old.to_ascii_lowercase(), new.to_ascii_lowercase()));
        Ok(())
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    Directive::ALL.iter().map(|directive| directive.spec().name)
}

/// Why a line is refused that begins with this.
fn unknown(name: &[u8]) -> String {
    let hint = did_you_mean(&String::from_utf8_lossy(name), names());
    let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("Bad directive or wrong number of arguments{hint}")
}

/// The line without its secret, for messages. A secret whose name was mistyped is one.
fn masked(text: &str) -> String {
    let name = text.split_ascii_whitespace().next().unwrap_or_default();
    let meant = || closest(name, names()).and_then(|name| Directive::named(name.as_bytes()));
    let is_secret = match Directive::named(name.as_bytes()).or_else(meant) {
        Some(directive) => directive.spec().flags.has(SENSITIVE) || name.ends_with("-pass"),
        None => name.eq_ignore_ascii_case("user"),
    };
    let has_value = text.len() > name.len();
    if is_secret && has_value { format!("{name} {MASK}") } else { text.to_owned() }
}
