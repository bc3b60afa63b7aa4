//! One password per role.

use std::fs::File;
use std::io::{self, Read as _};

use sha2::{Digest as _, Sha256};

/// Random bytes of a password: more than anybody will ever guess.
const PASSWORD_BYTES: usize = 32;

/// What a role logs in with, and what is kept where it logs in.
pub(super) struct Credential {
    pub(super) password: String,
    /// SHA-256 of the password, in hexadecimal digits.
    pub(super) hash: String,
}

/// No two roles share a password.
pub(super) struct Secrets {
    pub(super) admin: Credential,
    pub(super) application: Credential,
    pub(super) discovery: Credential,
    pub(super) peer: Credential,
    pub(super) replication: Credential,
    pub(super) sentinel: Credential,
}

impl Secrets {
    /// All from the machine's source of randomness.
    pub(super) fn random() -> io::Result<Self> {
        let mut source = File::open("/dev/urandom")?;
        Self::make(|_| {
            let mut bytes = [0; PASSWORD_BYTES];
            source.read_exact(&mut bytes)?;
            let password = hexadecimal(&bytes);
            let hash = hexadecimal(&Sha256::digest(&password));
            Ok(Credential { password, hash })
        })
    }

    /// Words that say what belongs in their place, and that let nobody in: those of the example in `configs/`.
    #[cfg(test)]
    pub(super) fn placeholders() -> Self {
        let named = |role: &str| Credential {
            password: format!("PASSWORD-OF-{}", role.to_uppercase()),
            hash: format!("SHA256-OF-PASSWORD-OF-{}", role.to_uppercase()),
        };
        Self::make(|role| Ok(named(role))).expect("names are no input")
    }

    fn make(mut credential: impl FnMut(&str) -> io::Result<Credential>) -> io::Result<Self> {
        Ok(Self {
            admin: credential("admin")?,
            application: credential("application")?,
            discovery: credential("discovery")?,
            peer: credential("peer")?,
            replication: credential("replication")?,
            sentinel: credential("sentinel")?,
        })
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn passwords_are_long_and_all_different() {
        let all = |secrets: Secrets| {
            let Secrets { admin, application, discovery, peer, replication, sentinel } = secrets;
            [admin, application, discovery, peer, replication, sentinel]
        };
        let both = [Secrets::random().unwrap(), Secrets::random().unwrap()].map(all);
        let different: BTreeSet<&str> = both.iter().flatten().map(|credential| credential.password.as_str()).collect();
        assert_eq!(different.len(), 12);
        for credential in both.iter().flatten() {
            assert_eq!(credential.password.len(), 64);
            assert_eq!(credential.hash, hexadecimal(&Sha256::digest(&credential.password)));
        }
    }
}
