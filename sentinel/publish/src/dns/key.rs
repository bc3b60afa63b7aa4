//! The key that updates are signed with, and the file that name server tools write it to.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_proto::rr::{Name, TSigner};
use thiserror::Error;

use super::names::{self, NameError};

/// The shortest secret that is taken, in bytes. RFC 8945, section 8, wants the length of the hash; below 128 bits a secret can be
/// guessed from one recorded message.
const SECRET_MIN: usize = 16;

/// The longest key file that is read, in bytes. One key takes a hundred.
const KEY_FILE_MAX: usize = 64 * 1024;

/// Seconds by which the clocks of both sides may differ, as RFC 8945, section 10, recommends.
pub(super) const FUDGE_SECS: u16 = 300;

/// How messages are signed: the algorithms of RFC 8945 that may still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `hmac-sha256`
    HmacSha256,
    /// `hmac-sha384`
    HmacSha384,
    /// `hmac-sha512`
    HmacSha512,
}

impl FromStr for Algorithm {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        match text.to_ascii_lowercase().trim_end_matches('.') {
            "hmac-sha256" => Ok(Self::HmacSha256),
            "hmac-sha384" => Ok(Self::HmacSha384),
            "hmac-sha512" => Ok(Self::HmacSha512),
            _ => Err(KeyError::Algorithm { algorithm: text.to_owned() }),
        }
    }
}

/// Why something is no key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// No algorithm that can be used.
    #[error("{algorithm:?} is none of hmac-sha256, hmac-sha384, hmac-sha512")]
    Algorithm {
        /// What was given.
        algorithm: String,
    },
    /// The name of the key is no domain name.
    #[error("the name of the key is no domain name: {0}")]
    Name(#[from] NameError),
    /// The secret is not Base64. It is not repeated here.
    #[error("the secret is not Base64 of {SECRET_MIN} bytes or more")]
    Secret,
    /// The key file cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The key file does not hold one `key` statement.
    #[error("the key file is not one statement `key \"name\" {{ algorithm ...; secret \"...\"; }};`: {reason}")]
    File {
        /// What is wrong.
        reason: &'static str,
    },
}

/// A TSIG key. Its secret is never shown.
#[derive(Clone)]
pub struct Key(TSigner);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let parts = |key: &Self| (key.0.signer_name().clone(), key.0.algorithm().clone(), key.0.key().to_vec());
        parts(self) == parts(other)
    }
}

impl Eq for Key {}

impl Key {
    /// A key from its parts; the secret as Base64.
    ///
    /// # Errors
    /// The name is no domain name, the secret not Base64 or too short.
    pub fn new(name: &str, algorithm: Algorithm, secret: &str) -> Result<Self, KeyError> {
        let name = names::parse(name)?;
        let bytes = BASE64.decode(secret).map_err(|_| KeyError::Secret)?;
        if bytes.len() < SECRET_MIN {
            return Err(KeyError::Secret);
        }
        let algorithm = match algorithm {
            Algorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
            Algorithm::HmacSha384 => TsigAlgorithm::HmacSha384,
            Algorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
        };
        let signer = TSigner::new(bytes, algorithm, name, FUDGE_SECS);
        signer.map(Self).map_err(|error| KeyError::Algorithm { algorithm: error.to_string() })
    }

    /// Reads a file with a `key` statement. It is short: it is read where this is called.
    ///
    /// # Errors
    /// The file cannot be read, or does not hold exactly one key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let unreadable =
            |error: std::io::Error| KeyError::Unreadable { path: path.to_owned(), reason: error.to_string() };
        let file = File::open(path).map_err(unreadable)?;
        let mut text = String::new();
        file.take(KEY_FILE_MAX as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
        Self::from_bind_file(&text)
    }

    /// Reads the `key` statement that BIND's `tsig-keygen` writes.
    ///
    /// # Errors
    /// The text holds none or several, or its parts are wrong.
    pub fn from_bind_file(text: &str) -> Result<Self, KeyError> {
        let wrong = |reason| KeyError::File { reason };
        if text.len() > KEY_FILE_MAX {
            return Err(wrong("it is longer than a key"));
        }
        let words = words(text).ok_or_else(|| wrong("a string or comment does not end"))?;
        let mut words = words.iter().map(String::as_str);
        let mut next = || words.next().ok_or_else(|| wrong("it ends early"));
        if next()? != "key" {
            return Err(wrong("it does not begin with `key`"));
        }
        let name = next()?;
        if next()? != "{" {
            return Err(wrong("no `{` after the name"));
        }
        let (mut algorithm, mut secret) = (None, None);
        loop {
            match next()? {
                "}" => break,
                "algorithm" => algorithm = Some(next()?),
                "secret" => secret = Some(next()?),
                _ => return Err(wrong("something besides `algorithm` and `secret`")),
            }
            if next()? != ";" {
                return Err(wrong("no `;` where one belongs"));
            }
        }
        if next()? != ";" {
            return Err(wrong("no `;` at its end"));
        }
        if next().is_ok() {
            return Err(wrong("something follows the key"));
        }
        let algorithm = algorithm.ok_or_else(|| wrong("no algorithm"))?.parse()?;
        Self::new(name, algorithm, secret.ok_or_else(|| wrong("no secret"))?)
    }

    /// The name, which both sides know the key by.
    pub fn name(&self) -> &Name {
        self.0.signer_name()
    }

    pub(super) const fn signer(&self) -> &TSigner {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} {}, secret not shown)", self.0.signer_name(), self.0.algorithm())
    }
}

/// The words, strings and signs of a file in BIND's syntax, without comments; `None` if a string or comment does not end.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("/*") {
            rest.find("*/")? + 2
        } else if first == '#' || rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            let end = rest[1..].find('"')? + 1;
            words.push(rest[1..end].to_owned());
            end + 1
        } else if matches!(first, '{' | '}' | ';') {
            words.push(first.to_string());
            1
        } else {
            let ends = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | ';' | '"');
            let end = rest.find(ends).unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            end
        };
        rest = rest[length..].trim_start();
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMgbG9uZyE=";

    #[test]
    fn what_tsig_keygen_writes_is_read() {
        let text = format!("key \"bongsu\" {{\n\talgorithm hmac-sha256;\n\tsecret \"{SECRET}\";\n}};\n");
        let key = Key::from_bind_file(&text).unwrap();
        assert_eq!(key.name().to_ascii(), "bongsu.");
        let commented = format!("# for bongsu\n/* hers */ {text} // end");
        assert_eq!(Key::from_bind_file(&commented).unwrap().name(), key.name());
    }

    #[test]
    fn other_files_are_errors() {
        let good = format!("key a {{ algorithm hmac-sha512; secret \"{SECRET}\"; }};");
        for text in [
            "",
            "key",
            "key a;",
            "key a { algorithm hmac-sha256; };",
            "key a { secret \"x\"; };",
            "key a { algorithm hmac-md5; secret \"c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMgbG9uZyE=\"; };",
            "key \"a { algorithm hmac-sha256; }",
            &format!("{good} {good}"),
            &good.replace("};", "}"),
            &good.replace("c2Vj", "c2V"),
        ] {
            assert!(Key::from_bind_file(text).is_err(), "{text}");
        }
        assert!(Key::from_bind_file(&good).is_ok());
    }

    #[test]
    fn a_secret_is_never_shown_and_never_short() {
        let key = Key::new("bongsu", Algorithm::HmacSha256, SECRET).unwrap();
        assert_eq!(format!("{key:?}"), "Key(bongsu. hmac-sha256, secret not shown)");
        assert_eq!(Key::new("bongsu", Algorithm::HmacSha256, "c2hvcnQ=").unwrap_err(), KeyError::Secret);
    }
}
