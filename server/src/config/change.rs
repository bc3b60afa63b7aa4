//! `CONFIG SET`, up to the new values: what they are for is done by whoever owns it.

use bongsu_protocol::glob;

use super::directive::{DENY_LOADING, HIDDEN, IMMUTABLE, PROTECTED, QUIET_ALIAS, VOLATILE};
use super::parse::parse;
use super::{Config, Directive};

/// What a client may change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rights {
    /// Protected directives.
    pub(crate) protected: bool,
    /// Data is being loaded, during which some directives stay as they are.
    pub(crate) loading: bool,
}

/// A configuration with changes, which nobody has heard of yet.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) config: Config,
    /// What is different, or may be: a file may have changed.
    pub(crate) changed: Vec<Directive>,
}

/// Why nothing was changed.
#[derive(PartialEq, Debug, thiserror::Error)]
pub(crate) enum SetError {
    #[error("LOADING Redis is loading the dataset in memory")]
    Loading,
    #[error("ERR Unknown option or number of arguments for CONFIG SET - '{0}'")]
    Unknown(String),
    #[error("ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}")]
    Refused { name: String, reason: String },
}

impl SetError {
    fn refused(name: impl Into<String>, reason: impl ToString) -> Self {
        Self::Refused { name: name.into(), reason: reason.to_string() }
    }
}

impl Config {
    /// The configuration with these changes, all or none.
    pub(crate) fn propose(&self, pairs: &[[&[u8]; 2]], rights: Rights) -> Result<Proposal, SetError> {
        let directives = self.changeable(pairs, rights)?;
        let mut proposal = Proposal { config: self.clone(), changed: Vec::new() };
        for (directive, [name, text]) in directives.into_iter().zip(pairs) {
            let spec = directive.spec();
            let words: Vec<Vec<u8>> = match text {
                [] if spec.kind.takes_several() => Vec::new(),
                _ if spec.kind.takes_several() => text.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect(),
                _ => vec![text.to_vec()],
            };
            let before = self.value(directive);
            let value = parse(spec.kind, &words, before, self.dir());
            let value = value.map_err(|error| SetError::refused(directive.name_like(name), error))?;
            if value != *before || spec.flags.has(VOLATILE) {
                proposal.changed.push(directive);
            }
            proposal.config.set(directive, value);
        }
        Ok(proposal)
    }

    /// What the pairs name, if all of it may be changed.
    fn changeable(&self, pairs: &[[&[u8]; 2]], rights: Rights) -> Result<Vec<Directive>, SetError> {
        let mut directives = Vec::with_capacity(pairs.len());
        for [name, _] in pairs {
            let shown = String::from_utf8_lossy(name).into_owned();
            let Some(directive) = Directive::named(name) else { return Err(SetError::Unknown(shown)) };
            let flags = directive.spec().flags;
            if flags.has(IMMUTABLE) {
                return Err(SetError::refused(shown, "can't set immutable config"));
            }
            if flags.has(PROTECTED) && !rights.protected {
                return Err(SetError::refused(shown, "can't set protected config"));
            }
            if flags.has(DENY_LOADING) && rights.loading {
                return Err(SetError::Loading);
            }
            if directives.contains(&directive) {
                return Err(SetError::refused(shown, "duplicate parameter"));
            }
            directives.push(directive);
        }
        Ok(directives)
    }

    /// What `CONFIG GET` shows for these patterns: names, those of former times included, with values.
    pub(crate) fn matching(&self, patterns: &[&[u8]]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found: Vec<(Vec<u8>, Directive)> = Vec::new();
        let mut add = |name: &[u8], directive| {
            if found.iter().all(|(known, _)| known != name) {
                found.push((name.to_vec(), directive));
            }
        };
        for pattern in patterns {
            if !pattern.iter().any(|byte| b"[*?".contains(byte)) {
                if let Some(directive) = Directive::named(pattern) {
                    add(pattern, directive);
                }
                continue;
            }
            for directive in Directive::ALL {
                let spec = directive.spec();
                let alias = spec.alias.filter(|_| !spec.flags.has(QUIET_ALIAS));
                let names = [Some(spec.name), alias].into_iter().flatten();
                let shown = names.filter(|name| glob::matches_ignoring_case(pattern, name.as_bytes()));
                shown.filter(|_| !spec.flags.has(HIDDEN)).for_each(|name| add(name.as_bytes(), *directive));
            }
        }
        let show = |directive: Directive| self.value(directive).show(directive.spec().kind);
        found.into_iter().map(|(name, directive)| (name, show(directive))).collect()
    }
}
