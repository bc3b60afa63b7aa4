//! TLS for clients, with files that are read anew when they change.

use std::cell::RefCell;
use std::sync::Arc;

use bongsu_process::tls::{ServerFiles, Stamps, TlsError};
use tokio_rustls::TlsAcceptor;

use crate::config::ServerSettings;

/// The server side of TLS.
pub(in crate::front) struct TlsServer {
    files: ServerFiles,
    current: RefCell<Loaded>,
}

struct Loaded {
    acceptor: TlsAcceptor,
    stamps: Stamps,
}

impl TlsServer {
    /// Reads all files.
    pub(super) fn load(settings: &ServerSettings) -> Result<Self, TlsError> {
        let files = files(settings);
        let stamps = files.stamps();
        let acceptor = TlsAcceptor::from(Arc::new(files.load()?));
        Ok(Self { files, current: RefCell::new(Loaded { acceptor, stamps }) })
    }

    /// For one more connection. Files that have changed since they were read are read again; if they cannot be used, what
    /// was read last goes on being used and the error is given once.
    pub(in crate::front) fn acceptor(&self) -> (TlsAcceptor, Result<(), TlsError>) {
        let stamps = self.files.stamps();
        let mut current = self.current.borrow_mut();
        let mut outcome = Ok(());
        if stamps != current.stamps {
            current.stamps = stamps;
            match self.files.load() {
                Ok(config) => current.acceptor = TlsAcceptor::from(Arc::new(config)),
                Err(error) => outcome = Err(error),
            }
        }
        (current.acceptor.clone(), outcome)
    }
}

fn files(settings: &ServerSettings) -> ServerFiles {
    ServerFiles {
        cert: settings.tls_cert_file.clone(),
        key: settings.tls_key_file.clone(),
        has_key_pass: settings.tls_key_file_pass.is_some(),
        ca_file: settings.tls_ca_cert_file.clone(),
        ca_dir: settings.tls_ca_cert_dir.clone(),
        protocols: settings.tls_protocols.clone().unwrap_or_default(),
        clients: settings.tls_auth_clients.into(),
    }
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
