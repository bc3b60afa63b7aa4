//! `MIGRATE`.

use bongsu_protocol::command::{
    BeginSearch, Categories, CommandFlags, FindKeys, KeyAccess, KeyFinder, KeyRef, KeySpec,
};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::ClientId;

use super::{ServerCommand, spec};
use crate::engine::Engine;
use crate::migration::Request;

const KEY: KeyAccess = KeyAccess::RW.with(KeyAccess::ACCESS).with(KeyAccess::DELETE);

/// Where the one key stands, and where the options begin.
const ONE_KEY: usize = 3;
const OPTIONS: usize = 6;

const KEYS: &[KeySpec] = &[
    KeySpec::single(ONE_KEY, KEY),
    KeySpec {
        notes: "",
        access: KEY.with(KeyAccess::INCOMPLETE),
        begin: BeginSearch::Keyword { keyword: "KEYS", start_from: -2 },
        find: FindKeys::Range { last: -1, step: 1, limit: 0 },
    },
];

pub(super) static COMMANDS: &[ServerCommand] = &[ServerCommand {
    spec: spec(
        "migrate",
        -6,
        CommandFlags::WRITE,
        Categories::KEYSPACE.with(Categories::DANGEROUS),
        ["Hand keys over to another server", "2.6.0", "generic", "O(N), N bytes of the values, which are sent"],
    )
    .keys(KEYS)
    .key_finder(KeyFinder(keys_of))
    .tips(&["nondeterministic_output"])
    .history(&[
        ("3.0.0", "The options `COPY` and `REPLACE`."),
        ("3.0.6", "The option `KEYS`."),
        ("4.0.7", "The option `AUTH`."),
        ("6.0.0", "The option `AUTH2`."),
    ]),
    run: migrate,
}];

fn migrate(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    match Request::read(argv) {
        Ok(request) => engine.migrate(client, argv, request, out),
        Err(text) => Writer::new(out, engine.protocol(client)).error(text),
    }
}

/// The one key, or those behind `KEYS`.
fn keys_of(argv: &[&[u8]]) -> Option<Vec<KeyRef>> {
    let refer = |position| KeyRef { position, access: KEY };
    let mut index = OPTIONS;
    while let Some(word) = argv.get(index) {
        index += match word.to_ascii_uppercase().as_slice() {
            b"KEYS" if argv[ONE_KEY].is_empty() && index + 1 < argv.len() => {
                return Some((index + 1..argv.len()).map(refer).collect());
            }
            b"KEYS" => return None,
            b"AUTH" => 2,
            b"AUTH2" => 3,
            _ => 1,
        };
    }
    Some(vec![refer(ONE_KEY)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<&[usize]>) {
        let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let found = keys_of(&argv).map(|keys| keys.iter().map(|key| key.position).collect::<Vec<_>>());
        assert_eq!(found.as_deref(), expected, "{line}");
    }

    #[test]
    fn keys_stand_in_one_place_or_behind_their_word() {
        check("migrate h 1 k 0 1000", Some(&[3]));
        check("migrate h 1 k 0 1000 copy replace", Some(&[3]));
        check("migrate h 1  0 1000 copy keys a b", Some(&[8, 9]));
        check("migrate h 1  0 1000 auth keys keys a", Some(&[9]));
        check("migrate h 1  0 1000 auth2 keys keys keys keys", Some(&[10]));
        check("migrate h 1 k 0 1000 keys a b", None);
        check("migrate h 1  0 1000 keys", None);
    }
}
