//! TLS for clients: certificates, keys and authorities from the files of the configuration, read anew when they change.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio_rustls::TlsAcceptor;

use crate::config::{ServerSettings, TlsAuthClients};

/// Most files looked at in `tls-ca-cert-dir`.
const AUTHORITY_FILES_MAX: usize = 4096;

/// Why TLS cannot be served.
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
    #[error("no certificate of an authority, but tls-auth-clients needs one")]
    NoAuthority,
    /// An unknown word in `tls-protocols`.
    #[error("unknown protocol '{0}' in tls-protocols; supported are TLSv1.2 and TLSv1.3")]
    Protocol(String),
    /// Encrypted keys are not supported.
    #[error("tls-key-file-pass is set, but encrypted private keys are not supported: decrypt the key file")]
    EncryptedKey,
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

/// The server side of TLS.
pub(in crate::front) struct TlsServer {
    settings: ServerSettings,
    current: RefCell<Loaded>,
}

struct Loaded {
    acceptor: TlsAcceptor,
    stamps: Vec<Option<(SystemTime, u64)>>,
}

impl TlsServer {
    /// Reads all files.
    pub(super) fn load(settings: &ServerSettings) -> Result<Self, TlsError> {
        let stamps = stamps(settings);
        let acceptor = TlsAcceptor::from(Arc::new(server_config(settings)?));
        Ok(Self { settings: settings.clone(), current: RefCell::new(Loaded { acceptor, stamps }) })
    }

    /// For one more connection. Files that have changed since they were read are read again; if they cannot be used, what
    /// was read last goes on being used and the error is given once.
    pub(in crate::front) fn acceptor(&self) -> (TlsAcceptor, Result<(), TlsError>) {
        let stamps = stamps(&self.settings);
        let mut current = self.current.borrow_mut();
        let mut outcome = Ok(());
        if stamps != current.stamps {
            current.stamps = stamps;
            match server_config(&self.settings) {
                Ok(config) => current.acceptor = TlsAcceptor::from(Arc::new(config)),
                Err(error) => outcome = Err(error),
            }
        }
        (current.acceptor.clone(), outcome)
    }
}

/// What tells that a file was replaced or rewritten.
fn stamps(settings: &ServerSettings) -> Vec<Option<(SystemTime, u64)>> {
    let files =
        [&settings.tls_cert_file, &settings.tls_key_file, &settings.tls_ca_cert_file, &settings.tls_ca_cert_dir];
    let stamp = |path: &Option<PathBuf>| {
        let file = std::fs::metadata(path.as_ref()?).ok()?;
        Some((file.modified().ok()?, file.len()))
    };
    files.into_iter().map(stamp).collect()
}

fn server_config(settings: &ServerSettings) -> Result<ServerConfig, TlsError> {
    let cert_file = settings.tls_cert_file.as_deref().ok_or(TlsError::NotConfigured("tls-cert-file"))?;
    let key_file = settings.tls_key_file.as_deref().ok_or(TlsError::NotConfigured("tls-key-file"))?;
    if settings.tls_key_file_pass.is_some() {
        return Err(TlsError::EncryptedKey);
    }
    let chain = certificates(cert_file)?;
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|source| file_error(key_file, source))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = protocol_versions(settings.tls_protocols.as_deref().unwrap_or_default())?;
    let rejected = |error: &dyn std::fmt::Display| TlsError::Rejected(error.to_string());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .map_err(|error| rejected(&error))?;
    let builder = match settings.tls_auth_clients {
        TlsAuthClients::No => builder.with_no_client_auth(),
        required => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities(settings)?), provider);
            let optional = required == TlsAuthClients::Optional;
            let verifier = if optional { verifier.allow_unauthenticated() } else { verifier };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| rejected(&error))?)
        }
    };
    builder
        .with_single_cert(chain, key)
        .map_err(|error| TlsError::Certificate { path: cert_file.to_owned(), reason: error.to_string() })
}

fn authorities(settings: &ServerSettings) -> Result<RootCertStore, TlsError> {
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

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    found.map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: rustls::pki_types::pem::Error) -> TlsError {
    TlsError::File { path: path.to_owned(), source }
}

fn protocol_versions(words: &str) -> Result<Vec<&'static SupportedProtocolVersion>, TlsError> {
    let all = vec![&rustls::version::TLS13, &rustls::version::TLS12];
    if words.trim().is_empty() {
        return Ok(all);
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
        assert_eq!(protocol_versions("").expect("default").len(), 2);
        assert_eq!(protocol_versions("TLSv1.3").expect("valid"), [&rustls::version::TLS13]);
        assert!(matches!(protocol_versions("TLSv1.1"), Err(TlsError::Protocol(word)) if word == "TLSv1.1"));
    }

    #[test]
    fn a_certificate_is_needed() {
        let error = TlsServer::load(&ServerSettings::default()).err().expect("no certificate");
        assert!(matches!(error, TlsError::NotConfigured("tls-cert-file")));
    }
}
