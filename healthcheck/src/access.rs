//! How a node is reached: credentials, TLS, and the limits of a connection.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    ProtocolVersion, RedisConnectionInfo, RedisError, TlsCertificates,
};
use thiserror::Error;
use tokio::time::timeout;

use crate::Endpoint;

/// What a connection needs beside the address.
#[derive(Clone, Default)]
pub struct Access {
    /// ACL user; `None` is the default user.
    pub username: Option<String>,
    /// Password of that user; `None` sends no `AUTH`.
    pub password: Option<String>,
    /// Set if the node is to be spoken to over TLS.
    pub tls: Option<Tls>,
}

/// Certificates in PEM form.
#[derive(Clone, Default)]
pub struct Tls {
    /// Authorities that may have signed the node's certificate; `None` trusts those of the system.
    pub ca: Option<Vec<u8>>,
    /// Certificate and key to show to the node, if it asks for one.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Nothing came back in time.
    #[error("no answer within {} ms", limit.as_millis())]
    NoAnswer {
        /// The limit that passed.
        limit: Duration,
    },
    /// The network, TLS or the node refused.
    #[error(transparent)]
    Refused(#[from] RedisError),
}

/// Connects to `endpoint`, speaking RESP2; the connection and every request on it fail after `limit`.
pub async fn connect(
    endpoint: &Endpoint,
    access: &Access,
    limit: Duration,
) -> Result<MultiplexedConnection, ConnectError> {
    let client = client(endpoint, access, ProtocolVersion::RESP2)?;
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(limit)).set_response_timeout(Some(limit));
    // The handshake (HELLO, AUTH) is part of connecting here but not for the crate's own limit.
    timeout(limit, client.get_multiplexed_async_connection_with_config(&config))
        .await
        .map_err(|_elapsed| ConnectError::NoAnswer { limit })?
        .map_err(ConnectError::Refused)
}

/// The `redis` crate's client of `endpoint`, with all that `access` says, for connections that [`connect`] does not make.
pub fn client(endpoint: &Endpoint, access: &Access, protocol: ProtocolVersion) -> Result<Client, RedisError> {
    let info = connect_info(endpoint, access, protocol)?;
    let Some(tls) = &access.tls else { return Client::open(info) };
    let client_tls = tls.client.clone().map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key });
    Client::build_with_tls(info, TlsCertificates { client_tls, root_cert: tls.ca.clone() })
}

/// Without the certificates, which it has no room for.
fn connect_info(endpoint: &Endpoint, access: &Access, protocol: ProtocolVersion) -> Result<ConnectionInfo, RedisError> {
    let (host, port) = (endpoint.host().to_owned(), endpoint.port());
    let addr = match access.tls {
        None => ConnectionAddr::Tcp(host, port),
        Some(_) => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
    };
    // A probe leaves no trace of its library in the node's CLIENT LIST, and an old node no errors in its log.
    let mut settings = RedisConnectionInfo::default().set_protocol(protocol).set_skip_set_lib_name();
    if let Some(username) = &access.username {
        settings = settings.set_username(username);
    }
    if let Some(password) = &access.password {
        settings = settings.set_password(password);
    }
    Ok(addr.into_connection_info()?.set_redis_settings(settings))
}
