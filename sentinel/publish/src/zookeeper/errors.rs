//! Codes of `KeeperException.Code`.

use crate::TargetError;

/// A code other than 0 in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(pub(super) i32);

impl Code {
    /// In a transaction that failed for another operation.
    pub(super) const RUNTIME_INCONSISTENCY: Self = Self(-2);
    pub(super) const NO_NODE: Self = Self(-101);
    pub(super) const BAD_VERSION: Self = Self(-103);
    pub(super) const NODE_EXISTS: Self = Self(-110);

    /// What it means where it was not expected.
    pub(super) fn typed(self, who: &str) -> TargetError {
        let who = who.to_owned();
        let reason = format!("{} ({})", self.name(), self.0);
        match self.0 {
            // The connection is given up with the session; the next one has a new session.
            -4 | -112 | -118 => TargetError::Unreachable { who, reason },
            -7 | -13 | -119 | -122 | -123 | -124 | -127 => TargetError::Unavailable { who, reason },
            -125 => TargetError::Unavailable { who, reason },
            -114 | -115 => TargetError::NotAuthenticated { who, reason },
            -102 => TargetError::NotPermitted { who, reason },
            -101 => TargetError::NotResponsible { who, reason },
            -8 | -108 => TargetError::Unpublishable { reason },
            _ => TargetError::Protocol { who, reason },
        }
    }

    const fn name(self) -> &'static str {
        match self.0 {
            -1 => "SystemError",
            -2 => "RuntimeInconsistency",
            -4 => "ConnectionLoss",
            -5 => "MarshallingError",
            -6 => "Unimplemented",
            -7 => "OperationTimeout",
            -8 => "BadArguments",
            -13 => "NewConfigNoQuorum",
            -101 => "NoNode",
            -102 => "NoAuth",
            -103 => "BadVersion",
            -108 => "NoChildrenForEphemerals",
            -110 => "NodeExists",
            -112 => "SessionExpired",
            -114 => "InvalidACL",
            -115 => "AuthFailed",
            -118 => "SessionMoved",
            -119 => "NotReadOnly",
            -122 => "RequestTimeout",
            -124 => "SessionClosedRequireSaslAuth",
            -125 => "QuotaExceeded",
            -127 => "ThrottledOp",
            _ => "error",
        }
    }
}
