//! May this user run this request?

use super::selector::Selector;
use super::{Dialect, User};
use crate::command::{Command, CommandFlags, KeyRef};
use crate::glob;

/// What a user lacks, from the least to the most specific.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeniedReason {
    /// Permission for the command.
    Command,
    /// Permission for a key.
    Key,
    /// Permission for a channel.
    Channel,
}

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// What is lacking.
    pub reason: DeniedReason,
    /// The command's full name, the key or the channel.
    pub object: Vec<u8>,
}

impl Denied {
    /// The error line without the leading `-`.
    #[must_use]
    pub fn error_text(&self, user: &[u8], dialect: Dialect) -> String {
        let object = String::from_utf8_lossy(&self.object);
        let user = String::from_utf8_lossy(user);
        match (self.reason, dialect) {
            (DeniedReason::Command, Dialect::Redis70) => {
                format!("NOPERM this user has no permissions to run the '{object}' command")
            }
            (DeniedReason::Command, Dialect::Redis72) => {
                format!("NOPERM User {user} has no permissions to run the '{object}' command")
            }
            (DeniedReason::Key, Dialect::Redis70) => {
                "NOPERM this user has no permissions to access one of the keys used as arguments".to_owned()
            }
            (DeniedReason::Key, Dialect::Redis72) => "NOPERM No permissions to access a key".to_owned(),
            (DeniedReason::Channel, Dialect::Redis70) => {
                "NOPERM this user has no permissions to access one of the channels used as arguments".to_owned()
            }
            (DeniedReason::Channel, Dialect::Redis72) => "NOPERM No permissions to access a channel".to_owned(),
        }
    }

    /// What `ACL DRYRUN` says.
    #[must_use]
    pub fn dry_run_text(&self, user: &[u8], dialect: Dialect) -> String {
        let who = match dialect {
            Dialect::Redis70 => "This user".to_owned(),
            Dialect::Redis72 => format!("User {}", String::from_utf8_lossy(user)),
        };
        let object = String::from_utf8_lossy(&self.object);
        match self.reason {
            DeniedReason::Command => format!("{who} has no permissions to run the '{object}' command"),
            DeniedReason::Key => format!("{who} has no permissions to access the '{object}' key"),
            DeniedReason::Channel => format!("{who} has no permissions to access the '{object}' channel"),
        }
    }
}

/// A refusal by one selector: the further it got, the more it says.
type Refusal = (DeniedReason, usize);

impl User {
    /// Checks a request that fits `command`: the command itself, its keys and its channels.
    ///
    /// # Errors
    /// [`Denied`] names what is lacking in the selector that comes closest to allowing the request.
    pub fn check(&self, command: &Command, argv: &[&[u8]]) -> Result<(), Denied> {
        if self.is_unrestricted() {
            return Ok(());
        }
        let keys = if command.spec.has_keys() { command.spec.keys_of(argv).unwrap_or_default() } else { Vec::new() };
        let mut closest: Option<Refusal> = None;
        for selector in std::iter::once(&self.root).chain(&self.selectors) {
            match check_selector(selector, command, argv, &keys) {
                Ok(()) => return Ok(()),
                Err(refusal) => closest = closest.max(Some(refusal)),
            }
        }
        let (reason, position) = closest.unwrap_or((DeniedReason::Command, 0));
        let object = match reason {
            DeniedReason::Command => command.full_name.as_bytes().to_vec(),
            DeniedReason::Key | DeniedReason::Channel => argv.get(position).map_or_else(Vec::new, |arg| arg.to_vec()),
        };
        Err(Denied { reason, object })
    }

    /// True if the user may run this request and read every key. Commands that find keys in the data need that.
    #[must_use]
    pub fn may_read_all_keys(&self, command: &Command, argv: &[&[u8]]) -> bool {
        if self.is_unrestricted() {
            return true;
        }
        let keys = command.spec.keys_of(argv).unwrap_or_default();
        let reads_all = |selector: &Selector| {
            selector.all_keys || selector.keys.iter().any(|pattern| pattern.read && pattern.glob == b"*")
        };
        let mut selectors = std::iter::once(&self.root).chain(&self.selectors);
        selectors.any(|selector| reads_all(selector) && check_selector(selector, command, argv, &keys).is_ok())
    }

    /// True if the user may still use the channel (or, with `is_pattern`, the pattern): what a subscriber keeps after
    /// its user changed.
    #[must_use]
    pub fn may_use_channel(&self, channel: &[u8], is_pattern: bool) -> bool {
        std::iter::once(&self.root).chain(&self.selectors).any(|selector| allows_channel(selector, channel, is_pattern))
    }
}

fn check_selector(selector: &Selector, command: &Command, argv: &[&[u8]], keys: &[KeyRef]) -> Result<(), Refusal> {
    if !command.spec.flags.contains(CommandFlags::NO_AUTH) && !selector.allows_command(command, argv) {
        return Err((DeniedReason::Command, 0));
    }
    if !selector.all_keys
        && let Some(key) = keys.iter().find(|key| !allows_key(selector, argv, key))
    {
        return Err((DeniedReason::Key, key.position));
    }
    let channels = command.spec.channels.positions(argv.len());
    for position in channels {
        if !allows_channel(selector, argv[position], command.spec.channels.are_patterns()) {
            return Err((DeniedReason::Channel, position));
        }
    }
    Ok(())
}

fn allows_key(selector: &Selector, argv: &[&[u8]], key: &KeyRef) -> bool {
    let Some(name) = argv.get(key.position) else { return true };
    selector.keys.iter().any(|pattern| {
        (pattern.read || !key.access.needs_read())
            && (pattern.write || !key.access.needs_write())
            && glob::matches(&pattern.glob, name)
    })
}

/// A pattern subscription needs exactly that pattern: a glob cannot be tested against a glob.
fn allows_channel(selector: &Selector, channel: &[u8], is_pattern: bool) -> bool {
    selector.all_channels
        || selector.channels.iter().any(|glob| if is_pattern { glob == channel } else { glob::matches(glob, channel) })
}
