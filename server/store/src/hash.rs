//! The hash of keys and members.

use siphasher::sip::SipHasher13;

/// Hashes keys with a secret: whoever chooses the keys must not be able to choose where they lie.
#[derive(Clone, Copy, Debug)]
pub struct KeyHasher {
    secret: (u64, u64),
}

impl KeyHasher {
    /// With 128 random bits, of which nobody else knows.
    pub const fn new(secret: (u64, u64)) -> Self {
        Self { secret }
    }

    /// The hash of a key or of a member of a collection.
    #[inline]
    pub fn hash(&self, key: &[u8]) -> u64 {
        SipHasher13::new_with_keys(self.secret.0, self.secret.1).hash(key)
    }
}
