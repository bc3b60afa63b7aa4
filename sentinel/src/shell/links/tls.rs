//! TLS on outgoing links (`tls-replication yes`).
//!
//! As with Sentinel the other side's certificate must come from the configured authorities; its name is not checked, since
//! nodes are known by addresses that certificates rarely hold.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bongsu_process::tls::{self, Stamps, TlsError};
use bongsu_sentinel_core::LinkFailure;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

use crate::config::ServerSettings;
use crate::shell::Shell;

/// How often it is looked whether files have changed. Many links may be made in that time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What links present and whom they trust, as the files last said it.
#[derive(Default)]
pub(super) struct TlsClient(RefCell<Option<Loaded>>);

struct Loaded {
    /// `None` if the files could not be used from the start.
    connector: Option<TlsConnector>,
    stamps: Stamps,
    looked: Instant,
}

/// For one more connection. Files that have changed are read again; if they cannot be used, what was read last goes on being
/// used.
pub(super) fn connector(shell: &Shell) -> Result<TlsConnector, LinkFailure> {
    let mut loaded = shell.0.links.tls.0.borrow_mut();
    let settings = shell.settings();
    if loaded.as_ref().is_none_or(|loaded| loaded.looked.elapsed() >= LOOK_AGAIN) {
        look(shell, &settings.server, &mut loaded);
    }
    loaded.as_ref().and_then(|loaded| loaded.connector.clone()).ok_or(LinkFailure::Rejected)
}

fn look(shell: &Shell, settings: &ServerSettings, loaded: &mut Option<Loaded>) {
    let stamps = stamps(settings);
    if let Some(loaded) = loaded {
        loaded.looked = Instant::now();
        if loaded.stamps == stamps {
            return;
        }
    }
    let old = loaded.take().and_then(|loaded| loaded.connector);
    let connector = match client_config(settings) {
        Ok(config) => Some(TlsConnector::from(Arc::new(config))),
        Err(error) => {
            shell.0.log.warning(format_args!("TLS for links cannot be set up: {error}"));
            old
        }
    };
    *loaded = Some(Loaded { connector, stamps, looked: Instant::now() });
}

fn stamps(settings: &ServerSettings) -> Stamps {
    let (cert, key) = identity(settings);
    Stamps::of([cert, key, settings.tls_ca_cert_file.as_ref(), settings.tls_ca_cert_dir.as_ref()])
}

/// What links present: a certificate of their own, else that of the listener.
fn identity(settings: &ServerSettings) -> (Option<&PathBuf>, Option<&PathBuf>) {
    let cert = settings.tls_client_cert_file.as_ref().or(settings.tls_cert_file.as_ref());
    (cert, settings.tls_client_key_file.as_ref().or(settings.tls_key_file.as_ref()))
}

/// The name for SNI; an address where there is none.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, LinkFailure> {
    ServerName::try_from(host.to_owned()).map_err(|_| LinkFailure::Rejected)
}

/// Says whether links could use TLS now, if they are to.
pub(in crate::shell) fn check(settings: &ServerSettings) -> Result<(), TlsError> {
    if settings.tls_replication { client_config(settings).map(drop) } else { Ok(()) }
}

/// Reads all files that links need.
fn client_config(settings: &ServerSettings) -> Result<ClientConfig, TlsError> {
    if settings.tls_client_key_file_pass.is_some() {
        return Err(TlsError::EncryptedKey("tls-client-key-file-pass"));
    }
    let provider = tls::provider();
    let roots = tls::authorities(settings.tls_ca_cert_file.as_deref(), settings.tls_ca_cert_dir.as_deref())?;
    let verifier = Arc::new(ChainOnly { roots, provider: Arc::clone(&provider) });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&tls::protocol_versions(settings.tls_protocols.as_deref().unwrap_or_default())?)
        .map_err(|error| TlsError::Rejected(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let (Some(cert), Some(key)) = identity(settings) else { return Ok(builder.with_no_client_auth()) };
    builder
        .with_client_auth_cert(tls::certificates(cert)?, tls::private_key(key)?)
        .map_err(|error| TlsError::Certificate { path: cert.clone(), reason: error.to_string() })
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
