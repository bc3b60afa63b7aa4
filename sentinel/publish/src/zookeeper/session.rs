//! A session: a connection with its handshake, on which one request at a time is made.
//!
//! Nothing that is written belongs to a session, so none is kept alive: there are no pings, and one that was not used for a while,
//! or whose connection is lost, is replaced by a new one.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};

use super::errors::Code;
use super::jute::{CutOff, Reader, Writer};
use super::request;
use super::settings::ZooKeeperUser;
use crate::TargetError;
use crate::net::{Dialer, Endpoint, IDLE_MAX, Stream};

/// How long the server is to remember an idle session. Servers answer with what they permit.
const SESSION_MS: i32 = 10_000;
/// Longest message: a node of the size that servers permit unless told (`jute.maxbuffer`), and what stands around it.
const FRAME_MAX: usize = 1024 * 1024 + 4096;
/// Number of an authentication, which is not counted with the requests.
const AUTH_XID: i32 = -4;

/// A session.
pub(super) struct Session {
    stream: Box<dyn Stream>,
    who: String,
    xid: i32,
    /// For how long it may be idle.
    idle_max: Duration,
}

/// The answer to a request: what it says, or its code.
pub(super) type Reply = Result<Vec<u8>, Code>;

impl Session {
    /// Connects, within the limits of the dialer.
    pub(super) async fn open(
        dialer: &Dialer,
        endpoint: &Endpoint,
        user: Option<&ZooKeeperUser>,
    ) -> Result<Self, TargetError> {
        let stream = dialer.dial(endpoint).await?;
        let mut me = Self { stream, who: endpoint.to_string(), xid: 0, idle_max: IDLE_MAX };
        me.send(&request::connect(SESSION_MS)).await?;
        let answer = me.receive().await?;
        let agreed = request::connected(&answer).map_err(|error| me.nonsense(error))?;
        let Some(agreed) = u64::try_from(agreed).ok().filter(|agreed| *agreed > 0) else {
            return Err(TargetError::Unavailable { who: me.who, reason: "it gives no session".to_owned() });
        };
        me.idle_max = IDLE_MAX.min(Duration::from_millis(agreed) / 2);
        if let Some(user) = user {
            let packet = request::auth(&user.name, user.password.expose());
            let reply = me.exchange(AUTH_XID, request::AUTH, &packet).await?;
            reply.map_err(|code| code.typed(&me.who))?;
        }
        Ok(me)
    }

    /// Who is on the other side.
    pub(super) fn who(&self) -> &str {
        &self.who
    }

    /// An error for an answer that makes no sense.
    pub(super) fn nonsense(&self, reason: CutOff) -> TargetError {
        TargetError::Protocol { who: self.who.clone(), reason: reason.to_string() }
    }

    /// For how long it may be idle.
    pub(super) const fn idle_max(&self) -> Duration {
        self.idle_max
    }

    /// Whether another request may be made on it: the server has neither closed the connection nor said anything.
    pub(super) async fn is_usable(&mut self) -> bool {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        let look =
            poll_fn(|context| Poll::Ready(Pin::new(&mut self.stream).poll_read(context, &mut buffer).is_pending()));
        look.await
    }

    /// Makes a request and waits for its answer.
    pub(super) async fn ask(&mut self, operation: i32, body: &Writer) -> Result<Reply, TargetError> {
        self.xid = self.xid.checked_add(1).unwrap_or(1);
        self.exchange(self.xid, operation, body).await
    }

    async fn exchange(&mut self, xid: i32, operation: i32, body: &Writer) -> Result<Reply, TargetError> {
        self.send(&Writer::default().int(xid).int(operation).append(body)).await?;
        let mut answer = self.receive().await?;
        let header = |answer: &[u8]| {
            let mut reader = Reader::new(answer);
            let (xid, _zxid, code) = (reader.int()?, reader.long()?, reader.int()?);
            Ok((xid, code))
        };
        let (answered, code) = header(&answer).map_err(|error| self.nonsense(error))?;
        if answered != xid {
            let reason = format!("an answer to request {answered} in place of {xid}");
            return Err(TargetError::Protocol { who: self.who.clone(), reason });
        }
        Ok(if code == 0 { Ok(answer.split_off(HEADER_BYTES)) } else { Err(Code(code)) })
    }

    async fn send(&mut self, message: &Writer) -> Result<(), TargetError> {
        let sent = self.stream.write_all(&message.frame()).await;
        // TLS keeps what is not flushed.
        let sent = match sent {
            Ok(()) => self.stream.flush().await,
            error => error,
        };
        sent.map_err(|error| self.lost(&error))
    }

    async fn receive(&mut self) -> Result<Vec<u8>, TargetError> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).await.map_err(|error| self.lost(&error))?;
        let claimed = i32::from_be_bytes(length);
        let Some(length) = usize::try_from(claimed).ok().filter(|length| *length <= FRAME_MAX) else {
            let reason = format!("a message of {claimed} bytes");
            return Err(TargetError::Protocol { who: self.who.clone(), reason });
        };
        // Memory is taken for what has come, not for what is claimed.
        let mut message = Vec::new();
        let mut limited = (&mut self.stream).take(length as u64);
        let read = limited.read_to_end(&mut message).await.map_err(|error| self.lost(&error))?;
        if read < length {
            return Err(self.lost(&std::io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(message)
    }

    fn lost(&self, error: &std::io::Error) -> TargetError {
        TargetError::Unreachable { who: self.who.clone(), reason: format!("ConnectionLoss: {error}") }
    }
}

/// Bytes of the header of an answer: number of the request, transaction, code.
const HEADER_BYTES: usize = 4 + 8 + 4;
