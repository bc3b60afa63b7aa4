//! The side of TLS that makes connections.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::{Stamps, TlsError, authorities, certificates, private_key, protocol_versions, provider};

/// What the client side of TLS is made of. The other side's certificate must come from the authorities; its name is not checked,
/// since nodes are known by addresses, which certificates rarely hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClientFiles {
    /// What is presented: `tls-client-cert-file`, else `tls-cert-file`.
    pub cert: Option<PathBuf>,
    /// `tls-client-key-file`, else `tls-key-file`.
    pub key: Option<PathBuf>,
    /// `tls-client-key-file-pass` is given.
    pub has_key_pass: bool,
    /// `tls-ca-cert-file`.
    pub ca_file: Option<PathBuf>,
    /// `tls-ca-cert-dir`.
    pub ca_dir: Option<PathBuf>,
    /// `tls-protocols`.
    pub protocols: String,
}

impl ClientFiles {
    /// What tells whether any of them has changed.
    pub fn stamps(&self) -> Stamps {
        Stamps::of([&self.cert, &self.key, &self.ca_file, &self.ca_dir].map(Option::as_ref))
    }

    /// Reads all of them.
    ///
    /// # Errors
    /// [`TlsError`] with the first that cannot be used.
    pub fn load(&self) -> Result<ClientConfig, TlsError> {
        if self.has_key_pass {
            return Err(TlsError::EncryptedKey("tls-client-key-file-pass"));
        }
        let provider = provider();
        let roots = authorities(self.ca_file.as_deref(), self.ca_dir.as_deref())?;
        let verifier = Arc::new(ChainOnly { roots, provider: Arc::clone(&provider) });
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&protocol_versions(&self.protocols)?)
            .map_err(|error| TlsError::Rejected(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let (Some(cert), Some(key)) = (&self.cert, &self.key) else { return Ok(builder.with_no_client_auth()) };
        builder
            .with_client_auth_cert(certificates(cert)?, private_key(key)?)
            .map_err(|error| TlsError::Certificate { path: cert.clone(), reason: error.to_string() })
    }
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
