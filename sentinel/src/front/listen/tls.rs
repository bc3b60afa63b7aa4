//! TLS for clients, with files that are read anew when they change.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::TlsAcceptor;

use crate::config::{ServerSettings, TlsAuthClients};
use crate::tls::{self, Stamps, TlsError};

/// The server side of TLS.
pub(in crate::front) struct TlsServer {
    settings: ServerSettings,
    current: RefCell<Loaded>,
}

struct Loaded {
    acceptor: TlsAcceptor,
    stamps: Stamps,
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

fn stamps(settings: &ServerSettings) -> Stamps {
    let files =
        [&settings.tls_cert_file, &settings.tls_key_file, &settings.tls_ca_cert_file, &settings.tls_ca_cert_dir];
    Stamps::of(files.map(Option::as_ref))
}

fn server_config(settings: &ServerSettings) -> Result<ServerConfig, TlsError> {
    let cert_file = settings.tls_cert_file.as_deref().ok_or(TlsError::NotConfigured("tls-cert-file"))?;
    let key_file = settings.tls_key_file.as_deref().ok_or(TlsError::NotConfigured("tls-key-file"))?;
    if settings.tls_key_file_pass.is_some() {
        return Err(TlsError::EncryptedKey("tls-key-file-pass"));
    }
    let (chain, key) = (tls::certificates(cert_file)?, tls::private_key(key_file)?);
    let provider = tls::provider();
    let versions = tls::protocol_versions(settings)?;
    let rejected = |error: &dyn std::fmt::Display| TlsError::Rejected(error.to_string());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .map_err(|error| rejected(&error))?;
    let builder = match settings.tls_auth_clients {
        TlsAuthClients::No => builder.with_no_client_auth(),
        required => {
            let roots = Arc::new(tls::authorities(settings)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            let optional = required == TlsAuthClients::Optional;
            let verifier = if optional { verifier.allow_unauthenticated() } else { verifier };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| rejected(&error))?)
        }
    };
    builder
        .with_single_cert(chain, key)
        .map_err(|error| TlsError::Certificate { path: cert_file.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_needed() {
        let error = TlsServer::load(&ServerSettings::default()).err().expect("no certificate");
        assert!(matches!(error, TlsError::NotConfigured("tls-cert-file")));
    }
}
