use bongsu_protocol::resp::{Protocol, Writer};
use bongsu_store::call::{Call, Caller, Effects, Interest, Propagation};
use bongsu_store::random::Random;
use bongsu_store::shard::Shard;

use super::*;

const NOW_MS: u64 = 1_700_000_000_000;

const CALLER: Caller = Caller {
    may_wait: false,
    no_touch: false,
    is_master: false,
    is_script: false,
    reads_all_keys: true,
    reply_bytes_max: usize::MAX,
};

/// A keyspace, what the last command did, and how payloads are made and read.
struct Bench {
    shard: Shard,
    effects: Effects,
    rules: PayloadRules,
    caller: Caller,
    logged: Option<String>,
}

impl Bench {
    fn new() -> Self {
        let mut shard = Shard::new(2, Random::new([1, 2, 3, 4]));
        shard.now_ms = NOW_MS;
        let interest = Interest { events: u16::MAX, changed: true, ready: true };
        let effects = Effects { interest, ..Effects::default() };
        let rules = PayloadRules { compression: true, checksum: true, lazily: false };
        Self { shard, effects, rules, caller: CALLER, logged: None }
    }

    fn run_argv(&mut self, argv: &[&[u8]]) -> Vec<u8> {
        self.effects.clear();
        let mut out = Vec::new();
        let reply = Writer::new(&mut out, Protocol::Resp2);
        let (shard, effects) = (&mut self.shard, &mut self.effects);
        let mut call = Call { shard, db: 0, argv, first_hash: None, reply, effects, caller: self.caller };
        let name = argv[0].to_ascii_lowercase();
        let payload = COMMANDS.iter().find(|command| command.spec.name.as_bytes() == name);
        let outcome = match payload {
            Some(command) => (command.run)(&mut call, self.rules, &mut self.logged),
            None => {
                let mut commands = bongsu_store::commands::all();
                (commands.find(|command| command.spec.name.as_bytes() == name).unwrap().run)(&mut call)
            }
        };
        if let Err(fault) = outcome {
            call.reply.error(fault.line().as_bytes());
        }
        out
    }

    fn run(&mut self, line: &str) -> String {
        let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        String::from_utf8_lossy(&self.run_argv(&argv)).trim_end().replace("\r\n", " ")
    }

    fn dump(&mut self, key: &str) -> Vec<u8> {
        let reply = self.run_argv(&[b"dump", key.as_bytes()]);
        let start = reply.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        reply[start..reply.len() - 2].to_vec()
    }

    fn restore(&mut self, key: &str, ttl: &str, payload: &[u8], options: &[&[u8]]) -> String {
        let mut argv: Vec<&[u8]> = vec![b"RESTORE", key.as_bytes(), ttl.as_bytes(), payload];
        argv.extend(options);
        String::from_utf8_lossy(&self.run_argv(&argv)).trim_end().to_owned()
    }

    fn events(&self) -> Vec<&'static str> {
        self.effects.events.iter().map(|event| event.name).collect()
    }

    /// What replicas are told instead, its payload left out.
    fn told(&self) -> Vec<String> {
        let Propagation::Instead(commands) = &self.effects.propagation else { return Vec::new() };
        let word =
            |word: &Vec<u8>| if word.is_ascii() { String::from_utf8_lossy(word).into_owned() } else { "~".into() };
        commands.iter().map(|command| command.iter().map(word).collect::<Vec<_>>().join(" ")).collect()
    }
}

#[test]
fn what_is_told_has_the_same_effect_later() {
    let mut bench = Bench::new();
    bench.run("set k v");
    let payload = bench.dump("k");
    assert_eq!(bench.restore("n", "0", &payload, &[]), "+OK");
    assert_eq!((bench.effects.dirty, bench.events(), bench.told()), (1, vec!["new", "restore"], vec![]));
    assert_eq!(bench.effects.changed, [(0, b"n".to_vec())]);
    assert_eq!(bench.restore("n", "500", &payload, &[b"replace"]), "+OK");
    assert_eq!(bench.told(), ["RESTORE n 1700000000500 ~ replace ABSTTL"]);
    assert_eq!(bench.restore("n", "1700000000900", &payload, &[b"absttl", b"replace"]), "+OK");
    assert_eq!((bench.told(), bench.run("pexpiretime n")), (vec![], ":1700000000900".to_owned()));
}

#[test]
fn a_key_of_a_time_that_is_over_is_none() {
    let mut bench = Bench::new();
    bench.run("set k v");
    let payload = bench.dump("k");
    assert_eq!(bench.restore("n", "5", &payload, &[b"ABSTTL"]), "+OK");
    assert_eq!((bench.effects.dirty, bench.events()), (0, vec![]));
    for (lazily, told) in [(false, "DEL k"), (true, "UNLINK k")] {
        bench.run("set k v");
        bench.rules.lazily = lazily;
        assert_eq!(bench.restore("k", "5", &payload, &[b"ABSTTL", b"REPLACE"]), "+OK");
        assert_eq!((bench.effects.dirty, bench.events(), bench.told()), (1, vec!["del"], vec![told.to_owned()]));
        assert_eq!(bench.run("exists k"), ":0");
    }
    // What a master says is done.
    bench.caller.is_master = true;
    assert_eq!(bench.restore("k", "5", &payload, &[b"ABSTTL"]), "+OK");
    assert!(bench.shard.find(0, b"k").is_some());
}

#[test]
fn a_refused_payload_leaves_what_is_there() {
    let mut bench = Bench::new();
    bench.rules.checksum = false;
    bench.run("set k v");
    // A list whose second node is cut off.
    let cut = b"\x12\x02\x02\x08\x08\x00\x00\x00\x01\x00\x01\xff\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    assert_eq!(bench.restore("k", "0", cut, &[b"REPLACE"]), "-ERR Bad data format");
    assert!(bench.logged.take().is_some_and(|line| line.starts_with("List integrity check failed")));
    assert_eq!(bench.run("get k"), "$1 v");
    assert_eq!(bench.effects.dirty, 0);
}

#[test]
fn payloads_of_all_kinds_come_back_and_damaged_ones_do_no_harm() {
    let mut bench = Bench::new();
    let big: Vec<String> = (0..700).map(|n| format!("{n}.5 m{n}")).collect();
    bench.run(&format!("zadd zset-big {}", big.join(" ")));
    bench.run(&format!("hset hash-big {}", big.join(" ")));
    bench.run(&format!("sadd set-big {}", big.join(" ")));
    bench.run(&format!("rpush list-big {}", big.join(" ").repeat(8)));
    bench.run(&format!("set text-big {}", "x".repeat(3000)));
    let small = [
        "set int 12",
        "set text abc",
        "rpush list a b 3",
        "sadd ints 1 2 3",
        "sadd set a b",
        "hset hash a 1",
        "zadd zset 1 a",
    ];
    small.iter().for_each(|line| drop(bench.run(line)));
    let keys = [
        "int", "text", "list", "ints", "set", "hash", "zset", "zset-big", "hash-big", "set-big", "list-big", "text-big",
    ];
    for key in keys {
        let payload = bench.dump(key);
        assert_eq!(bench.restore("copy", "0", &payload, &[b"REPLACE"]), "+OK", "{key}");
        assert_eq!(bench.run("object encoding copy"), bench.run(&format!("object encoding {key}")), "{key}");
        assert_eq!(bench.dump("copy").len(), payload.len(), "{key}");
    }
    bench.rules.checksum = false;
    for key in keys {
        let payload = bench.dump(key);
        let step = 1 + payload.len() / 200;
        for at in (0..payload.len() - 10).step_by(step) {
            for flip in [0x01, 0x80, 0x7f, 0xff] {
                let mut damaged = payload.clone();
                damaged[at] ^= flip;
                if bench.restore("copy", "0", &damaged, &[b"REPLACE"]) == "+OK" {
                    bench.dump("copy");
                    bench.run("del copy");
                }
            }
            let cut = [&payload[..at], &payload[payload.len() - 10..]].concat();
            bench.restore("copy", "0", &cut, &[b"REPLACE"]);
        }
    }
}
