//! Errors of Consul, which are statuses of HTTP with a text.

use hyper::StatusCode;

use super::wire::Outcome;
use crate::net::http::{Answer, shown};
use crate::{TargetError, Written};

/// What an answer means that is neither a success nor a conflict.
pub(super) fn typed(answer: &Answer) -> TargetError {
    let who = answer.who.clone();
    let reason = format!("{}: {}", answer.status.as_u16(), answer.shown());
    match answer.status {
        // Tokens that do not exist are refused with the same status as tokens that may not.
        StatusCode::UNAUTHORIZED => TargetError::NotAuthenticated { who, reason },
        StatusCode::FORBIDDEN if reason.contains("ACL not found") => TargetError::NotAuthenticated { who, reason },
        StatusCode::FORBIDDEN => TargetError::NotPermitted { who, reason },
        _ if reason.contains("No path to datacenter") => TargetError::NotResponsible { who, reason },
        // Namespaces where there are none, keys with characters that this version does not take, too much of something.
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => TargetError::Unpublishable { reason },
        StatusCode::NOT_FOUND => TargetError::NotResponsible { who, reason },
        StatusCode::TOO_MANY_REQUESTS => TargetError::Unavailable { who, reason },
        // "No cluster leader" among them.
        status if status.is_server_error() => TargetError::Unavailable { who, reason },
        _ => TargetError::Protocol { who, reason },
    }
}

/// What a transaction that was rolled back means.
pub(super) fn conflict(answer: &Answer) -> Result<Written, TargetError> {
    let outcome: Outcome = serde_json::from_slice(&answer.body).map_err(|error| answer.nonsense(error))?;
    let errors = outcome.errors.unwrap_or_default();
    let Some(first) = errors.first() else { return Err(answer.nonsense("a conflict without a reason")) };
    // Permissions are checked before indexes, so where one is missing there is nothing else.
    let is_permission = |text: &str| text.contains("Permission denied") || text.contains("lacks permission");
    if let Some(error) = errors.iter().find(|error| is_permission(&error.what)) {
        let reason = shown(error.what.as_bytes());
        return Err(TargetError::NotPermitted { who: answer.who.clone(), reason });
    }
    if errors.iter().any(|error| error.what.contains("index is stale")) {
        return Ok(Written::Lost);
    }
    Err(TargetError::Unpublishable { reason: shown(first.what.as_bytes()) })
}
