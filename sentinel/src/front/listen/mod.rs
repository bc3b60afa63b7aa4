//! Listening sockets. Binding is apart from serving: a second process on the same port must fail before it has touched the
//! configuration of the first.

mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;

use bongsu_process::listen::{self, ListenError};
use bongsu_protocol::acl::Acl;
use tokio::net::{TcpListener, UnixListener};

use super::users::{self, UsersError};
use crate::config::Settings;

pub(super) use tls::TlsServer;

/// All sockets that clients connect to, and who may use them.
pub struct Listeners {
    pub(super) tcp: Vec<TcpListener>,
    pub(super) tls: Vec<TcpListener>,
    pub(super) tls_server: Option<TlsServer>,
    pub(super) unix: Option<UnixSocket>,
    pub(super) descriptions: Vec<String>,
    pub(super) acl: Acl,
}

/// A Unix socket, removed from the file system when it is no longer used.
pub(super) struct UnixSocket {
    pub(super) listener: UnixListener,
    pub(super) path: PathBuf,
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        // Best effort: the next start removes a stale socket itself.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Why the sentinel cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A socket cannot be opened.
    #[error(transparent)]
    Socket(#[from] ListenError),
    /// A socket that is open cannot be used.
    #[error("A listening socket cannot be watched: {0}")]
    Watch(#[from] std::io::Error),
    /// Certificates or keys cannot be used.
    #[error("Failed to configure TLS: {0}")]
    Tls(#[from] TlsError),
    /// No port and no path is configured, or no address was available.
    #[error("Configured to not listen anywhere")]
    Nowhere,
    /// The users of the configuration cannot be used.
    #[error(transparent)]
    Users(#[from] UsersError),
}

pub use bongsu_process::tls::TlsError;

/// Reads the users and opens everything that `settings` ask for. Must be called inside the runtime that will serve.
///
/// # Errors
/// [`BindError`]; sockets that were opened already are closed.
pub fn bind(settings: &Settings) -> Result<Listeners, BindError> {
    let server = &settings.server;
    let acl = users::load(settings)?;
    let backlog = i32::try_from(server.tcp_backlog).unwrap_or(i32::MAX);
    let mut listeners =
        Listeners { tcp: Vec::new(), tls: Vec::new(), tls_server: None, unix: None, descriptions: Vec::new(), acl };
    if server.port != 0 {
        listeners.tcp = tcp(&server.bind, server.port, backlog)?;
        listeners.describe("tcp", &server.bind, server.port);
    }
    if server.tls_port != 0 {
        listeners.tls_server = Some(TlsServer::load(server)?);
        listeners.tls = tcp(&server.bind, server.tls_port, backlog)?;
        listeners.describe("tls", &server.bind, server.tls_port);
    }
    if let Some(path) = &server.unixsocket {
        let listener = UnixListener::from_std(listen::unix(path, server.unixsocketperm.0, backlog)?)?;
        listeners.unix = Some(UnixSocket { listener, path: path.clone() });
        listeners.descriptions.push(format!("name=unix,bind={}", path.display()));
    }
    let anywhere = !listeners.tcp.is_empty() || !listeners.tls.is_empty() || listeners.unix.is_some();
    if anywhere { Ok(listeners) } else { Err(BindError::Nowhere) }
}

fn tcp(words: &[String], port: u16, backlog: i32) -> Result<Vec<TcpListener>, BindError> {
    let listeners = listen::tcp_all(words, port, backlog)?.into_iter();
    Ok(listeners.map(TcpListener::from_std).collect::<std::io::Result<_>>()?)
}

impl Listeners {
    /// The addresses of the plain TCP sockets; with port 0 in a test these tell the port chosen.
    pub fn tcp_addrs(&self) -> Vec<SocketAddr> {
        self.tcp.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// A line of `INFO server`.
    fn describe(&mut self, name: &str, bind: &[String], port: u16) {
        let addresses: String = bind.iter().map(|address| format!(",bind={address}")).collect();
        self.descriptions.push(format!("name={name}{addresses},port={port}"));
    }
}
