//! What the server says of itself.

use bongsu_protocol::command::Categories;
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::ClientId;

use super::{ANY_STATE, CONSTANT, FAST, ServerCommand, spec};
use crate::engine::Engine;
use crate::info;

pub(super) static COMMANDS: &[ServerCommand] = &[
    ServerCommand {
        spec: spec(
            "info",
            -1,
            ANY_STATE,
            Categories::DANGEROUS,
            ["Tell the state of the server and its counters", "1.0.0", "server", CONSTANT],
        )
        .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"]),
        run: info,
    },
    ServerCommand {
        spec: spec(
            "lastsave",
            1,
            ANY_STATE.with(FAST),
            Categories::ADMIN.with(Categories::DANGEROUS),
            ["Tell when the data was last saved", "1.0.0", "server", CONSTANT],
        )
        .tips(&["nondeterministic_output"]),
        run: last_save,
    },
];

fn info(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let text = info::report(engine, argv.get(1..).unwrap_or_default());
    Writer::new(out, engine.protocol(client)).verbatim(*b"txt", text);
}

fn last_save(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    let started_s = engine.instance.started_ms / 1000;
    Writer::new(out, engine.protocol(client)).integer(i64::try_from(started_s).unwrap_or(i64::MAX));
}
