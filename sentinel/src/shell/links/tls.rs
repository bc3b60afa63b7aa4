//! TLS on outgoing links (`tls-replication yes`).
//!
//! As with Sentinel the other side's certificate must come from the configured authorities; its name is not checked, since
//! nodes are known by addresses that certificates rarely hold.

use std::path::Path;
use std::sync::Arc;

use bongsu_sentinel_core::LinkFailure;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

use crate::shell::{Shell, options};

/// What keeps TLS from being set up.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("no tls-ca-cert-file or tls-ca-cert-dir is configured")]
    NoAuthorities,
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
    #[error(transparent)]
    Config(#[from] Error),
}

pub(super) fn connector(shell: &Shell) -> Result<TlsConnector, TlsError> {
    let mut cached = shell.0.links.tls.borrow_mut();
    let config = match cached.as_ref() {
        Some(config) => Arc::clone(config),
        None => Arc::clone(cached.insert(Arc::new(build(&options::link_tls(&shell.settings()))?))),
    };
    Ok(TlsConnector::from(config))
}

/// The name for SNI; an address where there is none.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, LinkFailure> {
    ServerName::try_from(host.to_owned()).map_err(|_| LinkFailure::Rejected)
}

fn build(files: &options::TlsFiles) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = authorities(files)?;
    let verifier = Arc::new(ChainOnly { roots, provider: Arc::clone(&provider) });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let (Some(cert), Some(key)) = (&files.cert, &files.key) else { return Ok(builder.with_no_client_auth()) };
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| file_error(key, &error))?;
    builder.with_client_auth_cert(certificates(cert)?, key).map_err(|error| file_error(cert, &error))
}

fn authorities(files: &options::TlsFiles) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &files.ca_file {
        roots.add_parsable_certificates(certificates(path)?);
    }
    if let Some(dir) = &files.ca_dir {
        let entries = std::fs::read_dir(dir).map_err(|error| file_error(dir, &error))?;
        for entry in entries.flatten() {
            // The directory holds links, lists and the like beside certificates.
            roots.add_parsable_certificates(certificates(&entry.path()).unwrap_or_default());
        }
    }
    if roots.is_empty() { Err(TlsError::NoAuthorities) } else { Ok(roots) }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| file_error(path, &error))
}

fn file_error(path: &Path, error: &dyn std::fmt::Display) -> TlsError {
    TlsError::File { path: path.display().to_string(), reason: error.to_string() }
}

/// Checks the chain but not the name.
#[derive(Debug)]
struct ChainOnly {
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ChainOnly {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let cert = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&cert, &self.roots, intermediates, now, algorithms)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
