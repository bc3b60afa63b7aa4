//! Commands of sets and hashes, of sorting, of copies and of other databases.

use bongsu_protocol::resp::Value;

use super::Maker;

const NAMES: [&str; 52] = [
    "COPY",
    "HDEL",
    "HEXISTS",
    "HGET",
    "HGETALL",
    "HINCRBY",
    "HINCRBYFLOAT",
    "HKEYS",
    "HLEN",
    "HMGET",
    "HMSET",
    "HRANDFIELD",
    "HSCAN",
    "HSET",
    "HSET",
    "HSET",
    "HSETNX",
    "HSTRLEN",
    "HVALS",
    "MOVE",
    "OBJECT",
    "RPUSH",
    "SADD",
    "SADD",
    "SADD",
    "SADD",
    "SCAN",
    "SCARD",
    "SDIFF",
    "SDIFFSTORE",
    "SINTER",
    "SINTERCARD",
    "SINTERSTORE",
    "SISMEMBER",
    "SMEMBERS",
    "SMISMEMBER",
    "SMOVE",
    "SORT",
    "SORT",
    "SORT_RO",
    "SPOP",
    "SRANDMEMBER",
    "SREM",
    "SREM",
    "SSCAN",
    "SUNION",
    "SUNIONSTORE",
    "SWAPDB",
    "TYPE",
    "DEL",
    "EXPIRE",
    "PERSIST",
];

/// More than any collection here has.
const ALL: &str = "100000";

pub(super) fn command(maker: &mut Maker) -> Vec<String> {
    let name = maker.one_of(&NAMES);
    let mut words = vec![name.to_owned()];
    words.extend(arguments(maker, name));
    // With fewer arguments these give random elements.
    let is_random = ["SCAN", "SPOP", "MEMBER", "FIELD"].iter().any(|end| name.ends_with(end));
    if maker.0.below(200) == 0 && !is_random {
        words.truncate(1 + maker.0.below(words.len() as u64) as usize);
    }
    words
}

fn arguments(maker: &mut Maker, name: &str) -> Vec<String> {
    match name {
        "HDEL" | "HMGET" => with_some(maker, hash, element),
        "HEXISTS" | "HGET" | "HSTRLEN" => vec![hash(maker), element(maker)],
        "HGETALL" | "HKEYS" | "HLEN" | "HVALS" => vec![hash(maker)],
        "HINCRBY" | "HINCRBYFLOAT" => vec![hash(maker), element(maker), maker.integer()],
        "HSET" | "HMSET" | "HSETNX" => pairs(maker, name),
        "HRANDFIELD" => random_fields(maker),
        "HSCAN" => vec![hash(maker), "0".to_owned(), "COUNT".to_owned(), ALL.to_owned()],
        "SSCAN" => scan(maker, set),
        "SCAN" => vec!["0".to_owned(), "COUNT".to_owned(), ALL.to_owned(), "TYPE".to_owned(), kind(maker)],
        "SADD" | "SREM" | "SMISMEMBER" => with_some(maker, set, element),
        "SISMEMBER" => vec![set(maker), element(maker)],
        "SMOVE" => vec![set(maker), set(maker), element(maker)],
        "SDIFF" | "SINTER" | "SUNION" => with_some(maker, set, set),
        "SDIFFSTORE" | "SINTERSTORE" | "SUNIONSTORE" => with_some(maker, set, set),
        "SINTERCARD" => common(maker),
        "SPOP" | "SRANDMEMBER" => vec![set(maker), maker.one_of(&[ALL, ALL, "0", "-0", "x"]).to_owned()],
        "SORT" | "SORT_RO" => sort(maker, name),
        "RPUSH" => with_some(maker, list, element),
        "COPY" => copy(maker),
        "MOVE" => vec![any(maker), maker.one_of(&["0", "1", "16", "-1", "x", "3000000000"]).to_owned()],
        "SWAPDB" => vec!["0".to_owned(), maker.one_of(&["0", "0", "0", "1", "16", "x"]).to_owned()],
        "OBJECT" => vec![maker.one_of(&["FREQ", "FORM"]).to_owned(), collection(maker)],
        "EXPIRE" => vec![any(maker), "10000".to_owned()],
        _ => vec![any(maker)],
    }
}

fn set(maker: &mut Maker) -> String {
    if maker.0.below(40) == 0 { any(maker) } else { format!("s{}", maker.0.below(6)) }
}

fn hash(maker: &mut Maker) -> String {
    if maker.0.below(40) == 0 { any(maker) } else { format!("h{}", maker.0.below(4)) }
}

fn list(maker: &mut Maker) -> String {
    if maker.0.below(40) == 0 { any(maker) } else { format!("l{}", maker.0.below(2)) }
}

fn any(maker: &mut Maker) -> String {
    match maker.0.below(4) {
        0 => maker.key(),
        _ => collection(maker),
    }
}

fn collection(maker: &mut Maker) -> String {
    match maker.0.below(4) {
        0 => set(maker),
        1 => hash(maker),
        2 => list(maker),
        _ => format!("none{}", maker.0.below(2)),
    }
}

fn kind(maker: &mut Maker) -> String {
    maker.one_of(&["set", "hash", "list", "string", "SET", "thing"]).to_owned()
}

/// Mostly from a few, so that they meet again; now and then so many or so long that a collection becomes large.
fn element(maker: &mut Maker) -> String {
    match maker.0.below(12) {
        0 => maker.0.below(1000).to_string(),
        1 => format!("m{}", maker.0.below(300)),
        2 => "x".repeat(60 + maker.0.below(10) as usize),
        3 => maker
            .one_of(&["", "007", "-1", "1.5", "9223372036854775807", "99999999999999999999", "3000000000"])
            .to_owned(),
        4..=8 => maker.0.below(12).to_string(),
        _ => format!("m{}", maker.0.below(12)),
    }
}

type Make = fn(&mut Maker) -> String;

fn with_some(maker: &mut Maker, first: Make, rest: Make) -> Vec<String> {
    let count = if maker.0.below(60) == 0 { 200 } else { 1 + maker.0.below(4) };
    let mut words = vec![first(maker)];
    words.extend((0..count).map(|_| rest(maker)));
    words
}

fn pairs(maker: &mut Maker, name: &str) -> Vec<String> {
    let count = if name == "HSETNX" { 1 } else { 1 + maker.0.below(3) };
    let mut words = vec![hash(maker)];
    words.extend((0..count).flat_map(|_| [element(maker), element(maker)]));
    if maker.0.below(50) == 0 {
        words.pop();
    }
    words
}

fn random_fields(maker: &mut Maker) -> Vec<String> {
    let mut words = vec![hash(maker), maker.one_of(&[ALL, ALL, "0", "x", "-9223372036854775808"]).to_owned()];
    words.extend((maker.0.below(3) > 0).then(|| maker.one_of(&["WITHVALUES", "withvalues", "VALUES"]).to_owned()));
    words
}

fn scan(maker: &mut Maker, key: Make) -> Vec<String> {
    let mut words = vec![key(maker), "0".to_owned(), "COUNT".to_owned(), ALL.to_owned()];
    if maker.0.below(2) == 0 {
        words.extend(["MATCH".to_owned(), maker.one_of(&["*", "m*", "[1-4]", "x*x"]).to_owned()]);
    }
    words.extend(maker.options(&["COUNT"]));
    words
}

fn common(maker: &mut Maker) -> Vec<String> {
    let mut words = vec![maker.one_of(&["1", "2", "2", "0", "x", "9"]).to_owned(), set(maker), set(maker)];
    if maker.0.below(2) == 0 {
        words.extend(["LIMIT".to_owned(), maker.one_of(&["0", "1", "3", "-1", "x"]).to_owned()]);
    }
    words
}

fn copy(maker: &mut Maker) -> Vec<String> {
    let mut words = vec![any(maker), any(maker)];
    words.extend(maker.options(&["REPLACE"]));
    if maker.0.below(3) == 0 {
        words.extend(["DB".to_owned(), maker.one_of(&["0", "1", "16", "x"]).to_owned()]);
    }
    words
}

fn sort(maker: &mut Maker, name: &str) -> Vec<String> {
    let mut words = vec![any(maker)];
    words.extend(maker.options(&["ALPHA", "ASC", "DESC", "ALPHA", "ALPHA"]));
    let alpha = words.iter().any(|word| word == "ALPHA");
    if maker.0.below(4) == 0 {
        // Texts that are the same leave the order open.
        let by = if alpha { maker.one_of(&["none", "none"]) } else { maker.one_of(&["none", "k*", "h1->*", "h*->m1"]) };
        words.extend(["BY".to_owned(), by.to_owned()]);
    } else if maker.0.below(3) == 0 {
        let bound = |maker: &mut Maker| maker.one_of(&["0", "1", "5", "-1", "1000", "x"]).to_owned();
        words.extend(["LIMIT".to_owned(), bound(maker), bound(maker)]);
    }
    for _ in 0..maker.0.below(3) {
        words.extend(["GET".to_owned(), maker.one_of(&["#", "k*", "h*->m1", "h1", "h*->"]).to_owned()]);
    }
    if maker.0.below(4) == 0 && name == "SORT" {
        words.extend(["STORE".to_owned(), list(maker)]);
    }
    words
}

/// How many replies of a list belong together, where the order of the list means nothing.
fn group(words: &[String], is_flat: bool) -> Option<usize> {
    let has = |option: &str| words.iter().any(|word| word.eq_ignore_ascii_case(option));
    match words[0].as_str() {
        "HGETALL" => Some(2),
        "HRANDFIELD" if has("WITHVALUES") && is_flat => Some(2),
        "SORT" | "SORT_RO" if has("none") => {
            Some(words.iter().filter(|word| word.eq_ignore_ascii_case("GET")).count().max(1))
        }
        "HKEYS" | "HRANDFIELD" | "HVALS" | "SDIFF" | "SINTER" | "SMEMBERS" | "SPOP" | "SRANDMEMBER" | "SUNION" => {
            Some(1)
        }
        _ => None,
    }
}

fn sorted(items: Vec<Value<'static>>, group: usize) -> Vec<Value<'static>> {
    let mut groups: Vec<Vec<_>> = items.chunks(group).map(<[_]>::to_vec).collect();
    groups.sort_by_key(|group| format!("{group:?}"));
    groups.concat()
}

/// The reply in an order that means nothing any more, where it meant nothing before.
pub(super) fn ordered(words: &[String], reply: Value<'static>) -> Value<'static> {
    match reply {
        Value::Set(items) => Value::Set(sorted(items, 1)),
        Value::Map(mut items) => {
            items.sort_by_key(|item| format!("{item:?}"));
            Value::Map(items)
        }
        Value::Array(items) if words[0].ends_with("SCAN") => match <[_; 2]>::try_from(items) {
            Ok([cursor, Value::Array(found)]) => {
                let group = if words[0] == "HSCAN" { 2 } else { 1 };
                Value::Array(vec![cursor, Value::Array(sorted(found, group))])
            }
            Ok(other) => Value::Array(other.into()),
            Err(other) => Value::Array(other),
        },
        Value::Array(items) => {
            let is_flat = !matches!(items.first(), Some(Value::Array(_)));
            match group(words, is_flat) {
                Some(group) => Value::Array(sorted(items, group)),
                None => Value::Array(items),
            }
        }
        other => other,
    }
}
