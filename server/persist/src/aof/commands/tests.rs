use std::collections::BTreeMap;
use std::io::Cursor;

use bongsu_store::image::Usage;
use bongsu_store::listpack::Listpack;
use proptest::prelude::*;

use super::*;
use crate::aof::scan::{Entry, Scanner};

fn head<'a>(key: &'a [u8], value: Value<'a>) -> Part<'a> {
    Part::Head(Head { db: 0, key, expiry_ms: None, usage: Usage::Unknown, value })
}

fn rewrite(parts: &[Part<'_>]) -> Result<Vec<u8>, Misfit> {
    let (mut rewriter, mut out) = (Rewriter::new(), Vec::new());
    parts.iter().try_for_each(|part| rewriter.part(part, &mut out))?;
    rewriter.finish()?;
    Ok(out)
}

/// The commands, each as its words.
fn commands(parts: &[Part<'_>]) -> Vec<String> {
    let out = rewrite(parts).expect("fits");
    let mut scanner = Scanner::new(Cursor::new(out), 0);
    let mut commands = Vec::new();
    while let Some(entry) = scanner.next() {
        let Ok(Entry::Command(command)) = entry else { panic!("{entry:?}") };
        let words: Vec<_> = command.arguments().map(|word| word.escape_ascii().to_string()).collect();
        commands.push(words.join(" "));
    }
    commands
}

fn listpack(items: &[&str]) -> Listpack {
    let mut list = Listpack::new();
    items.iter().for_each(|item| list.push_back(item.as_bytes()));
    list
}

#[test]
fn each_kind_of_value_has_its_command() {
    let mut ints = IntSet::new();
    [-70_000, 3, 5].iter().for_each(|n| assert!(ints.insert(*n)));
    let (set, hash, zset) =
        (listpack(&["a", "7"]), listpack(&["f", "v", "g", "-1"]), listpack(&["m", "1.5", "n", "2"]));
    let list = listpack(&["x", "300", "y"]);
    let parts = [
        head(b"text", Value::Text(b"a b")),
        head(b"int", Value::Int(-5)),
        head(b"ints", Value::Ints(ints.as_bytes())),
        head(b"set", Value::SmallSet(set.as_bytes())),
        head(b"hash", Value::SmallHash(hash.as_bytes())),
        head(b"zset", Value::SmallZset(zset.as_bytes())),
        head(b"list", Value::List { chunks: 2 }),
        Part::Chunk(list.as_bytes()),
        Part::Chunk(list.as_bytes()),
        head(b"large set", Value::Set { members: 1 }),
        Part::Member(b"m"),
        head(b"large hash", Value::Hash { fields: 2 }),
        Part::Field(b"f", b"v"),
        Part::Field(b"g", b""),
        head(b"large zset", Value::Zset { members: 3 }),
        Part::Scored(b"a", 0.1),
        Part::Scored(b"b", f64::NEG_INFINITY),
        Part::Scored(b"c", -3.0),
        head(b"nothing", Value::Set { members: 0 }),
    ];
    let expected = [
        "SELECT 0",
        "SET text a b",
        "SET int -5",
        "SADD ints -70000 3 5",
        "SADD set a 7",
        "HMSET hash f v g -1",
        "ZADD zset 1.5 m 2 n",
        "RPUSH list x 300 y x 300 y",
        "SADD large set m",
        "HMSET large hash f v g ",
        "ZADD large zset 0.1 a -inf b -3 c",
    ];
    assert_eq!(commands(&parts), expected);
}

#[test]
fn databases_are_selected_and_expiries_follow_their_keys() {
    let with =
        |db, expiry_ms, value| Part::Head(Head { db, key: b"k", expiry_ms, usage: Usage::IdleSeconds(3), value });
    let parts = [
        with(3, Some(12), Value::Text(b"a")),
        with(3, None, Value::Text(b"b")),
        with(9, Some(13), Value::Set { members: 2 }),
        Part::Member(b"x"),
        Part::Member(b"y"),
        with(9, Some(14), Value::Set { members: 0 }),
        with(0, Some(u64::MAX), Value::Int(1)),
    ];
    let expected = [
        "SELECT 3",
        "SET k a",
        "PEXPIREAT k 12",
        "SET k b",
        "SELECT 9",
        "SADD k x y",
        "PEXPIREAT k 13",
        "SELECT 0",
        "SET k 1",
        "PEXPIREAT k 9223372036854775807",
    ];
    assert_eq!(commands(&parts), expected);
}

#[test]
fn commands_stay_short() {
    let members: Vec<String> = (0..150).map(|n| format!("m{n}")).collect();
    let mut parts = vec![head(b"s", Value::Set { members: 150 })];
    parts.extend(members.iter().map(|member| Part::Member(member.as_bytes())));
    let lens: Vec<_> = commands(&parts).iter().map(|command| command.split(' ').count()).collect();
    assert_eq!(lens, [2, 66, 66, 24]);
    let large = vec![b'x'; 60_000];
    let parts =
        [head(b"s", Value::Set { members: 3 }), Part::Member(&large), Part::Member(&large[1..]), Part::Member(b"y")];
    let lens: Vec<_> = commands(&parts).iter().map(|command| command.split(' ').count()).collect();
    assert_eq!(lens, [2, 4, 3]);
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    assert_eq!(rewrite(&[Part::Member(b"m")]), Err(Misfit::Stray));
    assert_eq!(rewrite(&[head(b"s", Value::Set { members: 1 }), Part::Field(b"f", b"v")]), Err(Misfit::Stray));
    assert_eq!(
        rewrite(&[head(b"s", Value::Set { members: 2 }), Part::Member(b"m")]),
        Err(Misfit::Unfinished { missing: 1 })
    );
    let two = [head(b"s", Value::Hash { fields: 2 }), head(b"t", Value::Int(1))];
    assert_eq!(rewrite(&two), Err(Misfit::Unfinished { missing: 2 }));
    let odd = listpack(&["a", "1", "b"]);
    assert_eq!(rewrite(&[head(b"z", Value::SmallZset(odd.as_bytes()))]), Err(Misfit::Malformed));
    assert_eq!(rewrite(&[head(b"z", Value::SmallSet(b"what"))]), Err(Misfit::Malformed));
    assert_eq!(rewrite(&[head(b"z", Value::Ints(b"what"))]), Err(Misfit::Malformed));
}

#[test]
fn elements_of_every_width_are_read() {
    let numbers = [
        0,
        127,
        128,
        -1,
        4095,
        -4096,
        4096,
        -32768,
        32767,
        8_388_607,
        -8_388_608,
        i64::from(i32::MAX),
        i64::MIN,
        i64::MAX,
    ];
    let mut items: Vec<String> = numbers.iter().map(i64::to_string).collect();
    items.extend([0, 1, 63, 64, 100, 4095, 4096, 17_000, 2_097_152].map(|len| "x".repeat(len)));
    let mut list = Listpack::new();
    items.iter().for_each(|item| list.push_back(item.as_bytes()));
    let read: Result<Vec<_>, _> =
        Items::of(list.as_bytes()).expect("a listpack").map(|item| item.map(|item| item.to_vec())).collect();
    let expected: Vec<_> = items.iter().map(|item| item.clone().into_bytes()).collect();
    assert!(read.expect("is sound") == expected);
}

proptest! {
    #[test]
    fn damaged_collections_are_refused_without_panic(
        items in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..20),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
    ) {
        let mut list = Listpack::new();
        items.iter().for_each(|item| list.push_back(item));
        let mut bytes = list.as_bytes().to_vec();
        for (at, byte) in damage {
            let len = bytes.len();
            bytes[at.index(len)] = byte;
        }
        for value in [Value::SmallSet(&bytes), Value::SmallHash(&bytes), Value::SmallZset(&bytes), Value::Ints(&bytes)] {
            let _refused = rewrite(&[head(b"k", value)]);
        }
    }

    #[test]
    fn what_is_run_makes_what_was_there(
        keys in prop::collection::btree_map("[a-z]{1,4}", prop::collection::btree_map("[a-z]{0,9}", "[a-z]{0,9}", 1..200), 0..6),
    ) {
        let mut parts = Vec::new();
        for (key, fields) in &keys {
            parts.push(head(key.as_bytes(), Value::Hash { fields: fields.len() as u64 }));
            parts.extend(fields.iter().map(|(field, value)| Part::Field(field.as_bytes(), value.as_bytes())));
        }
        let out = rewrite(&parts).expect("fits");
        let mut scanner = Scanner::new(Cursor::new(out), 0);
        let mut made: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        while let Some(entry) = scanner.next() {
            let Ok(Entry::Command(command)) = entry else { panic!("{entry:?}") };
            let words: Vec<_> = command.arguments().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
            if words[0] == "HMSET" {
                let hash = made.entry(words[1].clone()).or_default();
                hash.extend(words[2..].chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())));
            }
        }
        prop_assert_eq!(made, keys);
    }
}
