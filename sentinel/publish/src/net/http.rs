//! HTTP/1.1 as far as the key-value stores need it: one request at a time, small bodies, no redirects, no proxies, no cookies.
//!
//! Built on hyper's connection alone: a general client would bring five times as many packages.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;

use super::dial::unreachable;
use super::{Dialer, Effect, Endpoint, Endpoints, Failed, IDLE_MAX, Idle, Patience, Stream, TlsFiles, Turns};
use crate::{SettingsError, TargetError};

/// Longest body of an answer: the longest value that any of the stores takes unless told (1.5 MiB in etcd), in base64, and what stands
/// around it. A record is much shorter, but what others left in its place has to be told from nonsense.
pub(crate) const BODY_MAX: usize = 4 * 1024 * 1024;
/// Longest head of an answer; that of these servers is a few hundred bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Lines of that head.
const HEADERS_MAX: usize = 64;
/// Bytes of a text from a server that are shown to people.
const SHOWN_MAX: usize = 200;

/// A request.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Path and query, percent-encoded.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// JSON, or nothing.
    pub(crate) body: String,
    pub(crate) effect: Effect,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) who: String,
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as text for people: its beginning, without control characters.
    pub(crate) fn shown(&self) -> String {
        shown(&self.body)
    }

    /// An error for an answer that makes no sense.
    pub(crate) fn nonsense(&self, reason: impl std::fmt::Display) -> TargetError {
        TargetError::Protocol { who: self.who.clone(), reason: reason.to_string() }
    }
}

/// The beginning of a text from outside, without control characters.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_MAX)]);
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A client of the servers of one target.
pub(crate) struct Http {
    turns: Turns,
    dialer: Dialer,
    idle: Idle<Open>,
}

type Mover = http1::Connection<TokioIo<Box<dyn Stream>>, String>;

struct Open {
    sender: SendRequest<String>,
    /// What moves the bytes; it is polled only while a request is under way.
    mover: Pin<Box<Mover>>,
}

impl Http {
    pub(crate) fn new(endpoints: Endpoints, tls: Option<TlsFiles>, patience: Patience) -> Result<Self, SettingsError> {
        let dialer = Dialer::new(&endpoints, tls, patience)?;
        Ok(Self { turns: Turns::new(endpoints), dialer, idle: Idle::new() })
    }

    /// Sends a request to one server after the other until `understand` has made something of an answer.
    pub(crate) async fn ask<T>(
        &self,
        call: &Call,
        understand: impl Fn(&Answer) -> Result<T, TargetError>,
    ) -> Result<T, TargetError> {
        let attempt = async |at: usize, endpoint: &Endpoint| {
            let answer = self.attempt(at, endpoint, call).await?;
            if answer.status.is_redirection() {
                return Err(Failed::sent(call.effect, answer.nonsense("a redirection, which is not followed")));
            }
            understand(&answer).map_err(|error| Failed::sent(call.effect, error))
        };
        self.turns.take(attempt).await
    }

    async fn attempt(&self, at: usize, endpoint: &Endpoint, call: &Call) -> Result<Answer, Failed> {
        let request = || request(endpoint, call).map_err(Failed::unsent);
        if let Some(mut open) = self.take_idle(at).await {
            let result = self.exchange(endpoint, &mut open, request()?).await;
            match result {
                Ok(answer) => return Ok(self.keep(at, open, answer)),
                // The server may have closed it at this moment: a read is worth another connection.
                Err(TargetError::Unreachable { .. }) if call.effect == Effect::Read => {}
                Err(error) => return Err(Failed::sent(call.effect, error)),
            }
        }
        let mut open = self.open(endpoint).await.map_err(Failed::unsent)?;
        let answer = self.exchange(endpoint, &mut open, request()?).await;
        let answer = answer.map_err(|error| Failed::sent(call.effect, error))?;
        Ok(self.keep(at, open, answer))
    }

    fn keep(&self, at: usize, open: Open, answer: Answer) -> Answer {
        self.idle.put(at, open, IDLE_MAX);
        answer
    }

    /// A connection from before with this server that is still open.
    async fn take_idle(&self, at: usize) -> Option<Open> {
        let mut open = self.idle.take(at)?;
        let is_over = poll_fn(|context| Poll::Ready(open.mover.as_mut().poll(context).is_ready())).await;
        (!is_over && open.sender.is_ready()).then_some(open)
    }

    async fn open(&self, endpoint: &Endpoint) -> Result<Open, TargetError> {
        let stream = TokioIo::new(self.dialer.dial(endpoint).await?);
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
        let opened = builder.handshake(stream).await;
        let (sender, mover) = opened.map_err(|error| unreachable(endpoint, &error))?;
        Ok(Open { sender, mover: Box::pin(mover) })
    }

    async fn exchange(
        &self,
        endpoint: &Endpoint,
        open: &mut Open,
        request: Request<String>,
    ) -> Result<Answer, TargetError> {
        let Open { sender, mover } = open;
        let mut work = pin!(answer(endpoint, sender, request));
        let both = async {
            tokio::select! {
                biased;
                answer = &mut work => answer,
                // With the connection gone, what has arrived of the answer, or the error, is there at once.
                _over = mover.as_mut() => work.await,
            }
        };
        self.dialer.within_request(endpoint, both).await
    }
}

async fn answer(
    endpoint: &Endpoint,
    sender: &mut SendRequest<String>,
    request: Request<String>,
) -> Result<Answer, TargetError> {
    let response = sender.send_request(request).await.map_err(|error| failure(endpoint, &error))?;
    let status = response.status();
    let body = collect(endpoint, response.into_body()).await?;
    Ok(Answer { who: endpoint.to_string(), status, body })
}

/// Reads a body up to the limit.
async fn collect(endpoint: &Endpoint, mut body: Incoming) -> Result<Vec<u8>, TargetError> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|error| failure(endpoint, &error))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > BODY_MAX {
            let reason = format!("more than {BODY_MAX} bytes");
            return Err(TargetError::Protocol { who: endpoint.to_string(), reason });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Tells what is no HTTP from connections that were lost.
fn failure(endpoint: &Endpoint, error: &hyper::Error) -> TargetError {
    if error.is_parse() {
        return TargetError::Protocol { who: endpoint.to_string(), reason: error.to_string() };
    }
    match std::error::Error::source(error) {
        Some(cause) => unreachable(endpoint, &format_args!("{error}: {cause}")),
        None => unreachable(endpoint, error),
    }
}

fn request(endpoint: &Endpoint, call: &Call) -> Result<Request<String>, TargetError> {
    let mut request = Request::new(call.body.clone());
    let unsendable = |reason: String| TargetError::Unpublishable { reason };
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = call.path.parse().map_err(|error| unsendable(format!("the path of a request: {error}")))?;
    let headers = request.headers_mut();
    *headers = call.headers.clone();
    let host = HeaderValue::from_str(&endpoint.to_string()).map_err(|error| unsendable(error.to_string()))?;
    headers.insert(HOST, host);
    if !call.body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(request)
}
