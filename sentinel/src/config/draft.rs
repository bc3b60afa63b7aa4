//! A configuration while it is being read.
//!
//! Directives of the process take effect in the order of the lines; the last one wins. `sentinel` directives are put
//! aside and applied in three passes, so that their order does not matter: those of the whole sentinel, then `monitor`,
//! then those that need a group.

use std::collections::BTreeMap;
use std::env;

use bongsu_protocol::acl::UserError;
use bongsu_protocol::conf::did_you_mean;
use bongsu_sentinel_core::{Addr, Epoch, GroupName, GroupSpec, RunId};

use super::error::{ConfigError, Warning, refused};
use super::kept::{KEPT_DIRECTIVES, is_kept};
use super::secret::{Secret, UserLine};
use super::section::{self, Collected, SECTIONS};
use super::sentinel::{Pass, SENTINEL_DIRECTIVES, SentinelDirective, sentinel_directive};
use super::server::{SERVER_DIRECTIVES, server_directive};
use super::settings::Settings;
use super::source::Line;
use crate::front::check_user_line;

/// A configuration while it is being read.
pub(crate) struct Draft {
    pub(crate) settings: Settings,
    pub(crate) my_id: Option<RunId>,
    pub(crate) current_epoch: Epoch,
    pub(crate) groups: Vec<GroupSpec>,
    pub(crate) warnings: Vec<Warning>,
    /// Names removed at run time, as the state remembers them.
    pub(crate) removed: Vec<GroupName>,
    /// `sentinel state-config-file`.
    pub(crate) state_file: Option<String>,
    index: BTreeMap<GroupName, usize>,
    queued: Vec<(Line, &'static SentinelDirective)>,
    sections: Collected,
    users_from_state: bool,
}

impl Draft {
    pub(crate) fn new() -> Self {
        let mut settings = Settings::default();
        if let Ok(here) = env::current_dir() {
            settings.server.dir = here;
        }
        Self {
            settings,
            my_id: None,
            current_epoch: Epoch::ZERO,
            groups: Vec::new(),
            warnings: Vec::new(),
            removed: Vec::new(),
            state_file: None,
            index: BTreeMap::new(),
            queued: Vec::new(),
            sections: Collected::default(),
            users_from_state: false,
        }
    }

    /// Reads lines: applies those of the process, puts those of the sentinel aside.
    pub(crate) fn read(&mut self, lines: Vec<Line>) -> Result<(), ConfigError> {
        for line in lines {
            self.read_line(line)?;
        }
        Ok(())
    }

    fn read_line(&mut self, line: Line) -> Result<(), ConfigError> {
        let name = line.lower(0);
        match name.as_str() {
            "sentinel" => self.queue(line),
            "user" => self.read_user(&line),
            "dir" => self.read_dir(&line),
            name => match server_directive(name) {
                Some(directive) => directive
                    .apply(&mut self.settings.server, &line.words[1..])
                    .map_err(|refusal| refused(&line, 1, refusal, allowed(directive.syntax))),
                None if is_kept(name) => Ok(()),
                None => match section::by_word(name) {
                    Some(section) => self.sections.read(section, line),
                    None => {
                        let hint = did_you_mean(name, top_level_names());
                        Err(line.error_at(Some(0), "Bad directive or wrong number of arguments", hint))
                    }
                },
            },
        }
    }

    fn queue(&mut self, line: Line) -> Result<(), ConfigError> {
        // A bare `sentinel` is what `--sentinel` on the command line becomes.
        if line.words.len() == 1 {
            return Ok(());
        }
        let option = line.lower(1);
        let Some(directive) = sentinel_directive(&option) else {
            let hint = did_you_mean(&option, SENTINEL_DIRECTIVES.iter().map(|directive| directive.name));
            return Err(line.error_at(Some(1), UNRECOGNIZED, hint));
        };
        if !directive.arguments.contains(&(line.words.len() - 2)) {
            let hint = format!("usage: sentinel {} {}", directive.name, directive.usage);
            return Err(line.error_at(Some(1), UNRECOGNIZED, Some(hint)));
        }
        self.queued.push((line, directive));
        Ok(())
    }

    fn read_user(&mut self, line: &Line) -> Result<(), ConfigError> {
        let Some(name) = line.words.get(1) else { return Err(line.error_at(None, "wrong number of arguments", None)) };
        let name = String::from_utf8(name.clone())
            .map_err(|_| line.error_at(Some(1), "user name must be UTF-8 text", None))?;
        if line.from_state && !self.users_from_state {
            self.users_from_state = true;
            self.settings.users.clear();
        }
        let user = UserLine { name, rules: line.words[2..].to_vec() };
        check_user_line(&user).map_err(|error| {
            let (word, reason) = match &error {
                UserError::Rule { rule, error } => (rule, error.to_string()),
                UserError::UnmatchedParenthesis { starting_at } => (starting_at, error.to_string()),
                UserError::BadName => (&user.name, error.to_string()),
            };
            let at = line.words.iter().position(|known| known.as_slice() == word.as_bytes());
            // A password that is refused is not repeated, as it is masked in the line.
            let shown = if word.starts_with(['>', '<', '#', '!']) { Secret::MASK } else { word };
            line.error_at(at, format!("Error in user declaration '{shown}': {reason}"), None)
        })?;
        self.settings.users.push(user);
        Ok(())
    }

    /// Later relative paths, scripts included, start at `dir`, so it must exist now.
    fn read_dir(&mut self, line: &Line) -> Result<(), ConfigError> {
        if line.words.len() != 2 {
            return Err(line.error_at(None, "wrong number of arguments", None));
        }
        let path = self.settings.server.dir.join(line.text_of(1));
        let failed = |reason: String| line.error_at(Some(1), reason, None);
        let path = path.canonicalize().map_err(|error| failed(os_reason(&error)))?;
        if !path.is_dir() {
            return Err(failed("Not a directory".to_owned()));
        }
        self.settings.server.dir = path;
        Ok(())
    }

    /// Applies what was put aside: `sentinel` directives in three passes, then the named sections.
    pub(crate) fn apply_queued(&mut self) -> Result<(), ConfigError> {
        let queued = std::mem::take(&mut self.queued);
        for pass in [Pass::Whole, Pass::Monitor, Pass::Group] {
            for (line, directive) in queued.iter().filter(|(_, directive)| directive.pass == pass) {
                match (directive.apply)(self, line) {
                    Err(error) if line.from_state || directive.lenient => self.skip(line, &error),
                    other => other?,
                }
            }
        }
        std::mem::take(&mut self.sections).store(&mut self.settings)
    }

    /// Notes that a generated line was left out.
    pub(super) fn skip(&mut self, line: &Line, error: &ConfigError) {
        let message = match error {
            ConfigError::Directive { reason, .. } => reason.clone(),
            other => other.to_string(),
        };
        let message = format!("'{}' skipped: {message}", line.shown());
        self.warnings.push(Warning { place: Some(line.place(None)), message });
    }

    /// The group that the word at `index` names.
    pub(crate) fn group_of(&mut self, line: &Line, index: usize) -> Result<usize, ConfigError> {
        let name = line.text_of(index);
        if let Some(found) = self.index.get(name.as_str()) {
            return Ok(*found);
        }
        let hint = did_you_mean(&name, self.index.keys().map(GroupName::as_str));
        Err(line.error_at(Some(index), "No such master with specified name.", hint))
    }

    /// True if a group has this name.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.index.contains_key(name)
    }

    /// Adds a group; its name must be new.
    pub(crate) fn add_group(&mut self, spec: GroupSpec) {
        self.index.insert(spec.name.clone(), self.groups.len());
        self.groups.push(spec);
    }

    /// Forgets a group.
    pub(crate) fn remove_group(&mut self, name: &str) {
        self.groups.retain(|group| group.name.as_str() != name);
        self.settings.masters.remove(name);
        self.index = self.groups.iter().enumerate().map(|(index, group)| (group.name.clone(), index)).collect();
    }

    /// The address in the words at `host` and `host + 1`.
    pub(crate) fn address(&self, line: &Line, host: usize) -> Result<Addr, ConfigError> {
        let port = line.text_of(host + 1).parse::<u16>();
        let port = port.map_err(|_| line.error_at(Some(host + 1), "Invalid port number.", None))?;
        let unresolvable = |hint: Option<String>| line.error_at(Some(host), "Can't resolve instance hostname.", hint);
        let addr = Addr::new(&line.text_of(host), port).ok_or_else(|| unresolvable(None))?;
        if addr.is_name() && !self.settings.resolve_hostnames {
            return Err(unresolvable(Some("host names need 'sentinel resolve-hostnames yes'".to_owned())));
        }
        Ok(addr)
    }
}

const UNRECOGNIZED: &str = "Unrecognized sentinel configuration statement.";

/// The text of an operating system error without Rust's suffix.
pub(crate) fn os_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn allowed(syntax: super::value::Syntax) -> Option<String> {
    Some(format!("allowed: {}", syntax.describe().replace('`', "'")))
}

/// Every name that may start a line.
pub(crate) fn top_level_names() -> impl Iterator<Item = &'static str> {
    let effective = SERVER_DIRECTIVES.iter().map(|directive| directive.name);
    let sections = SECTIONS.iter().map(|section| section.word);
    effective.chain(KEPT_DIRECTIVES.iter().copied()).chain(["sentinel", "user", "include"]).chain(sections)
}
