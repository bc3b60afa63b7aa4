//! Snapshots and the append-only file, by hand.

use bongsu_protocol::command::{Categories, CommandFlags};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::ClientId;

use super::{ANY_STATE, CONSTANT, FAST, NOSCRIPT, ServerCommand, spec};
use crate::engine::Engine;
use crate::imaging::Purpose;

const BY_KEYS: &str = "O(N), N keys";
const ADMIN: CommandFlags = CommandFlags::ADMIN.with(NOSCRIPT);

const SAVING: &str = "ERR Background save already in progress";
const BUSY: &str = "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a \
                    BGSAVE whenever possible.";

pub(super) static COMMANDS: &[ServerCommand] = &[
    ServerCommand {
        spec: spec(
            "bgrewriteaof",
            1,
            ADMIN.with(CommandFlags::NO_ASYNC_LOADING),
            Categories::NONE,
            ["Write the append-only file anew, in the background", "1.0.0", "server", CONSTANT],
        ),
        run: bgrewriteaof,
    },
    ServerCommand {
        spec: spec(
            "bgsave",
            -1,
            ADMIN.with(CommandFlags::NO_ASYNC_LOADING),
            Categories::NONE,
            ["Save all data to a file, in the background", "1.0.0", "server", CONSTANT],
        ),
        run: bgsave,
    },
    ServerCommand {
        spec: spec(
            "lastsave",
            1,
            ANY_STATE.with(FAST),
            Categories::ADMIN.with(Categories::DANGEROUS),
            ["Tell when data were saved last", "1.0.0", "server", CONSTANT],
        )
        .tips(&["nondeterministic_output"]),
        run: lastsave,
    },
    ServerCommand {
        spec: spec(
            "save",
            1,
            ADMIN.with(CommandFlags::NO_ASYNC_LOADING).with(CommandFlags::NO_MULTI),
            Categories::NONE,
            ["Save all data to a file, while everybody waits", "1.0.0", "server", BY_KEYS],
        ),
        run: save,
    },
];

fn purpose(engine: &Engine) -> Option<Purpose> {
    engine.imaging.as_ref().map(|imaging| imaging.purpose)
}

fn save(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    if purpose(engine) == Some(Purpose::Snapshot) || engine.imaging.is_none() && engine.has_image() {
        return reply.error(SAVING);
    }
    match engine.save() {
        Ok(()) => reply.simple("OK"),
        Err(error) => {
            engine.log.warning(format_args!("SAVE failed: {error}"));
            reply.error("ERR");
        }
    }
}

fn bgsave(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    let may_wait = match argv {
        [_] => false,
        [_, word] if word.eq_ignore_ascii_case(b"SCHEDULE") => true,
        _ => return reply.error("ERR syntax error"),
    };
    match purpose(engine) {
        Some(Purpose::Snapshot) => reply.error(SAVING),
        None if engine.has_image() => reply.error(SAVING),
        Some(_) if may_wait => {
            engine.snapshots.is_scheduled = true;
            reply.simple("Background saving scheduled");
        }
        Some(_) => reply.error(BUSY),
        // In the middle of a transaction there is no state that anybody should ever see.
        None if engine.in_transaction => {
            engine.snapshots.is_scheduled = true;
            reply.simple("Background saving started");
        }
        None => match engine.begin_snapshot() {
            Ok(()) => reply.simple("Background saving started"),
            Err(_) => reply.error("ERR"),
        },
    }
}

fn lastsave(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    let saved_s = i64::try_from(engine.snapshots.saved_s).unwrap_or(i64::MAX);
    Writer::new(out, engine.protocol(client)).integer(saved_s);
}

fn bgrewriteaof(engine: &mut Engine, client: ClientId, _: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    match purpose(engine) {
        Some(Purpose::Rewrite) => {
            reply.error("ERR Background append only file rewriting already in progress");
        }
        _ => {
            match engine.request_rewrite() {
                Ok(true) => reply.simple("Background append only file rewriting started"),
                Ok(false) => reply.simple("Background append only file rewriting scheduled"),
                Err(_) => {
                    reply.error("ERR Can't execute an AOF background rewriting. Please check the server logs for more information.");
                }
            }
        }
    }
}
