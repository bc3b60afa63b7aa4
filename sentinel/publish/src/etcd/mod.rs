//! etcd 3.4 and later, through the JSON gateway of its own port.
//!
//! Sources: etcd's `api_grpc_gateway.md` (`/v3/kv/txn`, `/v3/auth/authenticate`; bytes are base64, 64-bit numbers are strings, members
//! with the default value are left out) and `rpc.proto` (`TxnRequest`, `Compare`). Servers before 3.4 have the gateway under
//! `/v3beta` or `/v3alpha`; they are answered as not responsible.
//!
//! A read is a transaction without conditions, which makes it linearizable and all keys of one revision. A write compares the
//! `mod_revision` of each key, which is 0 where there is none. No key has a lease: records outlive all sentinels.

mod errors;
mod wire;

use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::keyvalue::{Change, Entry, KeyValue, Keys, Layout, Store};
use crate::net::http::{Answer, Call, Http};
use crate::net::{Effect, Endpoints, Patience, TlsFiles};
use crate::{Secret, SettingsError, TargetError, Written};

/// What is needed to publish to an etcd cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdSettings {
    /// Its members, [`Endpoint::from_url`](crate::Endpoint::from_url) with port 2379.
    pub endpoints: Endpoints,
    /// Needed where an endpoint begins with `https`. A client certificate gets through `--client-cert-auth`, but names no user:
    /// etcd's gateway ignores the name in it.
    pub tls: Option<TlsFiles>,
    /// Needed where authentication is enabled.
    pub user: Option<EtcdUser>,
    /// Where the records lie; keys begin with a slash.
    pub layout: Layout,
    /// Time limits.
    pub patience: Patience,
}

/// A user of etcd, whose roles must permit reading and writing below the prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdUser {
    /// Name.
    pub name: String,
    /// Password.
    pub password: Secret,
}

/// Records in etcd.
pub type Etcd = KeyValue<EtcdStore>;

/// A client of an etcd cluster.
pub struct EtcdStore {
    http: Http,
    user: Option<EtcdUser>,
    patience: Patience,
    /// What the server gave for name and password. It expires after five minutes without use, and with the server. Locked while a
    /// new one is asked for: a password takes the server a tenth of a second of work.
    token: Mutex<Option<HeaderValue>>,
}

impl Etcd {
    /// Connects to nobody yet.
    ///
    /// # Errors
    /// The settings do not fit together, or the files of TLS cannot be used.
    pub fn new(settings: EtcdSettings) -> Result<Self, SettingsError> {
        let EtcdSettings { endpoints, tls, user, layout, patience } = settings;
        if user.as_ref().is_some_and(|user| user.name.is_empty()) {
            return Err(SettingsError::Credentials { what: "name of the user", reason: "is empty" });
        }
        let http = Http::new(endpoints, tls, patience)?;
        Ok(Self::over(EtcdStore { http, user, patience, token: Mutex::new(None) }, layout))
    }
}

impl Store for EtcdStore {
    async fn fetch(&self, keys: &Keys) -> Result<Vec<Option<Entry>>, TargetError> {
        let body = wire::range(keys.all());
        let understand = |answer: &Answer| {
            let response: wire::TxnResponse = parse(answer)?;
            response.entries(keys.all()).map_err(|reason| answer.nonsense(reason))
        };
        self.ask("/v3/kv/txn", &body, Effect::Read, understand).await
    }

    async fn swap(&self, changes: &[Change]) -> Result<Written, TargetError> {
        let understand = |answer: &Answer| {
            let response: wire::TxnResponse = parse(answer)?;
            Ok(if response.succeeded { Written::Done } else { Written::Lost })
        };
        self.ask("/v3/kv/txn", &wire::swap(changes), Effect::Write, understand).await
    }
}

impl EtcdStore {
    /// Sends a request, as the user if there is one. A token that is not valid any longer is replaced once: a request that was refused
    /// for it has done nothing.
    async fn ask<T>(
        &self,
        path: &str,
        body: &serde_json::Value,
        effect: Effect,
        understand: impl Fn(&Answer) -> Result<T, TargetError>,
    ) -> Result<T, TargetError> {
        let token = self.token(None).await?;
        let refused = match self.http.ask(&call(path, token.clone(), body, effect), &understand).await {
            Err(TargetError::NotAuthenticated { .. }) if token.is_some() => token,
            result => return result,
        };
        let token = self.token(refused.as_ref()).await?;
        self.http.ask(&call(path, token, body, effect), &understand).await
    }

    /// A token other than the one that was refused; `None` without a user.
    async fn token(&self, refused: Option<&HeaderValue>) -> Result<Option<HeaderValue>, TargetError> {
        let Some(user) = &self.user else { return Ok(None) };
        let limit = self.patience.request();
        let late = |_| TargetError::Timeout { who: "the token of the user".to_owned(), limit };
        // With a server that hangs everybody would wait for everybody before.
        let mut held = timeout(limit, self.token.lock()).await.map_err(late)?;
        if let Some(token) = held.as_ref().filter(|token| Some(*token) != refused) {
            return Ok(Some(token.clone()));
        }
        let body = serde_json::json!({ "name": user.name, "password": user.password.expose() });
        let call = call("/v3/auth/authenticate", None, &body, Effect::Read);
        let understand = |answer: &Answer| {
            let response: wire::AuthenticateResponse = parse(answer)?;
            let mut token = HeaderValue::from_str(&response.token).map_err(|_| answer.nonsense("a token of no use"))?;
            token.set_sensitive(true);
            Ok(token)
        };
        let token = self.http.ask(&call, understand).await?;
        *held = Some(token.clone());
        Ok(Some(token))
    }
}

fn call(path: &str, token: Option<HeaderValue>, body: &serde_json::Value, effect: Effect) -> Call {
    let headers = token.into_iter().map(|token| (AUTHORIZATION, token)).collect::<HeaderMap>();
    Call { method: Method::POST, path: path.to_owned(), headers, body: body.to_string(), effect }
}

fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, TargetError> {
    if !answer.status.is_success() {
        return Err(errors::typed(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|error| answer.nonsense(error))
}
