//! `CLIENT LIST` and `CLIENT INFO`.

use super::{ClientEffect, ClientRequest, SYNTAX_ERROR};
use crate::resp::{Writer, parse_integer};
use crate::session::{ClientId, ClientRegistry, ClientType, Session};

pub(super) fn info(session: &Session, request: &ClientRequest<'_>, out: &mut Writer<'_>) {
    let line = session.describe(request.now_ms, request.acl.dialect());
    out.verbatim(*b"txt", format!("{line}\n"));
}

/// `CLIENT LIST [TYPE type | ID id ...]`
pub(super) fn list(
    registry: &ClientRegistry,
    request: &ClientRequest<'_>,
    arguments: &[&[u8]],
    out: &mut Writer<'_>,
) -> Result<ClientEffect, String> {
    let chosen: Vec<&Session> = match arguments {
        [] => registry.iter().collect(),
        [option, name] if option.eq_ignore_ascii_case(b"TYPE") => {
            let client_type = parse_type(name)?;
            registry.iter().filter(|session| session.client_type() == client_type).collect()
        }
        [option, ids @ ..] if option.eq_ignore_ascii_case(b"ID") && !ids.is_empty() => {
            let ids = ids.iter().map(|id| parse_id(id)).collect::<Result<Vec<_>, _>>()?;
            ids.into_iter().filter_map(|id| registry.get(id)).collect()
        }
        _ => return Err(SYNTAX_ERROR.to_owned()),
    };
    let lines: String =
        chosen.iter().map(|session| session.describe(request.now_ms, request.acl.dialect()) + "\n").collect();
    out.verbatim(*b"txt", lines);
    Ok(ClientEffect::None)
}

fn parse_id(id: &[u8]) -> Result<ClientId, String> {
    parse_integer(id).and_then(ClientId::from_integer).ok_or_else(|| "ERR Invalid client ID".to_owned())
}

pub(super) fn parse_type(name: &[u8]) -> Result<ClientType, String> {
    ClientType::named(name).ok_or_else(|| format!("ERR Unknown client type '{}'", String::from_utf8_lossy(name)))
}
