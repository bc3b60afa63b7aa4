//! TLS to the servers of a target.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use bongsu_process::tls::{Stamps, TlsError, authorities, certificates, private_key, protocol_versions, provider};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::Endpoint;

/// Whom a target trusts, and what it presents: PEM files. Unlike that of data nodes, the name of a server is checked: it must
/// stand in its certificate as it stands in the endpoint. Files that change are read again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificates of the authorities.
    pub ca_file: Option<PathBuf>,
    /// A directory of such files, such as `/etc/ssl/certs`.
    pub ca_dir: Option<PathBuf>,
    /// Certificate to present, with those between it and the authority.
    pub cert: Option<PathBuf>,
    /// Its private key, not encrypted.
    pub key: Option<PathBuf>,
    /// Name to expect in the certificates of all servers, in place of that of the endpoint.
    pub server_name: Option<String>,
}

impl TlsFiles {
    fn stamps(&self) -> Stamps {
        Stamps::of([&self.ca_file, &self.ca_dir, &self.cert, &self.key].map(Option::as_ref))
    }

    fn load(&self) -> Result<TlsConnector, TlsError> {
        let roots = authorities(self.ca_file.as_deref(), self.ca_dir.as_deref())?;
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&protocol_versions("")?)
            .map_err(|error| TlsError::Rejected(error.to_string()))?
            .with_root_certificates(roots);
        let config = match (&self.cert, &self.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(cert), Some(key)) => builder
                .with_client_auth_cert(certificates(cert)?, private_key(key)?)
                .map_err(|error| TlsError::Certificate { path: cert.clone(), reason: error.to_string() })?,
            (Some(_), None) => return Err(TlsError::NotConfigured("the key of the client certificate")),
            (None, Some(_)) => return Err(TlsError::NotConfigured("the certificate of the client key")),
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

/// The files as they were last usable.
pub(super) struct Tls {
    files: TlsFiles,
    loaded: RefCell<(Stamps, TlsConnector)>,
}

impl Tls {
    pub(super) fn new(files: TlsFiles) -> Result<Self, TlsError> {
        if let Some(name) = &files.server_name {
            ServerName::try_from(name.as_str())
                .map_err(|_| TlsError::Rejected(format!("'{name}' is no name of a server")))?;
        }
        // Stamps come first: files that change while they are read are read again.
        let stamps = files.stamps();
        let connector = files.load()?;
        Ok(Self { files, loaded: RefCell::new((stamps, connector)) })
    }

    /// For one more connection. While changed files cannot be used, what was read last goes on being used.
    pub(super) fn connector(&self) -> TlsConnector {
        let stamps = self.files.stamps();
        let mut loaded = self.loaded.borrow_mut();
        if loaded.0 != stamps
            && let Ok(connector) = self.files.load()
        {
            *loaded = (stamps, connector);
        }
        loaded.1.clone()
    }

    /// The name that the certificate must have; `None` if the endpoint's is none.
    pub(super) fn server_name(&self, endpoint: &Endpoint) -> Option<ServerName<'static>> {
        let name = self.files.server_name.as_deref().unwrap_or_else(|| endpoint.host());
        ServerName::try_from(name.to_owned()).ok()
    }
}
