//! The `CLIENT` command family.

mod basics;
mod filter;
mod help;
mod kill;
mod list;
mod pause;
mod track;

use super::{ClientId, ClientRegistry};
use crate::acl::Acl;
use crate::resp::Writer;

pub(super) const SYNTAX_ERROR: &str = "ERR syntax error";
pub(super) const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

/// One `CLIENT ...` request with what it depends on.
#[derive(Clone, Copy, Debug)]
pub struct ClientRequest<'a> {
    /// The connection that asks; it must be in the registry.
    pub id: ClientId,
    /// The request; name and arity have been accepted by the command table.
    pub argv: &'a [&'a [u8]],
    /// The users, for filters by name, and the dialect.
    pub acl: &'a Acl,
    /// Milliseconds since 1970.
    pub now_ms: u64,
}

/// How a blocked client is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnblockReason {
    /// As if its time was up.
    Timeout,
    /// With `UNBLOCKED client unblocked via CLIENT UNBLOCK`.
    Error,
}

/// What the owner has to do after a `CLIENT` request. The registry is already up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEffect {
    /// Nothing.
    None,
    /// Close these connections; the asking one only after its reply.
    Close(Vec<ClientId>),
    /// Hold back or release requests, see [`ClientRegistry::pause_at`].
    PauseChanged,
    /// Release a blocked client.
    Unblock(ClientId, UnblockReason),
    /// Client-side caching of the asking connection was switched on, changed or switched off.
    TrackingChanged,
}

/// Answers one `CLIENT` request.
///
/// What is written is the reply whatever `CLIENT REPLY` says: whether it is sent is for the caller to ask
/// ([`super::Session::sends_reply`]) after the handler returned, except that `CLIENT REPLY OFF|SKIP` write nothing.
pub fn handle_client(registry: &mut ClientRegistry, request: &ClientRequest<'_>, out: &mut Writer<'_>) -> ClientEffect {
    let subcommand = request.argv.get(1).map(|name| name.to_ascii_lowercase()).unwrap_or_default();
    let arguments = request.argv.get(2..).unwrap_or_default();
    let effect = match subcommand.as_slice() {
        b"kill" => kill::kill(registry, request, arguments, out),
        b"pause" => pause::pause(registry, request.now_ms, arguments, out),
        b"unpause" => pause::unpause(registry, out),
        b"unblock" => pause::unblock(registry, arguments, out),
        b"tracking" => track::set_tracking(registry, request.id, arguments, out),
        b"list" => list::list(registry, request, arguments, out),
        b"help" => help::help(out),
        _ => return answer_own(registry, request, &subcommand, arguments, out),
    };
    effect.unwrap_or_else(|error| {
        out.error(error);
        ClientEffect::None
    })
}

/// The subcommands that are about the asking connection alone.
fn answer_own(
    registry: &mut ClientRegistry,
    request: &ClientRequest<'_>,
    subcommand: &[u8],
    arguments: &[&[u8]],
    out: &mut Writer<'_>,
) -> ClientEffect {
    let Some(session) = registry.get_mut(request.id) else {
        out.error("ERR No such client");
        return ClientEffect::None;
    };
    let result = match (subcommand, arguments) {
        (b"id", _) => {
            out.integer(session.id.as_integer());
            Ok(())
        }
        (b"info", _) => {
            list::info(session, request, out);
            Ok(())
        }
        (b"getname", _) => {
            basics::get_name(session, out);
            Ok(())
        }
        (b"getredir", _) => {
            out.integer(session.redirection());
            Ok(())
        }
        (b"trackinginfo", _) => {
            track::info(session, out);
            Ok(())
        }
        (b"setname", [name]) => basics::set_name(session, name, out),
        (b"setinfo", [option, value]) => basics::set_info(session, option, value, out),
        (b"reply", [mode]) => basics::set_reply(session, mode, out),
        (b"no-evict", [switch]) => basics::set_switch(&mut session.no_evict, switch, out),
        (b"no-touch", [switch]) => basics::set_switch(&mut session.no_touch, switch, out),
        (b"caching", [choice]) => track::set_caching(session, choice, out),
        _ => {
            let name = String::from_utf8_lossy(request.argv.get(1).copied().unwrap_or_default());
            Err(format!("ERR unknown subcommand or wrong number of arguments for '{name}'. Try CLIENT HELP."))
        }
    };
    if let Err(error) = result {
        out.error(error);
    }
    ClientEffect::None
}
