//! The checks over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Query, State as Shelf};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use bongsu_process::log::Log;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::judge::{Judgement, Reason, judge, role_name};
use super::question::{PATHS, Question};
use super::state::State;
use super::watch::Shared;
use crate::report::whole_millis;
use crate::sentinels::Named;
use crate::{Endpoint, RoleName};

/// Connections at a time; more wait. Each costs some kilobytes, and a check takes microseconds.
const CONNECTIONS_MAX: usize = 512;
/// Most bytes of a request's head: a check is a line and a few headers. The library takes no smaller limit.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Most headers of a request.
const HEADERS_MAX: usize = 64;
/// Time for a head to arrive, and for which a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest life of a connection, so that nobody who does not read keeps one for ever.
const CONNECTION_LIFETIME_MAX: Duration = Duration::from_secs(600);
/// Pause after an accept that failed: most likely there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections for ever.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>, log: Option<Log>) {
    let methods = MethodFilter::GET.or(MethodFilter::HEAD).or(MethodFilter::OPTIONS);
    let router = PATHS.into_iter().fold(Router::new(), |router, path| router.route(path, on(methods, answer)));
    let service = TowerToHyperService::new(router.fallback(no_such_check).with_state(shared));
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (service, log) = (service.clone(), log.clone());
        tokio::spawn(async move {
            // Whoever breaks the protocol or goes away has nobody left to tell.
            let _ended = timeout(CONNECTION_LIFETIME_MAX, converse(stream, peer, service, log)).await;
            drop(permit);
        });
    }
}

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    service: TowerToHyperService<Router>,
    log: Option<Log>,
) -> Result<(), hyper::Error> {
    let logged = service_fn(move |request: hyper::Request<Incoming>| {
        let line =
            log.clone().map(|log| (log, Instant::now(), format!("{peer} {} {}", request.method(), request.uri())));
        let answering = service.call(request);
        async move {
            let response = answering.await?;
            if let Some((log, start, line)) = line {
                let (status, took) = (response.status().as_u16(), start.elapsed().as_micros());
                log.notice(format_args!("{line} {status} {took} us"));
            }
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    http.serve_connection(TokioIo::new(stream), logged).await
}

async fn no_such_check(uri: Uri) -> Response {
    refuse(StatusCode::NOT_FOUND, &format!("there is no check '{}'", uri.path()))
}

async fn answer(
    Shelf(shared): Shelf<Arc<Shared>>,
    method: Method,
    uri: Uri,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Response {
    let pairs = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let question = match Question::parse(uri.path(), pairs) {
        Ok(question) => question,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let now = Instant::now();
    let (pass, body) = {
        let state = shared.state();
        let judgement = judge(&state, &question, now);
        (judgement.pass, document(&shared, &state, uri.path(), judgement, now))
    };
    let status = if pass { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if method == Method::OPTIONS { status.into_response() } else { json(status, body) }
}

fn json(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body).into_response()
}

fn refuse(status: StatusCode, message: &str) -> Response {
    json(status, serde_json::json!({ "message": message }).to_string())
}

/// The body of an answer.
#[derive(Serialize)]
struct Document<'a> {
    check: &'a str,
    pass: bool,
    message: String,
    reason: Reason,
    node: NodeDocument<'a>,
    group: Option<GroupDocument<'a>>,
}

#[derive(Serialize)]
struct NodeDocument<'a> {
    endpoint: &'a Endpoint,
    role: Option<RoleName>,
    /// Since the node was asked for what is told here.
    age_ms: Option<u64>,
    /// How it answers `PING`, if with an error.
    ping_refused: Option<&'a str>,
    lag_bytes: Option<u64>,
    lag_ms: Option<u64>,
}

#[derive(Serialize)]
struct GroupDocument<'a> {
    name: &'a str,
    /// Whom a majority names under the newest epoch.
    named: Option<Named>,
    /// Sentinels whose answers count.
    answering: usize,
    known_sentinels: usize,
    /// For how long an answer counts.
    fresh_ms: u64,
}

fn document(shared: &Shared, state: &State, check: &str, judgement: Judgement, now: Instant) -> String {
    let node = state.node.as_ref().ok();
    let group = shared.group.as_deref().map(|name| {
        let agreement = state.agreement(now);
        let fresh_ms = whole_millis(state.pace().fresh);
        let (answering, known_sentinels) = (agreement.claims.len(), agreement.voters);
        GroupDocument { name, named: agreement.named, answering, known_sentinels, fresh_ms }
    });
    let document = Document {
        check: check.trim_start_matches('/'),
        pass: judgement.pass,
        message: judgement.reason.to_string(),
        reason: judgement.reason,
        node: NodeDocument {
            endpoint: state.endpoint(),
            role: node.and_then(role_name),
            age_ms: node.map(|heard| whole_millis(heard.age(now))),
            ping_refused: node.and_then(|heard| heard.what.refused.as_deref()),
            lag_bytes: state.bytes_behind(),
            lag_ms: state.time_behind(now).map(whole_millis),
        },
        group,
    };
    // Numbers, texts and lists only: nothing in it can fail to be written.
    serde_json::to_string(&document).unwrap_or_default()
}
