//! One user.

use super::password::PasswordHash;
use super::selector::Selector;
use super::{DefaultChannels, Dialect, RuleError, UserError, rules};
use crate::command::CommandTable;

/// A user with passwords and permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    name: Vec<u8>,
    enabled: bool,
    no_password: bool,
    sanitize: Sanitize,
    pub(super) passwords: Vec<PasswordHash>,
    pub(super) root: Selector,
    pub(super) selectors: Vec<Selector>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sanitize {
    /// The state of a user that never had a rule about it; older servers do not print it.
    ByDefault,
    Always,
    Never,
}

impl User {
    /// A disabled user without permissions.
    #[must_use]
    pub fn new(name: &[u8], channels: DefaultChannels) -> Self {
        Self {
            name: name.to_vec(),
            enabled: false,
            no_password: false,
            sanitize: Sanitize::ByDefault,
            passwords: Vec::new(),
            root: Selector::new(channels),
            selectors: Vec::new(),
        }
    }

    /// The user every connection starts as: enabled, without password, allowed everything.
    #[must_use]
    pub fn unrestricted(name: &[u8]) -> Self {
        let mut user = Self::new(name, DefaultChannels::All);
        user.enabled = true;
        user.no_password = true;
        user.root.set_all_commands(true);
        user.root.all_keys = true;
        user
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// False if nobody can authenticate as this user.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// True if any password is accepted.
    #[must_use]
    pub const fn needs_no_password(&self) -> bool {
        self.no_password
    }

    /// True if dump payloads this user sends must be checked deeply.
    #[must_use]
    pub const fn sanitizes_payload(&self) -> bool {
        !matches!(self.sanitize, Sanitize::Never)
    }

    /// True if the user may run every command on every key and channel.
    #[must_use]
    pub const fn is_unrestricted(&self) -> bool {
        self.root.all_commands && self.root.all_keys && self.root.all_channels
    }

    /// True if `password` opens this user's account.
    #[must_use]
    pub fn accepts_password(&self, password: &[u8]) -> bool {
        if !self.enabled {
            return false;
        }
        let given = PasswordHash::of(password);
        // No early end: the time must not tell which of the passwords matched.
        let matched = self.passwords.iter().fold(false, |matched, hash| hash.matches(&given) | matched);
        self.no_password || matched
    }

    /// Applies rules in order, all or none.
    ///
    /// # Errors
    /// [`UserError`] names the first rule that is refused; the user is unchanged then.
    pub fn apply_all(
        &mut self,
        words: &[&[u8]],
        table: &CommandTable,
        channels: DefaultChannels,
    ) -> Result<(), UserError> {
        let lossy = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        let rules = rules::join_selectors(words)
            .map_err(|start| UserError::UnmatchedParenthesis { starting_at: lossy(&start) })?;
        let mut changed = self.clone();
        for rule in &rules {
            changed.apply(rule, table, channels).map_err(|error| UserError::Rule { rule: lossy(rule), error })?;
        }
        *self = changed;
        Ok(())
    }

    pub(super) fn apply(
        &mut self,
        rule: &[u8],
        table: &CommandTable,
        channels: DefaultChannels,
    ) -> Result<(), RuleError> {
        let mut lower = rule.to_vec();
        lower.make_ascii_lowercase();
        match lower.as_slice() {
            b"" => {}
            b"on" => self.enabled = true,
            b"off" => self.enabled = false,
            b"nopass" => {
                self.no_password = true;
                self.passwords.clear();
            }
            b"resetpass" => {
                self.no_password = false;
                self.passwords.clear();
            }
            b"sanitize-payload" => self.sanitize = Sanitize::Always,
            b"skip-sanitize-payload" => self.sanitize = Sanitize::Never,
            b"clearselectors" => self.selectors.clear(),
            b"reset" => {
                *self = Self::new(&self.name, channels);
                self.sanitize = Sanitize::Always;
            }
            _ => return self.apply_prefixed(rule, table, channels),
        }
        Ok(())
    }

    fn apply_prefixed(
        &mut self,
        rule: &[u8],
        table: &CommandTable,
        channels: DefaultChannels,
    ) -> Result<(), RuleError> {
        match rule {
            [b'>', password @ ..] => self.add_password(PasswordHash::of(password)),
            [b'#', hex @ ..] => self.add_password(PasswordHash::from_hex(hex).ok_or(RuleError::BadHash)?),
            [b'<', password @ ..] => self.remove_password(&PasswordHash::of(password))?,
            [b'!', hex @ ..] => self.remove_password(&PasswordHash::from_hex(hex).ok_or(RuleError::BadHash)?)?,
            [b'(', ..] => self.selectors.push(rules::parse_selector(rule, table, channels)?),
            _ => rules::apply(&mut self.root, table, rule)?,
        }
        Ok(())
    }

    fn add_password(&mut self, hash: PasswordHash) {
        if !self.passwords.contains(&hash) {
            self.passwords.push(hash);
        }
        self.no_password = false;
    }

    fn remove_password(&mut self, hash: &PasswordHash) -> Result<(), RuleError> {
        let before = self.passwords.len();
        self.passwords.retain(|known| known != hash);
        if self.passwords.len() == before { Err(RuleError::NoSuchPassword) } else { Ok(()) }
    }

    /// The flags as `ACL GETUSER` and `ACL LIST` print them.
    pub(super) fn flags(&self, dialect: Dialect) -> Vec<&'static str> {
        let mut flags = vec![if self.enabled { "on" } else { "off" }];
        if self.no_password {
            flags.push("nopass");
        }
        match (self.sanitize, dialect) {
            (Sanitize::Never, _) => flags.push("skip-sanitize-payload"),
            (Sanitize::ByDefault, Dialect::Redis70) => {}
            _ => flags.push("sanitize-payload"),
        }
        flags
    }

    /// The user as a configuration line: `user <name> <rules>`, without a line end.
    #[must_use]
    pub fn to_line(&self, dialect: Dialect) -> Vec<u8> {
        let mut line = [b"user ", self.name.as_slice()].concat();
        let mut word = |word: &[u8]| {
            line.push(b' ');
            line.extend_from_slice(word);
        };
        for flag in self.flags(dialect) {
            word(flag.as_bytes());
        }
        for password in &self.passwords {
            word(format!("#{}", password.to_hex()).as_bytes());
        }
        word(&self.root.describe());
        for selector in &self.selectors {
            word(&[b"(", selector.describe().as_slice(), b")"].concat());
        }
        line
    }
}
