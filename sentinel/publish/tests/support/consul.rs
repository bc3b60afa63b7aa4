//! A peer that behaves as Consul's documentation of `/v1/kv` and `/v1/txn` says, for lack of a Debian package.
//!
//! One index grows with every change that is one; a pair that is set to what it holds keeps its own. `cas` with 0 means "only if there
//! is none". A transaction is checked for permissions, then applied as a whole or answered with 409 and an error for each operation
//! that failed. Values are base64, `null` if empty. Reads may block for an index beyond one that is known.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bongsu_publish::{Consul, ConsulSettings, Endpoint, Endpoints, Layout, Patience};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{LocalSet, spawn_local};

use super::http::http;
use super::ports::free_ports;

/// Longest body of a request: Consul's `txn_max_req_len`.
const BODY_MAX: usize = 512 * 1024;
const OPERATIONS_MAX: usize = 64;
const BLOCKED_MAX: Duration = Duration::from_secs(10);

/// How the peer is to behave.
#[derive(Clone, Copy, Default)]
pub(crate) struct Mood {
    /// It reads requests and answers none.
    pub(crate) is_frozen: bool,
    /// It has no leader.
    pub(crate) is_headless: bool,
    /// It asks for [`WRITER`] or [`READER`].
    pub(crate) has_acl: bool,
}

/// Token that may do everything below `bongsu/`.
pub(crate) const WRITER: &str = "b1gs35-writer";
/// Token that may read there.
pub(crate) const READER: &str = "b1gs35-reader";

/// The peer; ends with the test.
pub(crate) struct ConsulPeer {
    port: u16,
    mood: watch::Sender<Mood>,
    running: Option<(watch::Sender<bool>, JoinHandle<State>)>,
    /// What it had when it was stopped.
    kept: Option<State>,
}

#[derive(Default)]
struct State {
    index: u64,
    pairs: BTreeMap<String, Pair>,
}

#[derive(Clone)]
struct Pair {
    value: Vec<u8>,
    created: u64,
    modified: u64,
}

impl ConsulPeer {
    pub(crate) fn start() -> Self {
        let port = free_ports(1)[0];
        let mut me =
            Self { port, mood: watch::Sender::new(Mood::default()), running: None, kept: Some(State::default()) };
        me.run();
        me
    }

    /// Starts it with what it had.
    pub(crate) fn run(&mut self) {
        let (stop, mut stopped) = watch::channel(false);
        let (listens, listening) = mpsc::channel();
        let (port, mood) = (self.port, self.mood.subscribe());
        let state = self.kept.take().expect("it does not run");
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let peer = Rc::new(Peer { state: RefCell::new(state), changed: Notify::new(), mood });
            let serving = Rc::clone(&peer);
            LocalSet::new().block_on(&runtime, async move {
                let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
                listens.send(()).unwrap();
                let accept = async {
                    loop {
                        let (stream, _) = listener.accept().await.unwrap();
                        let peer = Rc::clone(&serving);
                        spawn_local(async move { peer.serve(stream).await });
                    }
                };
                tokio::select! { () = accept => {}, _ = stopped.changed() => {} }
            });
            // Whoever waits for an answer holds the peer until the tasks are gone.
            drop(runtime);
            peer.state.take()
        });
        listening.recv().unwrap();
        self.running = Some((stop, thread));
    }

    pub(crate) fn kill(&mut self) {
        let (stop, thread) = self.running.take().expect("it runs");
        drop(stop);
        self.kept = Some(thread.join().unwrap());
    }

    pub(crate) fn wipe(&mut self) {
        self.kill();
        self.kept = Some(State::default());
        self.run();
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Settings for it; with break-down.
    pub(crate) fn settings(&self) -> ConsulSettings {
        ConsulSettings {
            endpoints: Endpoints::new(vec![Endpoint::from_url(&self.url(), 8500).unwrap()]).unwrap(),
            tls: None,
            token: None,
            datacenter: None,
            namespace: None,
            partition: None,
            layout: Layout { breakdown: true, ..Layout::default() },
            patience: Patience::new(LIMIT, LIMIT).unwrap(),
        }
    }

    pub(crate) fn target(&self) -> Consul {
        Consul::new(self.settings()).unwrap()
    }

    pub(crate) fn put(&self, key: &str, value: &str) {
        let (status, body) = http(self.port, "PUT", &format!("/v1/kv/{key}"), "", value).unwrap();
        assert_eq!((status, body.trim()), (200, "true"));
    }

    /// The values of several keys at one moment; empty without a value.
    pub(crate) fn get(&self, keys: &[String]) -> Vec<String> {
        let operations: Vec<Value> = keys.iter().map(|key| json!({ "KV": { "Verb": "get", "Key": key } })).collect();
        let (status, text) = http(self.port, "PUT", "/v1/txn", "", &Value::from(operations).to_string()).unwrap();
        assert_eq!(status, 200, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        let value = |result: &Value| {
            let value = result["KV"]["Value"].as_str().unwrap_or_default();
            String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
        };
        answer["Results"].as_array().unwrap().iter().map(value).collect()
    }
}

impl Drop for ConsulPeer {
    fn drop(&mut self) {
        self.running.take();
    }
}

/// Time for a request.
pub(crate) const LIMIT: Duration = Duration::from_millis(500);

struct Peer {
    state: RefCell<State>,
    changed: Notify,
    mood: watch::Receiver<Mood>,
}

/// A request as it came.
struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    token: Option<String>,
    body: Vec<u8>,
    /// The connection is to be closed afterwards.
    is_last: bool,
}

type Answer = (u16, String);

impl Peer {
    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read(&mut stream).await {
            let mut mood = self.mood.clone();
            let mood = *mood.wait_for(|mood| !mood.is_frozen).await.unwrap();
            let (status, body) = self.answer(&request, mood).await;
            let (index, length) = (self.state.borrow().index, body.len());
            let kind = if status == 200 { "application/json" } else { "text/plain" };
            let head = format!(
                "HTTP/1.1 {status} X\r\nX-Consul-Index: {index}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
            );
            let sent = stream.write_all(format!("{head}{body}").as_bytes()).await;
            if sent.is_err() || request.is_last {
                return;
            }
        }
    }

    async fn answer(&self, request: &Request, mood: Mood) -> Answer {
        if request.query.get("dc").is_some_and(|dc| dc != "dc1") {
            return (500, "No path to datacenter".to_owned());
        }
        if request.query.contains_key("ns") || request.query.contains_key("partition") {
            return (400, "Invalid query parameter: Namespaces are a Consul Enterprise feature".to_owned());
        }
        if mood.is_headless {
            return (500, "No cluster leader".to_owned());
        }
        let token = request.token.as_deref();
        if mood.has_acl && token.is_some_and(|token| ![WRITER, READER].contains(&token)) {
            return (403, "ACL not found".to_owned());
        }
        if request.body.len() > BODY_MAX {
            return (413, format!("Request body too large, max size: {BODY_MAX} bytes"));
        }
        let may = |key: &str, is_write: bool| {
            let is_enough = token == Some(WRITER) || (!is_write && token == Some(READER));
            !mood.has_acl || (key.starts_with("bongsu/") && is_enough)
        };
        match (request.method.as_str(), request.path.strip_prefix("/v1/kv/"), request.path.as_str()) {
            ("GET", Some(key), _) if !may(key, false) => (403, "Permission denied".to_owned()),
            ("GET", Some(key), _) => self.get(key, &request.query).await,
            ("PUT", Some(key), _) if !may(key, true) => (403, "Permission denied".to_owned()),
            ("PUT", Some(key), _) => {
                let applied = self.apply(|state| state.set(key, &request.body));
                (200, applied.to_string())
            }
            ("PUT", _, "/v1/txn") => self.transaction(&request.body, &may),
            _ => (404, "404 page not found".to_owned()),
        }
    }

    async fn get(&self, key: &str, query: &BTreeMap<String, String>) -> Answer {
        if let Some(known) = query.get("index").and_then(|index| index.parse::<u64>().ok()) {
            let newer = async {
                loop {
                    let change = self.changed.notified();
                    if self.state.borrow().pairs.get(key).is_some_and(|pair| pair.modified > known) {
                        return;
                    }
                    change.await;
                }
            };
            // Without a change the answer is what there was.
            let _ = tokio::time::timeout(BLOCKED_MAX, newer).await;
        }
        let state = self.state.borrow();
        if let (true, Some(pair)) = (query.contains_key("raw"), state.pairs.get(key)) {
            return (200, String::from_utf8(pair.value.clone()).unwrap());
        }
        let is_tree = query.contains_key("recurse");
        let found = state.pairs.iter().filter(|(name, _)| *name == key || (is_tree && name.starts_with(key)));
        let shown: Vec<Value> = found.map(|(name, pair)| pair.show(name)).collect();
        if shown.is_empty() { (404, String::new()) } else { (200, Value::from(shown).to_string()) }
    }

    fn transaction(&self, body: &[u8], may: &dyn Fn(&str, bool) -> bool) -> Answer {
        let Ok(operations) = serde_json::from_slice::<Vec<Value>>(body) else {
            return (400, "Failed to parse body".to_owned());
        };
        if operations.len() > OPERATIONS_MAX {
            let count = operations.len();
            return (413, format!("Transaction contains too many operations ({count} > {OPERATIONS_MAX})"));
        }
        let errors = |errors: Vec<(usize, String)>| {
            let list: Vec<Value> =
                errors.into_iter().map(|(at, what)| json!({ "OpIndex": at, "What": what })).collect();
            (409, json!({ "Results": null, "Errors": list }).to_string())
        };
        let denied = operations.iter().enumerate().filter(|(_, operation)| {
            let operation = &operation["KV"];
            !may(operation["Key"].as_str().unwrap_or_default(), operation["Verb"] != "get")
        });
        let denied: Vec<_> = denied.map(|(at, _)| (at, "Permission denied".to_owned())).collect();
        if !denied.is_empty() {
            return errors(denied);
        }
        self.apply(|state| {
            let mut copy = State { index: state.index, pairs: state.pairs.clone() };
            copy.index += 1;
            let mut results = Vec::new();
            let mut failures = Vec::new();
            for (at, operation) in operations.iter().enumerate() {
                match copy.operate(&operation["KV"]) {
                    Ok(result) => results.push(json!({ "KV": result })),
                    Err(what) => failures.push((at, what)),
                }
            }
            if !failures.is_empty() {
                return errors(failures);
            }
            *state = copy;
            (200, json!({ "Results": results, "Errors": null }).to_string())
        })
    }

    fn apply<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state.borrow_mut());
        self.changed.notify_waiters();
        result
    }
}

impl State {
    fn set(&mut self, key: &str, value: &[u8]) -> bool {
        self.index += 1;
        self.store(key, value);
        true
    }

    /// Under the present index.
    fn store(&mut self, key: &str, value: &[u8]) {
        let index = self.index;
        let fresh = Pair { value: Vec::new(), created: index, modified: 0 };
        let pair = self.pairs.entry(key.to_owned()).or_insert(fresh);
        if pair.modified == 0 || pair.value != value {
            pair.value = value.to_vec();
            pair.modified = index;
        }
    }

    fn operate(&mut self, operation: &Value) -> Result<Value, String> {
        let key = operation["Key"].as_str().ok_or("no key")?;
        let present = self.pairs.get(key).map_or(0, |pair| pair.modified);
        match operation["Verb"].as_str() {
            Some("get") => {
                self.pairs.get(key).map(|pair| pair.show(key)).ok_or_else(|| format!("key \"{key}\" doesn't exist"))
            }
            Some("cas") if operation["Index"].as_u64() != Some(present) => {
                Err(format!("failed to set key \"{key}\", index is stale"))
            }
            Some("cas" | "set") => {
                let value = STANDARD.decode(operation["Value"].as_str().unwrap_or_default());
                self.store(key, &value.map_err(|error| error.to_string())?);
                let mut shown = self.pairs[key].show(key);
                shown["Value"] = Value::Null;
                Ok(shown)
            }
            verb => Err(format!("unknown KV verb {verb:?}")),
        }
    }
}

impl Pair {
    fn show(&self, key: &str) -> Value {
        let value = if self.value.is_empty() { Value::Null } else { STANDARD.encode(&self.value).into() };
        json!({
            "LockIndex": 0,
            "Key": key,
            "Flags": 0,
            "Value": value,
            "CreateIndex": self.created,
            "ModifyIndex": self.modified,
        })
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut token, mut is_last) = (0, None, false);
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "connection" => is_last = value.trim() == "close",
            "x-consul-token" => token = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(Request { method, path: path.to_owned(), query, token, body, is_last })
}
