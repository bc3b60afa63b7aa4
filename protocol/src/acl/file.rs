//! Users in an ACL file and in the configuration.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use super::rules::join_selectors;
use super::{Acl, DEFAULT_USER, RuleError, User, UserError};

/// Everything that is wrong with an ACL file. The display form is the error without `ERR `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileErrors {
    /// One text per fault, in file order.
    pub faults: Vec<String>,
}

impl fmt::Display for FileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.faults {
            write!(f, "{fault} ")?;
        }
        f.write_str("WARNING: ACL errors detected, no change to the previously active ACL rules was performed")
    }
}

impl std::error::Error for FileErrors {}

impl Acl {
    /// Replaces all users by those of an ACL file, all or none. `path` is only for messages.
    ///
    /// Returns the names of users that are gone or have changed; their connections must be closed.
    ///
    /// # Errors
    /// [`FileErrors`]; the users are as before then.
    pub fn load_file(&mut self, path: &str, text: &[u8]) -> Result<Vec<Vec<u8>>, FileErrors> {
        let mut users = BTreeMap::new();
        let mut faults = Vec::new();
        for (line, number) in text.split(|byte| *byte == b'\n').zip(1_usize..) {
            let line = line.trim_ascii();
            if !line.is_empty() {
                self.load_line(&mut users, line, &format!("{path}:{number}"), number, &mut faults);
            }
        }
        if !faults.is_empty() {
            return Err(FileErrors { faults });
        }
        users.entry(DEFAULT_USER.to_vec()).or_insert_with(|| User::unrestricted(DEFAULT_USER));
        let before = self.replace_users(users);
        Ok(before
            .into_values()
            .filter(|old| self.user(old.name()) != Some(old))
            .map(|old| old.name().to_vec())
            .collect())
    }

    fn load_line(
        &self,
        users: &mut BTreeMap<Vec<u8>, User>,
        line: &[u8],
        place: &str,
        number: usize,
        faults: &mut Vec<String>,
    ) {
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let [b"user", name, rules @ ..] = words.as_slice() else {
            faults.push(format!("{place} should start with user keyword followed by the username."));
            return;
        };
        let shown = String::from_utf8_lossy(name);
        if name.iter().any(|byte| byte.is_ascii_whitespace() || *byte == 0) {
            faults.push(format!("'{place}: username '{shown}' contains invalid characters."));
            return;
        }
        let Entry::Vacant(vacant) = users.entry(name.to_vec()) else {
            faults.push(format!("WARNING: Duplicate user '{shown}' found on line {number}."));
            return;
        };
        let user = vacant.insert(User::new(name, self.default_channels()));
        let Ok(rules) = join_selectors(rules) else {
            faults.push(format!("{place}: Unmatched parenthesis in selector definition."));
            return;
        };
        let mut has_syntax_fault = false;
        for rule in &rules {
            match user.apply(rule, self.table(), self.default_channels()) {
                Ok(()) => {}
                Err(error @ RuleError::UnknownCommand) => {
                    let rule = String::from_utf8_lossy(rule);
                    faults.push(format!("{place}: Error in applying operation '{rule}': {error}."));
                }
                // One such fault per line: what follows it is mostly noise.
                Err(_) if has_syntax_fault => {}
                Err(error) => {
                    has_syntax_fault = true;
                    faults.push(format!("{place}: {error}."));
                }
            }
        }
    }

    /// The users as an ACL file or as configuration lines: one line each, ordered by name.
    #[must_use]
    pub fn to_lines(&self) -> Vec<Vec<u8>> {
        self.users().map(|user| user.to_line(self.dialect())).collect()
    }

    /// The text of an ACL file with all users.
    #[must_use]
    pub fn to_file(&self) -> Vec<u8> {
        let mut text = self.to_lines().join(&b'\n');
        text.push(b'\n');
        text
    }

    /// Defines a user by a configuration line: the words after `user <name>`. Whatever the user was before is
    /// forgotten, so that the line says it all.
    ///
    /// # Errors
    /// [`UserError`]; nothing has changed then.
    pub fn define_user(&mut self, name: &[u8], rules: &[&[u8]]) -> Result<(), UserError> {
        let rules: Vec<&[u8]> = [b"reset".as_slice()].iter().chain(rules).copied().collect();
        self.set_user(name, &rules)
    }
}
