//! TLS on outgoing links (`tls-replication yes`).
//!
//! As with Sentinel the other side's certificate must come from the configured authorities; its name is not checked, since
//! nodes are known by addresses that certificates rarely hold.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bongsu_process::tls::{ClientFiles, Stamps, TlsError};
use bongsu_sentinel_core::LinkFailure;
use rustls::pki_types::ServerName;
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
    let files = files(settings);
    let stamps = files.stamps();
    if let Some(loaded) = loaded {
        loaded.looked = Instant::now();
        if loaded.stamps == stamps {
            return;
        }
    }
    let old = loaded.take().and_then(|loaded| loaded.connector);
    let connector = match files.load() {
        Ok(config) => Some(TlsConnector::from(Arc::new(config))),
        Err(error) => {
            shell.0.log.warning(format_args!("TLS for links cannot be set up: {error}"));
            old
        }
    };
    *loaded = Some(Loaded { connector, stamps, looked: Instant::now() });
}

/// What links present is a certificate of their own, else that of the listener.
fn files(settings: &ServerSettings) -> ClientFiles {
    ClientFiles {
        cert: settings.tls_client_cert_file.as_ref().or(settings.tls_cert_file.as_ref()).cloned(),
        key: settings.tls_client_key_file.as_ref().or(settings.tls_key_file.as_ref()).cloned(),
        has_key_pass: settings.tls_client_key_file_pass.is_some(),
        ca_file: settings.tls_ca_cert_file.clone(),
        ca_dir: settings.tls_ca_cert_dir.clone(),
        protocols: settings.tls_protocols.clone().unwrap_or_default(),
    }
}

/// The name for SNI; an address where there is none.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, LinkFailure> {
    ServerName::try_from(host.to_owned()).map_err(|_| LinkFailure::Rejected)
}

/// Says whether links could use TLS now, if they are to.
pub(in crate::shell) fn check(settings: &ServerSettings) -> Result<(), TlsError> {
    if settings.tls_replication { files(settings).load().map(drop) } else { Ok(()) }
}
