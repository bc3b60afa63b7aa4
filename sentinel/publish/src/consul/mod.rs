//! Consul, through the HTTP API of its agents or servers.
//!
//! Sources: Consul's documentation of `/v1/kv` (`?consistent`, `?recurse`; values are base64, `null` if empty) and `/v1/txn`
//! (`cas` sets a key if its `ModifyIndex` is the given one, with 0 if there is no such key; one operation that fails rolls all back,
//! which is answered with 409 and `Errors`).
//!
//! A read is two requests, for the record and for its parts; a write names the index of every key, so it is lost if they did
//! not belong together. There are no sessions: they would delay a write after a lost one by the lock-delay, and take the record with them.

mod errors;
mod wire;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};

use crate::keyvalue::{Change, Entry, KeyValue, Keys, Layout, Store};
use crate::net::http::{Answer, Call, Http};
use crate::net::{Effect, Endpoints, Patience, TlsFiles};
use crate::{Secret, SettingsError, TargetError, Written};

/// Operations that Consul accepts in one transaction.
const OPERATIONS_MAX: usize = 64;
const _: () = assert!(Keys::MAX <= OPERATIONS_MAX);

const TOKEN: HeaderName = HeaderName::from_static("x-consul-token");

/// What is needed to publish to Consul.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsulSettings {
    /// Agents or servers, [`Endpoint::from_url`](crate::Endpoint::from_url) with port 8500.
    pub endpoints: Endpoints,
    /// Needed where an endpoint begins with `https`.
    pub tls: Option<TlsFiles>,
    /// Secret of an ACL token that may read and write the keys below the prefix.
    pub token: Option<Secret>,
    /// Which datacenter's store; that of the agent unless told. Each has its own, and each needs a target.
    pub datacenter: Option<ConsulName>,
    /// Namespace of the keys (Enterprise only).
    pub namespace: Option<ConsulName>,
    /// Admin partition of the keys (Enterprise only).
    pub partition: Option<ConsulName>,
    /// Where the records lie; keys do not begin with a slash.
    pub layout: Layout,
    /// Time limits.
    pub patience: Patience,
}

/// Name of a datacenter, a namespace or a partition: letters, digits, `-` and `_`, at most 64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsulName(String);

impl ConsulName {
    const LEN_MAX: usize = 64;

    /// Checks and wraps it.
    ///
    /// # Errors
    /// It holds anything else.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let fine = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if fine && !text.is_empty() && text.len() <= Self::LEN_MAX {
            return Ok(Self(text.to_owned()));
        }
        Err(SettingsError::Name { what: "datacenter, namespace or partition of Consul", text: text.to_owned() })
    }
}

/// Records in Consul.
pub type Consul = KeyValue<ConsulStore>;

/// A client of Consul.
pub struct ConsulStore {
    http: Http,
    headers: HeaderMap,
    datacenter: Option<ConsulName>,
    namespace: Option<ConsulName>,
    partition: Option<ConsulName>,
}

impl Consul {
    /// Connects to nobody yet.
    ///
    /// # Errors
    /// The settings do not fit together, or the files of TLS cannot be used.
    pub fn new(settings: ConsulSettings) -> Result<Self, SettingsError> {
        let ConsulSettings { endpoints, tls, token, datacenter, namespace, partition, layout, patience } = settings;
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let unusable = |_| SettingsError::Credentials { what: "token", reason: "cannot stand in a header of HTTP" };
            let mut value = HeaderValue::from_str(token.expose()).map_err(unusable)?;
            value.set_sensitive(true);
            headers.insert(TOKEN, value);
        }
        let http = Http::new(endpoints, tls, patience)?;
        Ok(Self::over(ConsulStore { http, headers, datacenter, namespace, partition }, layout))
    }
}

impl Store for ConsulStore {
    async fn fetch(&self, keys: &Keys) -> Result<Vec<Option<Entry>>, TargetError> {
        let mut pairs = self.get(keys.record(), "").await?;
        if let Some(prefix) = keys.parts_prefix() {
            pairs.extend(self.get(prefix, "recurse&").await?);
        }
        Ok(keys.all().map(|key| wire::entry(&mut pairs, key)).collect())
    }

    async fn swap(&self, changes: &[Change]) -> Result<Written, TargetError> {
        let [_, namespace, partition] = self.places();
        let body = wire::transaction(changes, namespace, partition);
        let path = format!("/v1/txn?{}", self.query(1));
        let call = self.call(Method::PUT, path, body, Effect::Write);
        let understand = |answer: &Answer| match answer.status {
            StatusCode::OK => wire::applied(answer).map(|()| Written::Done),
            StatusCode::CONFLICT => errors::conflict(answer),
            _ => Err(errors::typed(answer)),
        };
        self.http.ask(&call, understand).await
    }
}

impl ConsulStore {
    /// The pairs of a key, or of all keys that begin with it.
    async fn get(&self, key: &str, how: &str) -> Result<Vec<wire::Pair>, TargetError> {
        let path = format!("/v1/kv/{}?{how}consistent&{}", wire::encode_path(key), self.query(3));
        let call = self.call(Method::GET, path, String::new(), Effect::Read);
        let understand = |answer: &Answer| match answer.status {
            StatusCode::OK => wire::pairs(answer),
            // A body comes with "not found" only if it was not the key that was not found.
            StatusCode::NOT_FOUND if answer.body.is_empty() => Ok(Vec::new()),
            _ => Err(errors::typed(answer)),
        };
        self.http.ask(&call, understand).await
    }

    fn places(&self) -> [Option<&str>; 3] {
        [&self.datacenter, &self.namespace, &self.partition].map(|name| name.as_ref().map(|name| name.0.as_str()))
    }

    /// The query for the first so many of datacenter, namespace and partition; a transaction names the latter two in its operations.
    fn query(&self, count: usize) -> String {
        let places = ["dc", "ns", "partition"].into_iter().zip(self.places()).take(count);
        let given = places.filter_map(|(name, value)| value.map(|value| format!("{name}={value}")));
        given.collect::<Vec<_>>().join("&")
    }

    fn call(&self, method: Method, path: String, body: String, effect: Effect) -> Call {
        Call { method, path, headers: self.headers.clone(), body, effect }
    }
}
