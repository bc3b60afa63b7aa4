//! All sockets on which connections arrive, as they are configured.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bongsu_process::listen::{self, ListenError};
use bongsu_process::tls::TlsError;
use rustls::ServerConfig;

use super::listen::{Endpoint, Listener};
use super::poll::Watch;
use crate::config::{Config, Directive, Refused};
use crate::info::Listening;

/// Tokens from this one on are listeners; connections are numbered from zero.
pub(crate) const LISTENERS: u64 = 1 << 32;

/// Why the server cannot listen as configured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("{0}")]
    Socket(#[from] ListenError),
    #[error("A listening socket cannot be watched: {0}")]
    Watch(#[from] io::Error),
    #[error("Failed to configure TLS: {0}")]
    Tls(#[from] TlsError),
    #[error("Configured to not listen anywhere, exiting.")]
    Nowhere,
}

/// All of them.
pub(crate) struct Listeners {
    watch: Watch,
    open: Vec<(u64, Listener)>,
    next_token: u64,
}

/// What a port is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Port {
    Plain,
    Tls,
}

impl Port {
    const BOTH: [Self; 2] = [Self::Plain, Self::Tls];

    const fn directive(self) -> Directive {
        match self {
            Self::Plain => Directive::Port,
            Self::Tls => Directive::TlsPort,
        }
    }

    const fn is_of(self, listener: &Listener) -> bool {
        matches!((self, listener), (Self::Plain, Listener::Tcp(_)) | (Self::Tls, Listener::Tls(..)))
    }
}

impl Listeners {
    /// None yet.
    pub(crate) const fn new(watch: Watch) -> Self {
        Self { watch, open: Vec::new(), next_token: LISTENERS }
    }

    /// One more, wherever that is configured.
    pub(crate) fn add(&mut self, endpoint: Endpoint, config: &Config) -> io::Result<()> {
        self.keep(Listener::bind(endpoint, backlog(config))?)
    }

    /// Opens all that is configured.
    pub(crate) fn open(&mut self, config: &Config) -> Result<(), OpenError> {
        for port in Port::BOTH {
            self.open_port(port, config)?;
        }
        if let Some(path) = config.path(Directive::Unixsocket) {
            let mode = u32::try_from(config.integer(Directive::Unixsocketperm)).unwrap_or(0);
            let socket = listen::unix(&path, mode, backlog(config))?;
            self.keep(Listener::Unix(socket, path))?;
        }
        if self.open.is_empty() { Err(OpenError::Nowhere) } else { Ok(()) }
    }

    /// Brings changed directives into effect. Where the same port may be in use on other addresses, it is closed first.
    pub(crate) fn adjust(&mut self, config: &Config, changed: &[Directive]) -> Result<(), Refused> {
        let refused = |directive, reason: &str, error: &dyn fmt::Display| {
            let cause = format!("Warning: {error}");
            Refused { directive, reason: reason.to_owned(), cause }
        };
        for directive in changed {
            match directive {
                Directive::Port | Directive::TlsPort => {
                    let port = if *directive == Directive::Port { Port::Plain } else { Port::Tls };
                    self.reopen(port, config).map_err(|error| match error {
                        OpenError::Tls(error) => refused(*directive, TLS_FAILED, &error),
                        error => refused(*directive, "Unable to listen on this port. Check server logs.", &error),
                    })?;
                }
                Directive::Bind => {
                    let reopened = Port::BOTH.into_iter().try_for_each(|port| self.reopen(port, config));
                    reopened.map_err(|error| refused(*directive, "Failed to bind to specified addresses.", &error))?;
                }
                directive if is_of_tls(*directive) && config.integer(Directive::TlsPort) != 0 => {
                    self.renew_tls(config).map_err(|error| refused(*directive, TLS_FAILED, &error))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The set of sockets that the loop waits for.
    pub(crate) const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The one that an event is for.
    pub(crate) fn get(&self, token: u64) -> Option<&Listener> {
        self.open.iter().find(|(own, _)| *own == token).map(|(_, listener)| listener)
    }

    /// Where they listen.
    pub(crate) fn describe(&self) -> Vec<Listening> {
        self.open.iter().map(|(_, listener)| listener.describe()).collect()
    }

    /// Where those listen that have addresses.
    pub(crate) fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.open.iter().filter_map(|(_, listener)| listener.local_addr())
    }

    /// Whether to be told of connections that arrive.
    pub(crate) fn listen(&self, on: bool) {
        for (token, listener) in &self.open {
            // One that cannot be changed goes on as it was.
            let _ = self.watch.set(listener, *token, on);
        }
    }

    fn keep(&mut self, listener: Listener) -> io::Result<()> {
        self.watch.add(&listener, self.next_token)?;
        self.open.push((self.next_token, listener));
        self.next_token += 1;
        Ok(())
    }

    fn reopen(&mut self, port: Port, config: &Config) -> Result<(), OpenError> {
        self.open.retain(|(_, listener)| !port.is_of(listener));
        self.open_port(port, config)
    }

    fn open_port(&mut self, port: Port, config: &Config) -> Result<(), OpenError> {
        let Ok(number @ 1..) = u16::try_from(config.integer(port.directive())) else { return Ok(()) };
        let tls = match port {
            Port::Plain => None,
            Port::Tls => Some(Arc::new(config.tls_files().load()?)),
        };
        let addresses: Vec<String> = config.list(Directive::Bind).collect();
        for socket in listen::tcp_all(&addresses, number, backlog(config))? {
            self.keep(match &tls {
                None => Listener::Tcp(socket),
                Some(tls) => Listener::Tls(socket, Arc::clone(tls)),
            })?;
        }
        Ok(())
    }

    /// Reads certificates and keys again. Connections that are there go on with what they have.
    fn renew_tls(&mut self, config: &Config) -> Result<(), TlsError> {
        let fresh: Arc<ServerConfig> = Arc::new(config.tls_files().load()?);
        for (_, listener) in &mut self.open {
            if let Listener::Tls(_, tls) = listener {
                *tls = Arc::clone(&fresh);
            }
        }
        Ok(())
    }
}

const TLS_FAILED: &str = "Unable to update TLS configuration. Check server logs.";

fn backlog(config: &Config) -> i32 {
    i32::try_from(config.size(Directive::TcpBacklog)).unwrap_or(i32::MAX)
}

const fn is_of_tls(directive: Directive) -> bool {
    matches!(
        directive,
        Directive::TlsCertFile
            | Directive::TlsKeyFile
            | Directive::TlsKeyFilePass
            | Directive::TlsCaCertFile
            | Directive::TlsCaCertDir
            | Directive::TlsProtocols
            | Directive::TlsAuthClients
    )
}
