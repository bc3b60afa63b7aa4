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

use std::cell::RefCell;

use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;

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
    /// What the server gave for name and password. It expires after five minutes without use, and with the server.
    token: RefCell<Option<HeaderValue>>,
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
        Ok(Self::over(EtcdStore { http, user, token: RefCell::new(None) }, layout))
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
        let had_token = self.token.borrow().is_some();
        let call = self.call(path, body, effect).await?;
        match self.http.ask(&call, &understand).await {
            Err(TargetError::NotAuthenticated { .. }) if had_token => {
                self.token.replace(None);
                let call = self.call(path, body, effect).await?;
                self.http.ask(&call, &understand).await
            }
            result => result,
        }
    }

    async fn call(&self, path: &str, body: &serde_json::Value, effect: Effect) -> Result<Call, TargetError> {
        let mut headers = HeaderMap::new();
        if let Some(token) = self.token().await? {
            headers.insert(AUTHORIZATION, token);
        }
        Ok(call(path, headers, body, effect))
    }

    async fn token(&self) -> Result<Option<HeaderValue>, TargetError> {
        let Some(user) = &self.user else { return Ok(None) };
        if let Some(token) = self.token.borrow().clone() {
            return Ok(Some(token));
        }
        let body = serde_json::json!({ "name": user.name, "password": user.password.expose() });
        let call = call("/v3/auth/authenticate", HeaderMap::new(), &body, Effect::Read);
        let understand = |answer: &Answer| {
            let response: wire::AuthenticateResponse = parse(answer)?;
            let mut token = HeaderValue::from_str(&response.token).map_err(|_| answer.nonsense("a token of no use"))?;
            token.set_sensitive(true);
            Ok(token)
        };
        let token = self.http.ask(&call, understand).await?;
        self.token.replace(Some(token.clone()));
        Ok(Some(token))
    }
}

fn call(path: &str, headers: HeaderMap, body: &serde_json::Value, effect: Effect) -> Call {
    Call { method: Method::POST, path: path.to_owned(), headers, body: body.to_string(), effect }
}

fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, TargetError> {
    if !answer.status.is_success() {
        return Err(errors::typed(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|error| answer.nonsense(error))
}
