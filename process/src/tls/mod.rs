//! What both sides of TLS need: certificates, authorities and protocol versions from the files of the configuration, and whether
//! those files have changed.

mod client;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

pub use client::ClientFiles;

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
pub struct Stamps(Vec<Option<(SystemTime, u64)>>);

impl Stamps {
    /// Of files and directories as they are now.
    pub fn of<'a>(paths: impl IntoIterator<Item = Option<&'a PathBuf>>) -> Self {
        let stamp = |path: Option<&PathBuf>| {
            let file = std::fs::metadata(path?).ok()?;
            Some((file.modified().ok()?, file.len()))
        };
        Self(paths.into_iter().map(stamp).collect())
    }
}

/// The cryptography, which is the same everywhere.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Authorities from `tls-ca-cert-file` and `tls-ca-cert-dir`.
///
/// # Errors
/// [`TlsError`] if there is none.
pub fn authorities(file: Option<&Path>, dir: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = file {
        roots.add_parsable_certificates(certificates(path)?);
    }
    if let Some(path) = dir {
        let entries = std::fs::read_dir(path);
        let entries = entries.map_err(|source| TlsError::Directory { path: path.to_owned(), source })?;
        for entry in entries.flatten().take(AUTHORITY_FILES_MAX) {
            // Such directories hold other files too.
            roots.add_parsable_certificates(certificates(&entry.path()).unwrap_or_default());
        }
    }
    if roots.is_empty() { Err(TlsError::NoAuthority) } else { Ok(roots) }
}

/// The certificates in a file.
///
/// # Errors
/// [`TlsError`] if it cannot be read.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    found.map_err(|source| file_error(path, source))
}

/// The private key in a file.
///
/// # Errors
/// [`TlsError`] if it cannot be read.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: rustls::pki_types::pem::Error) -> TlsError {
    TlsError::File { path: path.to_owned(), source }
}

/// The versions of `tls-protocols`; those that are safe if it is empty.
///
/// # Errors
/// [`TlsError`] for a word that names none.
pub fn protocol_versions(words: &str) -> Result<Vec<&'static SupportedProtocolVersion>, TlsError> {
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

/// What the server side of TLS is made of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServerFiles {
    /// `tls-cert-file`.
    pub cert: Option<PathBuf>,
    /// `tls-key-file`.
    pub key: Option<PathBuf>,
    /// `tls-key-file-pass` is given.
    pub has_key_pass: bool,
    /// `tls-ca-cert-file`.
    pub ca_file: Option<PathBuf>,
    /// `tls-ca-cert-dir`.
    pub ca_dir: Option<PathBuf>,
    /// `tls-protocols`.
    pub protocols: String,
    /// `tls-auth-clients`.
    pub clients: ClientCertificates,
}

/// Whether clients present certificates.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ClientCertificates {
    /// They need not, and nobody looks.
    Ignored,
    /// They must.
    #[default]
    Required,
    /// If they do, it is verified.
    Optional,
}

impl ServerFiles {
    /// What tells whether any of them has changed.
    pub fn stamps(&self) -> Stamps {
        Stamps::of([&self.cert, &self.key, &self.ca_file, &self.ca_dir].map(Option::as_ref))
    }

    /// Reads all of them.
    ///
    /// # Errors
    /// [`TlsError`] with the first that cannot be used.
    pub fn load(&self) -> Result<ServerConfig, TlsError> {
        let cert_file = self.cert.as_deref().ok_or(TlsError::NotConfigured("tls-cert-file"))?;
        let key_file = self.key.as_deref().ok_or(TlsError::NotConfigured("tls-key-file"))?;
        if self.has_key_pass {
            return Err(TlsError::EncryptedKey("tls-key-file-pass"));
        }
        let (chain, key) = (certificates(cert_file)?, private_key(key_file)?);
        let provider = provider();
        let rejected = |error: &dyn std::fmt::Display| TlsError::Rejected(error.to_string());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&protocol_versions(&self.protocols)?)
            .map_err(|error| rejected(&error))?;
        let builder = match self.clients {
            ClientCertificates::Ignored => builder.with_no_client_auth(),
            wanted => {
                let roots = Arc::new(authorities(self.ca_file.as_deref(), self.ca_dir.as_deref())?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                let is_optional = wanted == ClientCertificates::Optional;
                let verifier = if is_optional { verifier.allow_unauthenticated() } else { verifier };
                builder.with_client_cert_verifier(verifier.build().map_err(|error| rejected(&error))?)
            }
        };
        builder
            .with_single_cert(chain, key)
            .map_err(|error| TlsError::Certificate { path: cert_file.to_owned(), reason: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_named_as_in_redis() {
        let of = protocol_versions;
        assert_eq!(of("").expect("default").len(), 2);
        assert_eq!(of("TLSv1.3").expect("valid"), [&rustls::version::TLS13]);
        assert!(matches!(of("TLSv1.1"), Err(TlsError::Protocol(word)) if word == "TLSv1.1"));
    }
}
