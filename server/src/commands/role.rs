//! Whose copy this server is.

use bongsu_protocol::command::{Categories, CommandFlags};
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_protocol::session::ClientId;

use super::{CONSTANT, NOSCRIPT, ServerCommand, spec};
use crate::engine::Engine;
use crate::replication::{Following, Role};

const CHANGES_ROLE: CommandFlags =
    CommandFlags::ADMIN.with(NOSCRIPT).with(CommandFlags::STALE).with(CommandFlags::NO_ASYNC_LOADING);

const fn role(name: &'static str, since: &'static str) -> ServerCommand {
    ServerCommand {
        spec: spec(
            name,
            3,
            CHANGES_ROLE,
            Categories::NONE,
            ["Make this server a replica of another one, or a master", since, "server", CONSTANT],
        ),
        run: replica_of,
    }
}

pub(super) static COMMANDS: &[ServerCommand] = &[role("replicaof", "5.0.0"), role("slaveof", "1.0.0")];

fn replica_of(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    let [_, host, port] = argv else { return };
    if engine.fails_over() {
        return reply.error("ERR REPLICAOF not allowed while failing over.");
    }
    match parse(host, port).map(|role| engine.take_role(client, role)) {
        Err(text) => reply.error(text),
        Ok(true) => reply.simple("OK"),
        Ok(false) => reply.simple("OK Already connected to specified master"),
    }
}

fn parse(host: &[u8], port: &[u8]) -> Result<Role, &'static str> {
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        return Ok(Role::Master);
    }
    let port = parse_integer(port).ok_or("ERR value is not an integer or out of range")?;
    let port = u16::try_from(port).map_err(|_| "ERR Invalid master port")?;
    Ok(Role::ReplicaOf(String::from_utf8_lossy(host).into_owned(), port))
}

/// `ROLE` of a replica.
pub(super) fn replica(engine: &Engine, following: &Following, reply: &mut Writer<'_>) {
    reply.array(5);
    reply.bulk("slave");
    reply.bulk(&following.host);
    reply.integer(i64::from(following.port));
    reply.bulk(following.word());
    let offset = i64::try_from(engine.history.offset).unwrap_or(i64::MAX);
    reply.integer(if following.is_linked() { offset } else { -1 });
}
