//! `LOLWUT`: a picture, and the version.

use bongsu_protocol::command::{Categories, CommandFlags};
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_protocol::session::ClientId;

use super::{FAST, ServerCommand, spec};
use crate::engine::Engine;
use crate::version::REDIS_VERSION;

pub(super) static COMMANDS: &[ServerCommand] = &[ServerCommand {
    spec: spec(
        "lolwut",
        -1,
        CommandFlags::READONLY.with(FAST),
        Categories::READ,
        ["Show a picture and the version", "5.0.0", "server", ""],
    ),
    run,
}];

/// Beacon towers that pass a fire on from hill to hill, with stars at random between them.
const TOWERS: [&str; 7] = [
    "                                                    ",
    "      )                                             ",
    "     (,)              )                             ",
    "    _|_|_            (,)               )            ",
    "    |_|_|           _|_|_             (,)           ",
    " ../|_|_|\\..        |_|_|            _|_|_          ",
    "              `.../ |_|_| \\..........|_|_|......... ",
];

/// Rows of sky above the hills.
const SKY: usize = 4;

fn run(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let mut reply = Writer::new(out, engine.protocol(client));
    if let [_, version, number, ..] = argv
        && version.eq_ignore_ascii_case(b"VERSION")
        && parse_integer(number).is_none()
    {
        return reply.error("ERR value is not an integer or out of range");
    }
    let mut picture = String::new();
    for (row, line) in TOWERS.iter().enumerate() {
        for cell in line.chars() {
            let is_star = row < SKY && cell == ' ' && engine.shard.random.below(40) == 0;
            picture.push(if is_star { '.' } else { cell });
        }
        picture.push('\n');
    }
    picture.push_str(&format!("\nRedis ver. {REDIS_VERSION}\n"));
    reply.verbatim(*b"txt", picture);
}
