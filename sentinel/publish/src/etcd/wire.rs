//! Messages of etcd in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::keyvalue::{Change, Entry};

/// A transaction that reads all keys.
pub(super) fn range<'a>(keys: impl Iterator<Item = &'a str>) -> Value {
    let reads: Vec<Value> = keys.map(|key| json!({ "request_range": { "key": encode_key(key) } })).collect();
    json!({ "success": reads })
}

/// A transaction that writes all keys if none of them has changed.
pub(super) fn swap(changes: &[Change]) -> Value {
    let compares = changes.iter().map(|change| {
        let revision = change.seen.unwrap_or(0).to_string();
        json!({ "key": encode_key(&change.key), "target": "MOD", "result": "EQUAL", "mod_revision": revision })
    });
    let puts = changes.iter().map(
        |change| json!({ "request_put": { "key": encode_key(&change.key), "value": STANDARD.encode(&change.value) } }),
    );
    json!({ "compare": compares.collect::<Vec<_>>(), "success": puts.collect::<Vec<_>>() })
}

/// The slash at the beginning is a custom of etcd's users.
fn encode_key(key: &str) -> String {
    STANDARD.encode(format!("/{key}"))
}

/// Answer to a transaction.
#[derive(Debug, Deserialize)]
pub(super) struct TxnResponse {
    /// Whether all comparisons were true.
    #[serde(default)]
    pub(super) succeeded: bool,
    #[serde(default)]
    responses: Vec<ResponseOp>,
}

#[derive(Debug, Deserialize)]
struct ResponseOp {
    response_range: Option<RangeResponse>,
}

#[derive(Debug, Deserialize)]
struct RangeResponse {
    #[serde(default)]
    kvs: Vec<Pair>,
}

#[derive(Debug, Deserialize)]
struct Pair {
    key: String,
    mod_revision: String,
    #[serde(default)]
    value: String,
}

impl TxnResponse {
    /// What stands under the keys that [`range`] asked for.
    pub(super) fn entries<'a>(&self, keys: impl Iterator<Item = &'a str>) -> Result<Vec<Option<Entry>>, &'static str> {
        let mut responses = self.responses.iter();
        let entries = keys.map(|key| {
            let response = responses.next().and_then(|response| response.response_range.as_ref());
            let pairs = &response.ok_or("an answer for a key is missing")?.kvs;
            pairs.first().map(|pair| pair.entry(key)).transpose()
        });
        entries.collect()
    }
}

impl Pair {
    fn entry(&self, key: &str) -> Result<Entry, &'static str> {
        if self.key != encode_key(key) {
            return Err("a key that was not asked for");
        }
        let revision = self.mod_revision.parse().ok().filter(|revision| *revision > 0);
        let value = STANDARD.decode(&self.value).map_err(|_| "a value that is no base64")?;
        Ok(Entry { value, revision: revision.ok_or("a revision that is no number")? })
    }
}

/// Answer to name and password.
#[derive(Deserialize)]
pub(super) struct AuthenticateResponse {
    pub(super) token: String,
}

/// What stands in an answer that is an error. Some versions name the text `error`, some `message`, some both.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorResponse {
    #[serde(default)]
    pub(super) code: u32,
    #[serde(default)]
    pub(super) error: String,
    #[serde(default)]
    pub(super) message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Result<Vec<Option<Entry>>, &'static str> {
        serde_json::from_str::<TxnResponse>(text).unwrap().entries(["a"].into_iter())
    }

    #[test]
    fn answers_are_taken_only_for_what_was_asked() {
        let with =
            |pairs: &str| format!(r#"{{"succeeded":true,"responses":[{{"response_range":{{"kvs":[{pairs}]}}}}]}}"#);
        let found = entries(&with(r#"{"key":"L2E=","mod_revision":"7","value":"eA=="}"#)).unwrap();
        assert_eq!(found, [Some(Entry { value: b"x".to_vec(), revision: 7 })]);
        assert_eq!(entries(&with("")).unwrap(), [None]);
        assert!(entries(&with(r#"{"key":"L2I=","mod_revision":"7"}"#)).is_err());
        assert!(entries(&with(r#"{"key":"L2E=","mod_revision":"-1"}"#)).is_err());
        assert!(entries(&with(r#"{"key":"L2E=","mod_revision":"1","value":"?"}"#)).is_err());
        assert!(entries("{}").is_err());
    }

    #[test]
    fn absence_is_revision_zero() {
        let change = Change { key: "a".to_owned(), value: b"x".to_vec(), seen: None };
        assert_eq!(swap(&[change])["compare"][0]["mod_revision"], "0");
    }
}
