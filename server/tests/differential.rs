//! Random commands to Debian's `redis-server` and to ours: every reply must be the same, and so must the keys that are left.
//!
//! `BONGSU_TEST_SEED=N` repeats a run. A difference is told with the commands that concern its keys.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

#[path = "differential/bits.rs"]
mod bits;
mod common;
#[path = "differential/config.rs"]
mod config;
#[path = "differential/sets.rs"]
mod sets;
#[path = "differential/zset.rs"]
mod zset;

use std::time::{SystemTime, UNIX_EPOCH};

use bongsu_protocol::resp::Value;
use bongsu_store::random::Random;
use common::Running;
use common::conn::Conn;
use common::peer::Peer;

/// Commands of a run.
const COMMANDS: usize = 20_000;

/// What is made up; those that stand twice are made up more often.
const NAMES: [&str; 41] = [
    "APPEND",
    "DBSIZE",
    "DECR",
    "DECRBY",
    "DEL",
    "EXISTS",
    "EXPIRE",
    "EXPIREAT",
    "EXPIRETIME",
    "FLUSHDB",
    "GET",
    "GETDEL",
    "GETEX",
    "GETRANGE",
    "GETSET",
    "INCR",
    "INCRBY",
    "INCRBYFLOAT",
    "KEYS",
    "MGET",
    "MSET",
    "MSETNX",
    "PERSIST",
    "PEXPIREAT",
    "PEXPIRETIME",
    "PSETEX",
    "RENAME",
    "RENAMENX",
    "SELECT",
    "SET",
    "SET",
    "SET",
    "SETEX",
    "SETNX",
    "SETRANGE",
    "STRLEN",
    "SUBSTR",
    "TOUCH",
    "TTL",
    "TYPE",
    "UNLINK",
];

/// Makes commands up.
struct Maker(Random);

impl Maker {
    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.0.below(choices.len() as u64) as usize]
    }

    fn key(&mut self) -> String {
        format!("k{}", self.0.below(8))
    }

    fn value(&mut self) -> String {
        match self.0.below(8) {
            0 => self.0.below(100).to_string(),
            1 => format!("-{}", self.0.below(u64::MAX)),
            2 => self
                .one_of(&["", "1.5", "3.0e3", "0.1", "-0", "007", " 1", "9223372036854775807", "nan", "inf"])
                .to_owned(),
            3 => "x".repeat(self.0.below(300) as usize),
            4 => "y".repeat(self.0.below(20_000) as usize),
            _ => format!("v{}", self.0.below(1000)),
        }
    }

    fn integer(&mut self) -> String {
        match self.0.below(6) {
            0 => self.one_of(&["0", "-1", "9223372036854775807", "-9223372036854775808", "x", "1.5", ""]).to_owned(),
            1 => format!("-{}", self.0.below(30)),
            _ => self.0.below(30).to_string(),
        }
    }

    /// Far enough away that no run lasts so long.
    fn expiry(&mut self) -> Vec<String> {
        let form = self.one_of(&["EX", "PX", "EXAT", "PXAT"]);
        let n = match form {
            "EX" => 10_000 + self.0.below(1000),
            "PX" => 10_000_000 + self.0.below(1000),
            "EXAT" => 4_000_000_000 + self.0.below(1000),
            _ => 4_000_000_000_000 + self.0.below(1000),
        };
        let none = self.one_of(&["0", "-5", "x", "", "9223372036854775808"]).to_owned();
        vec![form.to_owned(), if self.0.below(12) == 0 { none } else { n.to_string() }]
    }

    fn command(&mut self) -> Vec<String> {
        match self.0.below(4) {
            0 => return bits::command(self),
            1 => return sets::command(self),
            2 => return zset::command(self),
            _ => {}
        }
        let name = self.one_of(&NAMES);
        let mut words = vec![name.to_owned()];
        words.extend(self.arguments(name));
        if self.0.below(200) == 0 {
            words.truncate(1 + self.0.below(words.len() as u64) as usize);
        }
        words
    }

    fn arguments(&mut self, name: &str) -> Vec<String> {
        match name {
            "DBSIZE" => Vec::new(),
            // Emptied too often there would be nothing to see.
            "FLUSHDB" => {
                if self.0.below(10) == 0 {
                    Vec::new()
                } else {
                    vec!["NEVER".to_owned()]
                }
            }
            "KEYS" => vec![self.one_of(&["*", "k?", "k[0-3]", "x*", "k\\1"]).to_owned()],
            "SELECT" => vec![self.one_of(&["0", "0", "0", "1", "16", "x"]).to_owned()],
            "DEL" | "EXISTS" | "MGET" | "TOUCH" | "UNLINK" => (0..=self.0.below(3)).map(|_| self.key()).collect(),
            "MSET" | "MSETNX" => (0..=self.0.below(3)).flat_map(|_| [self.key(), self.value()]).collect(),
            "RENAME" | "RENAMENX" => vec![self.key(), self.key()],
            "EXPIRE" | "EXPIREAT" | "PEXPIREAT" => self.expire(name),
            "APPEND" | "GETSET" | "SETNX" => vec![self.key(), self.value()],
            "INCRBYFLOAT" => {
                let by = match self.0.below(3) {
                    0 => format!("{}.{}", self.0.below(100_000), self.0.below(1000)),
                    1 => format!("-{}e-{}", self.0.below(1 << 40), self.0.below(20)),
                    _ => self
                        .one_of(&["0.5", "3.0e3", "0.1", "-1000000.125", "0x1p-9", "x", "1 ", "nan", "inf"])
                        .to_owned(),
                };
                // Some on keys of its own, so that they are numbers.
                let key = if self.0.below(4) == 0 { self.key() } else { format!("f{}", self.0.below(3)) };
                vec![key, by]
            }
            "DECRBY" | "INCRBY" => vec![self.key(), self.integer()],
            "GETRANGE" | "SUBSTR" => vec![self.key(), self.integer(), self.integer()],
            "SETRANGE" => {
                let offset = if self.0.below(10) == 0 { "-1".to_owned() } else { self.0.below(3000).to_string() };
                vec![self.key(), offset, self.value()]
            }
            "SETEX" => vec![self.key(), (10_000 + self.0.below(9)).to_string(), self.value()],
            "PSETEX" => vec![self.key(), (10_000_000 + self.0.below(9)).to_string(), self.value()],
            "GETEX" => self.getex(),
            "SET" => self.set(),
            _ => vec![self.key()],
        }
    }

    fn options(&mut self, options: &[&str]) -> Vec<String> {
        options.iter().filter(|_| self.0.below(6) == 0).map(|option| (*option).to_owned()).collect()
    }

    fn expire(&mut self, name: &str) -> Vec<String> {
        let base = match name {
            "EXPIRE" => 10_000,
            "EXPIREAT" => 4_000_000_000,
            _ => 4_000_000_000_000,
        };
        let mut words = vec![self.key(), (base + self.0.below(2000)).to_string()];
        words.extend(self.options(&["NX", "XX", "GT", "LT"]));
        words
    }

    fn getex(&mut self) -> Vec<String> {
        let mut words = vec![self.key()];
        match self.0.below(4) {
            0 => words.push("PERSIST".to_owned()),
            1 => words.extend(self.expiry()),
            2 => words.push(self.one_of(&["EX", "KEEPTTL", "NX"]).to_owned()),
            _ => {}
        }
        words
    }

    fn set(&mut self) -> Vec<String> {
        let mut words = vec![self.key(), self.value()];
        words.extend(self.options(&["NX", "XX", "GET", "KEEPTTL"]));
        if self.0.below(4) == 0 {
            words.extend(self.expiry());
        }
        words
    }
}

/// The two servers are asked one after the other, so that what depends on their clocks differs a little.
fn is_alike(words: &[String], expected: &Value<'_>, got: &Value<'_>) -> bool {
    let slack = match words[0].as_str() {
        "PEXPIRETIME" => 2000,
        "TTL" | "EXPIRETIME" => 2,
        _ => 0,
    };
    match (expected, got) {
        (Value::Integer(one), Value::Integer(other)) => one.abs_diff(*other) <= slack,
        (one, other) => one == other,
    }
}

/// Replies whose order means nothing are sorted.
fn comparable(words: &[String], reply: Value<'static>) -> Value<'static> {
    match reply {
        Value::Array(mut items) if words[0] == "KEYS" => {
            items.sort_by_key(|item| item.as_bytes().map(<[u8]>::to_vec));
            Value::Array(items)
        }
        other => sets::ordered(words, other),
    }
}

#[test]
fn replies_are_those_of_redis() {
    let seed = std::env::var("BONGSU_TEST_SEED").ok().map(|text| text.parse::<u64>().unwrap());
    let seed = seed.unwrap_or_else(|| u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos()));
    println!("BONGSU_TEST_SEED={seed}");
    let (peer, ours) = (Peer::start(""), Running::start(""));
    for protocol in ["2", "3"] {
        let (mut real, mut mine) = (Conn::over(peer.connect()), Conn::over(ours.connect()));
        let mut maker = Maker(Random::new([seed, 1, 2, 3]));
        for client in [&mut real, &mut mine] {
            client.ask(&["HELLO".to_owned(), protocol.to_owned()]);
            client.ask(&["FLUSHALL".to_owned()]);
        }
        let mut history: Vec<Vec<String>> = Vec::new();
        for _ in 0..COMMANDS {
            let words = maker.command();
            let (expected, got) = (real.ask(&words), mine.ask(&words));
            let (expected, got) = (comparable(&words, expected), comparable(&words, got));
            if !is_alike(&words, &expected, &got) {
                let concerned = |command: &&Vec<String>| words[1..].iter().any(|word| command[1..].contains(word));
                let before: Vec<_> = history.iter().rev().filter(concerned).take(12).collect();
                panic!(
                    "seed {seed}, RESP{protocol}: {words:?}\nexpected {expected:?}\ngot      {got:?}\nafter {before:#?}"
                );
            }
            history.push(words);
        }
    }
}
