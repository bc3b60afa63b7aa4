//! `CLIENT PAUSE`, `UNPAUSE` and `UNBLOCK`.

use super::{ClientEffect, NOT_AN_INTEGER, UnblockReason};
use crate::resp::{Writer, parse_integer};
use crate::session::{ClientId, ClientRegistry, Pause, PauseMode};

/// `CLIENT PAUSE <timeout-ms> [WRITE|ALL]`
pub(super) fn pause(
    registry: &mut ClientRegistry,
    now_ms: u64,
    arguments: &[&[u8]],
    out: &mut Writer<'_>,
) -> Result<ClientEffect, String> {
    let mode = match arguments.get(1).map(|mode| mode.to_ascii_lowercase()).as_deref() {
        None | Some(b"all") => PauseMode::All,
        Some(b"write") => PauseMode::Write,
        Some(_) => return Err("ERR CLIENT PAUSE mode must be WRITE or ALL".to_owned()),
    };
    let timeout_ms = arguments
        .first()
        .and_then(|timeout| parse_integer(timeout))
        .ok_or("ERR timeout is not an integer or out of range")?;
    let timeout_ms = u64::try_from(timeout_ms).map_err(|_| "ERR timeout is negative")?;
    // Such a pause would never end.
    let until_ms = now_ms.checked_add(timeout_ms).filter(|until_ms| i64::try_from(*until_ms).is_ok());
    let until_ms = until_ms.ok_or("ERR timeout is out of range")?;
    registry.pause(now_ms, Pause { until_ms, mode });
    out.simple("OK");
    Ok(ClientEffect::PauseChanged)
}

pub(super) fn unpause(registry: &mut ClientRegistry, out: &mut Writer<'_>) -> Result<ClientEffect, String> {
    registry.unpause();
    out.simple("OK");
    Ok(ClientEffect::PauseChanged)
}

/// `CLIENT UNBLOCK <id> [TIMEOUT|ERROR]`
pub(super) fn unblock(
    registry: &ClientRegistry,
    arguments: &[&[u8]],
    out: &mut Writer<'_>,
) -> Result<ClientEffect, String> {
    let reason = match arguments.get(1).map(|reason| reason.to_ascii_lowercase()).as_deref() {
        None | Some(b"timeout") => UnblockReason::Timeout,
        Some(b"error") => UnblockReason::Error,
        Some(_) => return Err("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR".to_owned()),
    };
    let id = arguments.first().and_then(|id| parse_integer(id)).ok_or(NOT_AN_INTEGER)?;
    let may_go_on = |id: ClientId| registry.get(id).is_some_and(|session| session.blocked && !session.paused);
    let blocked = ClientId::from_integer(id).filter(|id| may_go_on(*id));
    out.integer(blocked.is_some().into());
    Ok(blocked.map_or(ClientEffect::None, |id| ClientEffect::Unblock(id, reason)))
}
