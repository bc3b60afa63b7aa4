//! Password hashes of users.

use sha2::{Digest, Sha256};

/// The SHA-256 digest of a password, the only form in which passwords are kept.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PasswordHash([u8; 32]);

impl PasswordHash {
    pub(super) fn of(password: &[u8]) -> Self {
        let digest = Sha256::digest(password);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&digest);
        Self(bytes)
    }

    /// Reads exactly 64 lower-case hexadecimal digits.
    pub(super) fn from_hex(hex: &[u8]) -> Option<Self> {
        if hex.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = nibble(digits[0])? << 4 | nibble(digits[1])?;
        }
        Some(Self(bytes))
    }

    pub(super) fn to_hex(&self) -> String {
        to_hex(&self.0)
    }

    /// Compares in a time that does not depend on where the digests differ.
    pub(super) fn matches(&self, other: &Self) -> bool {
        let difference = self.0.iter().zip(&other.0).fold(0, |sum, (a, b)| sum | (a ^ b));
        std::hint::black_box(difference) == 0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash")
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_sha256_in_lower_case() {
        let hash = PasswordHash::of(b"a");
        let hex = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
        assert_eq!(hash.to_hex(), hex);
        assert!(PasswordHash::from_hex(hex.as_bytes()).expect("valid").matches(&hash));
        assert!(!PasswordHash::of(b"b").matches(&hash));
        assert!(PasswordHash::from_hex(hex.to_uppercase().as_bytes()).is_none());
        assert!(PasswordHash::from_hex(b"abc").is_none());
    }
}
