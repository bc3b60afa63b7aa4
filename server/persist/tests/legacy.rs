//! Every form in which servers have ever written a value is read as Redis reads it.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use bongsu_persist::Damage;
use bongsu_persist::rdb::decode::{Fault, Options, Verdict};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use common::images::text;
use common::legacy::{file, length, string, ziplist, zipmap};
use common::load;
use common::model::Meant;
use common::redis::Redis;

const STRICT: Options = Options { distinct: true, checksum: true, batch_bytes: 100 };

/// A file with a key of each old type.
fn old_types(list: &[Vec<u8>], hash: &BTreeMap<Vec<u8>, Vec<u8>>, zset: &BTreeMap<Vec<u8>, i32>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut key = |kind: u8, name: &str, put: &dyn Fn(&mut Vec<u8>)| {
        out.push(kind);
        string(&mut out, name.as_bytes());
        put(&mut out);
    };
    let list: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
    let pairs: Vec<(&[u8], &[u8])> = hash.iter().map(|(field, value)| (&field[..], &value[..])).collect();
    let fields: Vec<&[u8]> = pairs.iter().flat_map(|(field, value)| [*field, *value]).collect();
    let mut ranked: Vec<_> = zset.iter().map(|(member, score)| (*score, member.clone())).collect();
    ranked.sort();
    let scores: Vec<_> =
        ranked.iter().map(|(score, member)| (member.clone(), score.to_string().into_bytes())).collect();
    let members: Vec<&[u8]> = scores.iter().flat_map(|(member, score)| [&member[..], &score[..]]).collect();
    key(1, "list", &|out| {
        length(out, list.len());
        list.iter().for_each(|element| string(out, element));
    });
    key(3, "zset", &|out| {
        length(out, scores.len() + 2);
        for (member, score) in &scores {
            string(out, member);
            out.push(score.len() as u8);
            out.extend_from_slice(score);
        }
        string(out, b"the greatest of all");
        out.push(254);
        string(out, b"the least of all");
        out.push(255);
    });
    key(9, "hash:zipmap", &|out| string(out, &zipmap(&pairs)));
    key(10, "list:ziplist", &|out| string(out, &ziplist(&list)));
    key(12, "zset:ziplist", &|out| string(out, &ziplist(&members)));
    key(13, "hash:ziplist", &|out| string(out, &ziplist(&fields)));
    key(14, "list:quicklist", &|out| {
        length(out, list.len() + 1);
        list.iter().for_each(|element| string(out, &ziplist(&[element, b"and"])));
        string(out, &ziplist(&[]));
    });
    out
}

#[test]
fn old_types_are_read_as_redis_reads_them() {
    let mut runner = TestRunner::deterministic();
    let any = (vec(text(), 1..20), btree_map(text(), text(), 1..20), btree_map(text(), any::<i32>(), 1..20));
    for version in 1..=9 {
        let (list, hash, zset) = any.new_tree(&mut runner).unwrap().current();
        let file = file(version, &old_types(&list, &hash, &zset));
        let options = Options { batch_bytes: 1 << 20, ..STRICT };
        let loaded = load(&file[..], options).unwrap();
        assert_eq!(loaded.checksum, Some(Verdict::Unknown));
        assert_eq!(loaded.model.get("list"), Some(&Meant::List(list)));
        assert_eq!(loaded.model.get("hash:zipmap"), Some(&Meant::Hash(hash)));
        assert_eq!(loaded.model.keys.len(), 7);
        let mut redis = Redis::load(&file, &[]).unwrap();
        assert_eq!(load(&redis.saved()[..], options).unwrap().model, loaded.model);
    }
}

#[test]
fn expiries_come_in_seconds_or_milliseconds() {
    let mut records = vec![253];
    records.extend_from_slice(&2_000_000_000i32.to_le_bytes());
    records.extend_from_slice(b"\x00\x01a\x01b\xfc");
    records.extend_from_slice(&4_102_444_800_123i64.to_le_bytes());
    records.extend_from_slice(b"\x00\x01b\x01b\xfc");
    records.extend_from_slice(&(-5i64).to_le_bytes());
    records.extend_from_slice(b"\x00\x01c\x01b\x00\x01d\x01b");
    let model = load(&file(4, &records)[..], STRICT).unwrap().model;
    let expiries: Vec<_> = model.keys.values().map(|key| key.expiry_ms).collect();
    assert_eq!(expiries, [Some(2_000_000_000_000), Some(4_102_444_800_123), Some(0), None]);
}

#[test]
fn empty_nodes_of_long_lists_cannot_be_left_out() {
    let mut long = vec![14, 1, b'k', 3];
    string(&mut long, &ziplist(&[&[b'x'; 200]]));
    string(&mut long, &ziplist(&[]));
    string(&mut long, &ziplist(&[b"y"]));
    assert!(matches!(refused(&long), Fault::EmptyNode));
    for container in [1, 2] {
        assert!(matches!(refused(&[18, 1, b'k', 1, container, 0]), Fault::EmptyNode));
    }
    let options = Options { batch_bytes: 1000, ..STRICT };
    let list = vec![vec![b'x'; 200], b"y".to_vec()];
    assert_eq!(load(&file(11, &long)[..], options).unwrap().model.get("k"), Some(&Meant::List(list)));
}

/// Why a file with this record is refused.
#[track_caller]
fn refused(record: &[u8]) -> Fault {
    load(&file(11, record)[..], STRICT).unwrap_err().fault
}

#[track_caller]
fn damage(record: &[u8]) -> Damage {
    match refused(record) {
        Fault::Collection { damage, .. } => damage,
        fault => panic!("{fault:?}"),
    }
}

fn record(kind: u8, blob: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 1, b'k'];
    string(&mut out, blob);
    out
}

#[test]
fn damage_is_found() {
    assert_eq!(damage(&record(13, &ziplist(&[b"a", b"1", b"a", b"2"]))), Damage::Duplicate);
    assert_eq!(damage(&record(9, &zipmap(&[(b"a", b"1"), (b"a", b"2")]))), Damage::Duplicate);
    assert_eq!(damage(&record(13, &ziplist(&[b"a", b"1", b"b"]))), Damage::Odd);
    assert_eq!(damage(&record(12, &ziplist(&[b"a", b"one"]))), Damage::Score);
    assert_eq!(damage(&record(16, b"\x07\0\0\0\x01\0\xff")), Damage::Count);
    assert_eq!(damage(&record(16, b"\x08\0\0\0\0\0\xff")), Damage::Header);
    assert_eq!(damage(&record(20, b"\x09\0\0\0\x01\0\x01\x02\xff")), Damage::Link);
    assert_eq!(damage(&record(20, b"\x0a\0\0\0\x01\0\x85a\x02\xff")), Damage::Element);
    assert_eq!(damage(&record(20, b"\x0b\0\0\0\x02\0\x01\x01\x01\x01\xff")), Damage::Duplicate);
    assert_eq!(damage(&record(11, b"\x02\0\0\0\x02\0\0\0\x02\0\x01\0")), Damage::Order);
    assert_eq!(damage(&record(11, b"\x03\0\0\0\0\0\0\0")), Damage::Header);
    assert_eq!(damage(&record(11, b"\x02\0\0\0\x02\0\0\0\x02\0")), Damage::Count);
    let mut broken = ziplist(&[b"one", b"two"]);
    broken[15] += 1;
    assert_eq!(damage(&record(10, &broken)), Damage::Link);
}

#[test]
fn what_is_no_value_is_refused() {
    assert!(matches!(refused(b"\x08\x01k"), Fault::Unknown(8)));
    assert!(matches!(refused(b"\x63"), Fault::Unknown(0x63)));
    for kind in [6, 7, 15, 19, 21, 22, 24, 25] {
        assert!(matches!(refused(&[kind, 1, b'k']), Fault::Unsupported(found) if found == kind));
    }
    assert!(matches!(refused(b"\x00\xc4"), Fault::Text));
    assert!(matches!(refused(b"\x00\x82"), Fault::Length));
    assert!(matches!(refused(b"\x02\x01k\xc0\x01"), Fault::Length));
    assert!(matches!(refused(b"\x00\x81\0\0\0\x01\0\0\0\0"), Fault::TooLong(0x1_0000_0000)));
    assert!(matches!(refused(b"\x00\x80\xff\xff\xff\xff"), Fault::Truncated));
    assert!(matches!(refused(b"\x12\x01k\x01\x03\x01a"), Fault::Node(3)));
    assert!(matches!(refused(b"\x05\x01k\x01\x01a\0\0\0\0\0\0\xf8\x7f"), Fault::Score));
    assert!(matches!(load(&b"RUBIS0009\xff"[..], STRICT).unwrap_err().fault, Fault::Magic));
    assert!(matches!(load(&b"REDIS0013\xff"[..], STRICT).unwrap_err().fault, Fault::Version(13)));
    assert!(matches!(load(&b"VALKEY081\xff"[..], STRICT).unwrap_err().fault, Fault::Version(81)));
    load(&b"VALKEY080\xff\0\0\0\0\0\0\0\0"[..], STRICT).unwrap();
}

#[test]
fn small_collections_are_put_in_order() {
    // Elements that are written longer than they need be, and members that are not sorted.
    let elements = b"\x81b\x02\xf1\x02\0\x03\x81a\x02\x81\x31\x02";
    let mut list = vec![6 + elements.len() as u8 + 1, 0, 0, 0, 4, 0];
    list.extend_from_slice(elements);
    list.push(0xff);
    let model = load(&file(11, &record(17, &list))[..], STRICT).unwrap().model;
    let expected = BTreeMap::from([(b"a".to_vec(), 1.0), (b"b".to_vec(), 2.0)]);
    assert_eq!(model.get("k"), Some(&Meant::Zset(expected)));
}

/// A folder with snapshots that other servers wrote or test with, if there is one: all of them are read.
const FOLDERS: &str = "BONGSU_TEST_SNAPSHOTS";

#[test]
fn files_of_other_servers_are_read() {
    let folders = std::env::var_os(FOLDERS).unwrap_or_default();
    for folder in std::env::split_paths(&folders).filter(|folder| folder.is_dir()) {
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|end| end == "rdb")).for_each(|path| check_asset(&path));
    }
}

fn check_asset(path: &Path) {
    let file = std::fs::read(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let loaded = load(&file[..], STRICT);
    match name {
        "corrupt_ziplist.rdb" => {
            assert!(matches!(loaded.unwrap_err().fault, Fault::Collection { .. }));
        }
        "corrupt_empty_keys.rdb" => {
            let loaded = loaded.unwrap();
            assert_eq!((loaded.empty_keys.len(), loaded.model.keys.len()), (9, 0));
        }
        _ => {
            let loaded = loaded.unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut redis = Redis::load(&file, &[]).unwrap();
            assert_eq!(load(&redis.saved()[..], STRICT).unwrap().model, loaded.model, "{name}");
        }
    }
}
