//! `CLIENT`.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, families};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::{ClientEffect, ClientId, ClientRequest, handle_client};

use super::{BY_SUBCOMMAND, ServerCommand, spec};
use crate::engine::Engine;

const COUNT: usize = families::CLIENT_SUBCOMMANDS.len() + 1;

static SUBCOMMANDS: [CommandSpec; COUNT] = {
    let mut all = [families::CLIENT_NO_TOUCH; COUNT];
    let mut index = 0;
    while index < COUNT - 1 {
        all[index] = families::CLIENT_SUBCOMMANDS[index];
        index += 1;
    }
    all
};

pub(super) static COMMANDS: &[ServerCommand] = &[ServerCommand {
    spec: spec(
        "client",
        -2,
        CommandFlags::NONE,
        Categories::NONE,
        ["Connections of clients", "2.4.0", "connection", BY_SUBCOMMAND],
    )
    .subcommands(&SUBCOMMANDS),
    run: client,
}];

fn client(engine: &mut Engine, id: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let now_ms = engine.shard.now_ms;
    let mut reply = Writer::new(out, engine.protocol(id));
    let request = ClientRequest { id, argv, acl: &engine.acl, now_ms };
    match handle_client(&mut engine.clients, &request, &mut reply) {
        ClientEffect::None => {}
        ClientEffect::Close(ids) => engine.closing.extend(ids.into_iter().filter(|closed| *closed != id)),
        ClientEffect::PauseChanged => engine.update_pause(),
        ClientEffect::Unblock(id, reason) => engine.end_wait(id, reason),
        ClientEffect::TrackingChanged => {
            if let Some(session) = engine.clients.get(id) {
                engine.tracking.update(session);
            }
            engine.update_interest();
        }
    }
}
