//! Connections, with or without TLS.
//!
//! Host names are looked up by the system's resolver in tokio's pool of blocking threads, never on the thread of the events. A
//! look-up that hangs holds a thread of that pool until the system gives up; the caller has gone on long before.

use std::future::Future;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::tls::Tls;
use super::{Endpoint, Endpoints, Patience, TlsFiles};
use crate::{SettingsError, TargetError};

/// A connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// Makes connections.
pub(crate) struct Dialer {
    tls: Option<Tls>,
    patience: Patience,
}

impl Dialer {
    /// Reads the files of TLS if there are any.
    pub(crate) fn new(endpoints: &Endpoints, tls: Option<TlsFiles>, patience: Patience) -> Result<Self, SettingsError> {
        let speaks_tls = endpoints.as_slice().iter().find(|endpoint| endpoint.is_tls());
        if let (None, Some(endpoint)) = (&tls, speaks_tls) {
            return Err(SettingsError::NoAuthority { endpoint: endpoint.to_string() });
        }
        Ok(Self { tls: tls.map(Tls::new).transpose()?, patience })
    }

    /// Connects, within the limit for that.
    pub(crate) async fn dial(&self, endpoint: &Endpoint) -> Result<Box<dyn Stream>, TargetError> {
        within(endpoint, self.patience.connect(), self.connect(endpoint)).await
    }

    /// Waits for `work` as long as connecting may take.
    pub(crate) async fn within_connect<T>(
        &self,
        endpoint: &Endpoint,
        work: impl Future<Output = Result<T, TargetError>>,
    ) -> Result<T, TargetError> {
        within(endpoint, self.patience.connect(), work).await
    }

    /// Waits for `work` as long as one request may take.
    pub(crate) async fn within_request<T>(
        &self,
        endpoint: &Endpoint,
        work: impl Future<Output = Result<T, TargetError>>,
    ) -> Result<T, TargetError> {
        within(endpoint, self.patience.request(), work).await
    }

    async fn connect(&self, endpoint: &Endpoint) -> Result<Box<dyn Stream>, TargetError> {
        let lost = |error: std::io::Error| unreachable(endpoint, &error);
        let stream = TcpStream::connect((endpoint.host(), endpoint.port())).await.map_err(lost)?;
        stream.set_nodelay(true).map_err(lost)?;
        let Some(tls) = self.tls.as_ref().filter(|_| endpoint.is_tls()) else { return Ok(Box::new(stream)) };
        let name = tls.server_name(endpoint);
        let name = name.ok_or_else(|| unreachable(endpoint, &"its name cannot stand in a certificate"))?;
        Ok(Box::new(tls.connector().connect(name, stream).await.map_err(lost)?))
    }
}

/// An error of connecting or of a connection.
pub(super) fn unreachable(endpoint: &Endpoint, reason: &dyn std::fmt::Display) -> TargetError {
    TargetError::Unreachable { who: endpoint.to_string(), reason: reason.to_string() }
}

async fn within<T>(
    endpoint: &Endpoint,
    limit: Duration,
    work: impl Future<Output = Result<T, TargetError>>,
) -> Result<T, TargetError> {
    let late = |_| TargetError::Timeout { who: endpoint.to_string(), limit };
    timeout(limit, work).await.map_err(late)?
}
