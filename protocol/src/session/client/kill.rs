//! `CLIENT KILL`.

use super::filter::Filter;
use super::{ClientEffect, ClientRequest};
use crate::resp::Writer;
use crate::session::{ClientId, ClientRegistry};

/// `CLIENT KILL <addr>` or `CLIENT KILL <option> <value> ...`
pub(super) fn kill(
    registry: &mut ClientRegistry,
    request: &ClientRequest<'_>,
    arguments: &[&[u8]],
    out: &mut Writer<'_>,
) -> Result<ClientEffect, String> {
    if let [addr] = arguments {
        let found = registry.iter().find(|session| session.addr.as_bytes() == *addr).map(|session| session.id);
        let id = found.ok_or("ERR No such client")?;
        out.simple("OK");
        return Ok(close(registry, request, vec![id]));
    }
    let filter = Filter::parse(arguments, request)?;
    let ids: Vec<ClientId> =
        registry.iter().filter(|session| filter.matches(session, request)).map(|session| session.id).collect();
    out.integer(i64::try_from(ids.len()).unwrap_or(i64::MAX));
    Ok(close(registry, request, ids))
}

fn close(registry: &mut ClientRegistry, request: &ClientRequest<'_>, ids: Vec<ClientId>) -> ClientEffect {
    let closed = registry.close(ids, Some(request.id));
    if closed.is_empty() { ClientEffect::None } else { ClientEffect::Close(closed) }
}
