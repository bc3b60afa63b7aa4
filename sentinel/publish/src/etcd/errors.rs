//! Errors of etcd: codes of gRPC with texts of `rpctypes/error.go`.

use hyper::StatusCode;

use super::wire::ErrorResponse;
use crate::TargetError;
use crate::net::http::{Answer, shown};

/// INVALID_ARGUMENT of gRPC, which etcd also uses for wrong passwords.
const INVALID_ARGUMENT: u32 = 3;
/// PERMISSION_DENIED of gRPC.
const PERMISSION_DENIED: u32 = 7;
/// RESOURCE_EXHAUSTED of gRPC: too many requests, or the quota is used up.
const RESOURCE_EXHAUSTED: u32 = 8;
/// FAILED_PRECONDITION of gRPC, among others for authentication that is not enabled.
const FAILED_PRECONDITION: u32 = 9;
/// UNAVAILABLE of gRPC: no leader, the leader has changed, time is up.
const UNAVAILABLE: u32 = 14;
/// UNAUTHENTICATED of gRPC: the token is not valid.
const UNAUTHENTICATED: u32 = 16;

/// What an answer that is no success means.
pub(super) fn typed(answer: &Answer) -> TargetError {
    let who = answer.who.clone();
    let told: ErrorResponse = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = if told.message.is_empty() { &told.error } else { &told.message };
    let reason = if text.is_empty() { format!("{} {}", answer.status, answer.shown()) } else { shown(text.as_bytes()) };
    // "user name is empty" is the answer to a request without a token where one is needed.
    let is_about_user = reason.contains("auth") || reason.contains("user name is empty");
    match told.code {
        UNAUTHENTICATED => TargetError::NotAuthenticated { who, reason },
        INVALID_ARGUMENT | FAILED_PRECONDITION if is_about_user => TargetError::NotAuthenticated { who, reason },
        PERMISSION_DENIED => TargetError::NotPermitted { who, reason },
        UNAVAILABLE | RESOURCE_EXHAUSTED => TargetError::Unavailable { who, reason },
        _ if answer.status == StatusCode::NOT_FOUND && text.is_empty() => {
            TargetError::NotResponsible { who, reason: "it has no /v3 (etcd before 3.4, or something else)".to_owned() }
        }
        _ if answer.status == StatusCode::UNAUTHORIZED => TargetError::NotAuthenticated { who, reason },
        _ if answer.status == StatusCode::FORBIDDEN => TargetError::NotPermitted { who, reason },
        _ if answer.status.is_server_error() || answer.status == StatusCode::TOO_MANY_REQUESTS => {
            TargetError::Unavailable { who, reason }
        }
        _ => TargetError::Protocol { who, reason },
    }
}
