//! What both sides of TLS need: certificates, authorities and protocol versions from the files of the configuration, and whether
//! those files have changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, SupportedProtocolVersion};

use crate::config::ServerSettings;

/// Most files looked at in `tls-ca-cert-dir`.
const AUTHORITY_FILES_MAX: usize = 4096;

/// Why TLS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A directive that TLS needs is not given.
    #[error("{0} is not configured")]
    NotConfigured(&'static str),
    /// A file cannot be read or does not hold what it should.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// A directory cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No certificate in the files of the authorities.
    #[error("no certificate of an authority in tls-ca-cert-file and tls-ca-cert-dir")]
    NoAuthority,
    /// An unknown word in `tls-protocols`.
    #[error("unknown protocol '{0}' in tls-protocols; supported are TLSv1.2 and TLSv1.3")]
    Protocol(String),
    /// Encrypted keys are not supported.
    #[error("{0} is set, but encrypted private keys are not supported: decrypt the key file")]
    EncryptedKey(&'static str),
    /// A certificate that cannot be used, or not with this key.
    #[error("{}: {reason}{}", path.display(), version_hint(reason))]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The settings do not fit together.
    #[error("{0}")]
    Rejected(String),
}

/// `openssl x509 -req` without an extension file makes certificates of the oldest version, which is no longer accepted.
fn version_hint(reason: &str) -> &'static str {
    if reason.contains("UnsupportedCertVersion") {
        " (it is of X.509 version 1; version 3 is needed: issue it with extensions, as with openssl x509 -extfile)"
    } else {
        ""
    }
}

/// What tells that files were replaced or rewritten.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stamps(Vec<Option<(SystemTime, u64)>>);

impl Stamps {
    /// Of files and directories as they are now.
    pub(crate) fn of<'a>(paths: impl IntoIterator<Item = Option<&'a PathBuf>>) -> Self {
        let stamp = |path: Option<&PathBuf>| {
            let file = std::fs::metadata(path?).ok()?;
            Some((file.modified().ok()?, file.len()))
        };
        Self(paths.into_iter().map(stamp).collect())
    }
}

/// The cryptography, which is the same everywhere.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Authorities from `tls-ca-cert-file` and `tls-ca-cert-dir`.
pub(crate) fn authorities(settings: &ServerSettings) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &settings.tls_ca_cert_file {
        roots.add_parsable_certificates(certificates(path)?);
    }
    if let Some(path) = &settings.tls_ca_cert_dir {
        let entries = std::fs::read_dir(path);
        let entries = entries.map_err(|source| TlsError::Directory { path: path.clone(), source })?;
        for entry in entries.flatten().take(AUTHORITY_FILES_MAX) {
            // Such directories hold other files too.
            roots.add_parsable_certificates(certificates(&entry.path()).unwrap_or_default());
        }
    }
    if roots.is_empty() { Err(TlsError::NoAuthority) } else { Ok(roots) }
}

/// The certificates in a file.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    found.map_err(|source| file_error(path, source))
}

/// The private key in a file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: rustls::pki_types::pem::Error) -> TlsError {
    TlsError::File { path: path.to_owned(), source }
}

/// The versions of `tls-protocols`.
pub(crate) fn protocol_versions(settings: &ServerSettings) -> Result<Vec<&'static SupportedProtocolVersion>, TlsError> {
    let words = settings.tls_protocols.as_deref().unwrap_or_default();
    if words.trim().is_empty() {
        return Ok(vec![&rustls::version::TLS13, &rustls::version::TLS12]);
    }
    let version = |word: &str| match word.to_ascii_lowercase().as_str() {
        "tlsv1.2" => Ok(&rustls::version::TLS12),
        "tlsv1.3" => Ok(&rustls::version::TLS13),
        _ => Err(TlsError::Protocol(word.to_owned())),
    };
    words.split_ascii_whitespace().map(version).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_named_as_in_redis() {
        let of = |words: &str| {
            protocol_versions(&ServerSettings { tls_protocols: Some(words.to_owned()), ..ServerSettings::default() })
        };
        assert_eq!(of("").expect("default").len(), 2);
        assert_eq!(of("TLSv1.3").expect("valid"), [&rustls::version::TLS13]);
        assert!(matches!(of("TLSv1.1"), Err(TlsError::Protocol(word)) if word == "TLSv1.1"));
    }
}
