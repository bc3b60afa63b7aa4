//! `rename-command`: commands of this sentinel under other names.

use std::collections::{HashMap, HashSet};

/// New names to old ones. Names are lower case.
#[derive(Default)]
pub(super) struct Renames {
    old_by_new: HashMap<Vec<u8>, String>,
    gone: HashSet<Vec<u8>>,
}

impl Renames {
    /// From pairs of old and new name; an empty new name removes the command.
    pub(super) fn new<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut renames = Self::default();
        for (old, new) in pairs {
            let old = old.to_ascii_lowercase();
            renames.gone.insert(old.clone().into_bytes());
            if !new.is_empty() {
                renames.old_by_new.insert(new.to_ascii_lowercase().into_bytes(), old);
            }
        }
        renames
    }

    /// The table's name for what a client calls `name`; `None` if it has no such name any more.
    pub(super) fn resolve<'a>(&'a self, name: &'a [u8]) -> Option<&'a [u8]> {
        if self.gone.is_empty() {
            return Some(name);
        }
        let lower = name.to_ascii_lowercase();
        match self.old_by_new.get(&lower) {
            Some(old) => Some(old.as_bytes()),
            None if self.gone.contains(&lower) => None,
            None => Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_are_gone() {
        let renames = Renames::new([("SHUTDOWN", ""), ("info", "Facts")].into_iter());
        assert_eq!(renames.resolve(b"shutdown"), None);
        assert_eq!(renames.resolve(b"INFO"), None);
        assert_eq!(renames.resolve(b"FACTS"), Some(&b"info"[..]));
        assert_eq!(renames.resolve(b"PING"), Some(&b"PING"[..]));
    }
}
