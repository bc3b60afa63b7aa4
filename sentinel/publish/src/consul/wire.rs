//! Messages of Consul in JSON.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::TargetError;
use crate::keyvalue::{Change, Entry};
use crate::net::http::Answer;

/// A key and what stands there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Pair {
    key: String,
    modify_index: u64,
    #[serde(deserialize_with = "base64_or_null")]
    value: Vec<u8>,
}

fn base64_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    STANDARD.decode(text.unwrap_or_default()).map_err(serde::de::Error::custom)
}

/// What a read answered.
pub(super) fn pairs(answer: &Answer) -> Result<Vec<Pair>, TargetError> {
    let pairs: Vec<Pair> = serde_json::from_slice(&answer.body).map_err(|error| answer.nonsense(error))?;
    // 0 would mean "no such key" when it is compared.
    if pairs.iter().any(|pair| pair.modify_index == 0) {
        return Err(answer.nonsense("a key with index 0"));
    }
    Ok(pairs)
}

/// Takes out what stands under a key.
pub(super) fn entry(pairs: &mut Vec<Pair>, key: &str) -> Option<Entry> {
    let at = pairs.iter().position(|pair| pair.key == key)?;
    let Pair { value, modify_index, .. } = pairs.swap_remove(at);
    Some(Entry { value, revision: modify_index })
}

/// A transaction that writes all keys if none of them has changed.
pub(super) fn transaction(changes: &[Change], namespace: Option<&str>, partition: Option<&str>) -> String {
    let operation = |change: &Change| {
        let mut operation = json!({
            "Verb": "cas",
            "Key": change.key,
            "Value": STANDARD.encode(&change.value),
            "Index": change.seen.unwrap_or(0),
        });
        for (name, value) in [("Namespace", namespace), ("Partition", partition)] {
            if let Some(value) = value {
                operation[name] = value.into();
            }
        }
        json!({ "KV": operation })
    };
    Value::from(changes.iter().map(operation).collect::<Vec<_>>()).to_string()
}

/// Answer to a transaction.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Outcome {
    results: Option<Vec<Value>>,
    #[serde(default)]
    pub(super) errors: Option<Vec<Refusal>>,
}

/// Why an operation was refused.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Refusal {
    pub(super) what: String,
}

/// Checks that a transaction which was answered with 200 is one that happened.
pub(super) fn applied(answer: &Answer) -> Result<(), TargetError> {
    let outcome: Outcome = serde_json::from_slice(&answer.body).map_err(|error| answer.nonsense(error))?;
    let is_clean = outcome.results.is_some() && outcome.errors.is_none_or(|errors| errors.is_empty());
    if is_clean { Ok(()) } else { Err(answer.nonsense("a transaction without a result")) }
}

/// A key as part of a URL, RFC 3986 section 2.
pub(super) fn encode_path(key: &str) -> String {
    let mut path = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded() {
        assert_eq!(encode_path("bongsu/my-master_1"), "bongsu/my-master_1");
        assert_eq!(encode_path("bongsu/a?b#c%é"), "bongsu/a%3Fb%23c%25%C3%A9");
    }

    #[test]
    fn empty_values_are_null() {
        let text = r#"[{"Key":"a","ModifyIndex":7,"Value":null,"Flags":0},{"Key":"b","ModifyIndex":8,"Value":"eA=="}]"#;
        let mut pairs: Vec<Pair> = serde_json::from_str(text).unwrap();
        assert_eq!(entry(&mut pairs, "a"), Some(Entry { value: Vec::new(), revision: 7 }));
        assert_eq!(entry(&mut pairs, "b"), Some(Entry { value: b"x".to_vec(), revision: 8 }));
        assert_eq!(entry(&mut pairs, "c"), None);
    }

    #[test]
    fn absence_is_index_zero() {
        let change = Change { key: "a".to_owned(), value: b"x".to_vec(), seen: None };
        let value: Value = serde_json::from_str(&transaction(&[change], Some("team"), None)).unwrap();
        assert_eq!(
            value,
            json!([{ "KV": { "Verb": "cas", "Key": "a", "Value": "eA==", "Index": 0, "Namespace": "team" } }])
        );
    }
}
