use proptest::prelude::*;

use super::*;
use crate::call::testing::Bench;
use crate::eviction::Policy;
use crate::listpack::Listpack;

/// Takes the parts of one database's keys in elsewhere.
fn admit_all(bench: &mut Bench, image: &[u8], options: AdmissionOptions) -> Result<(), NotAdmitted> {
    let mut state = Admission::new(options);
    for part in Reader::new(image) {
        bench.shard.admit(&part.expect("a part"), &mut state)?;
    }
    assert!(!state.is_amid());
    Ok(())
}

fn image_of(bench: &Bench, key: &str) -> Vec<u8> {
    let mut image = Vec::new();
    assert!(bench.shard.image_of(0, key.as_bytes(), &mut image), "{key}");
    image
}

fn words(count: usize, word: impl Fn(usize) -> String) -> String {
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

/// Each type in each encoding: it goes over, and stays what it is.
#[test]
fn values_come_back_as_they_went() {
    let mut bench = Bench::new();
    let (many, long) = (700, "x".repeat(100));
    let mut lines = vec![
        "SET int 12345".to_owned(),
        "SET embstr short".to_owned(),
        format!("SET raw {long}"),
        "SET empty \"\"".to_owned(),
        "SET soon v PX 100000".to_owned(),
        "RPUSH list a 1 -7 70000".to_owned(),
        format!("RPUSH lists {}", words(many, |n| format!("{n}{long}"))),
        format!("RPUSH single {}", "y".repeat(20_000)),
        "SADD ints 1 2 70000 -5000000000".to_owned(),
        "SADD set a b 3 \"\"".to_owned(),
        format!("SADD sets {}", words(many, |n| format!("m{n}"))),
        format!("SADD longset {long}"),
        "HSET hash a 1 b 2 \"\" c d \"\"".to_owned(),
        format!("HSET hashes {}", words(many, |n| format!("f{n} v{n}"))),
        format!("HSET longhash f {long}"),
        "ZADD zset 1 a 2.5 b -inf c inf d 3 7".to_owned(),
        format!("ZADD zsets {}", words(many, |n| format!("{n}.25 m{n}"))),
        format!("ZADD longzset 1 {long}"),
        "PFADD hll a b c".to_owned(),
    ];
    let keys: Vec<String> = lines.iter().map(|line| line.split(' ').nth(1).unwrap_or_default().to_owned()).collect();
    lines.iter_mut().for_each(|line| {
        bench.run(line);
    });
    let mut other = Bench::new();
    for key in &keys {
        let image = image_of(&bench, key);
        admit_all(&mut other, &image, AdmissionOptions::default()).unwrap_or_else(|why| panic!("{key}: {why}"));
        for question in ["TYPE", "OBJECT ENCODING", "PEXPIRETIME"] {
            // What a sketch is made of is a string like others.
            if (question, key.as_str()) != ("OBJECT ENCODING", "hll") {
                let question = format!("{question} {key}");
                assert_eq!(bench.run(&question), other.run(&question), "{question}");
            }
        }
        assert_eq!(sorted(&image), sorted(&image_of(&other, key)), "{key}");
        assert_eq!(admit_all(&mut other, &image, AdmissionOptions::default()), Err(NotAdmitted::Exists));
        let replacing = AdmissionOptions { replaces: true, ..AdmissionOptions::default() };
        assert_eq!(admit_all(&mut other, &image, replacing), Ok(()));
        let elsewhere = AdmissionOptions { db: Some(3), ..AdmissionOptions::default() };
        assert_eq!(admit_all(&mut other, &image, elsewhere), Ok(()));
    }
    assert_eq!(other.run("PFCOUNT hll"), ":3");
    assert_eq!((other.shard.db(0).len(), other.shard.db(3).len()), (keys.len(), keys.len()));
    assert_eq!(other.shard.audit(), None);
    assert!(!bench.shard.image_of(0, b"none", &mut Vec::new()));
}

/// Parts, in an order that does not depend on where members lie.
fn sorted(image: &[u8]) -> Vec<String> {
    let mut parts: Vec<_> = Reader::new(image).map(|part| format!("{:?}", part.unwrap())).collect();
    parts[1..].sort();
    parts
}

fn head(value: Value<'_>) -> Part<'_> {
    Part::Head(Head { db: 0, key: b"k", expiry_ms: None, usage: Usage::Unknown, value })
}

fn pack(items: &[&str]) -> Vec<u8> {
    let mut list = Listpack::new();
    items.iter().for_each(|item| list.push_back(item.as_bytes()));
    list.into_bytes()
}

#[track_caller]
fn refuses(parts: &[Part<'_>], why: NotAdmitted) {
    let mut bench = Bench::new();
    let mut state = Admission::default();
    // What a part is by itself is known before; what came before it is not.
    let is_of_its_own = match why {
        NotAdmitted::Exists | NotAdmitted::OutOfPlace => false,
        NotAdmitted::Duplicate => parts.len() == 1,
        _ => true,
    };
    let known = parts.iter().try_for_each(|part| bench.shard.inspect(part));
    assert_eq!(known, if is_of_its_own { Err(why) } else { Ok(()) });
    let mut results = parts.iter().map(|part| bench.shard.admit(part, &mut state));
    assert_eq!(results.find(Result::is_err), Some(Err(why)));
    assert_eq!((results.count(), state.is_amid()), (0, false), "it was the last part");
    assert!(bench.shard.db(0).is_empty());
}

#[test]
fn what_is_wrong_is_not_taken_in() {
    let (odd, twice) = (pack(&["a", "1", "b"]), pack(&["a", "1", "a", "2"]));
    refuses(&[head(Value::SmallHash(&odd))], NotAdmitted::Malformed);
    refuses(&[head(Value::SmallZset(&odd))], NotAdmitted::Malformed);
    refuses(&[head(Value::SmallZset(&pack(&["a", "nan"])))], NotAdmitted::Malformed);
    refuses(&[head(Value::SmallZset(&pack(&["a", "b"])))], NotAdmitted::Malformed);
    refuses(&[head(Value::SmallHash(&twice))], NotAdmitted::Duplicate);
    refuses(&[head(Value::SmallZset(&twice))], NotAdmitted::Duplicate);
    refuses(&[head(Value::SmallSet(&pack(&["", "1", ""])))], NotAdmitted::Duplicate);
    refuses(&[head(Value::SmallSet(&pack(&[])))], NotAdmitted::Empty);
    refuses(&[head(Value::SmallSet(b"nonsense"))], NotAdmitted::Malformed);
    refuses(&[head(Value::Ints(b""))], NotAdmitted::Malformed);
    refuses(&[head(Value::Ints(&[2, 0, 0, 0, 0, 0, 0, 0]))], NotAdmitted::Empty);
    refuses(&[head(Value::Ints(&[2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0]))], NotAdmitted::Malformed);
    refuses(&[head(Value::List { chunks: 0 })], NotAdmitted::Empty);
    refuses(&[head(Value::List { chunks: 2 }), Part::Chunk(&pack(&[]))], NotAdmitted::Empty);
    refuses(&[head(Value::Set { members: 1 << 60 }), Part::Member(b"a"), Part::Member(b"a")], NotAdmitted::Duplicate);
    refuses(
        &[head(Value::Hash { fields: 2 }), Part::Field(b"a", b"1"), Part::Field(b"a", b"2")],
        NotAdmitted::Duplicate,
    );
    refuses(
        &[head(Value::Zset { members: 2 }), Part::Scored(b"a", 1.0), Part::Scored(b"a", 2.0)],
        NotAdmitted::Duplicate,
    );
    refuses(&[head(Value::Zset { members: 1 }), Part::Scored(b"a", f64::NAN)], NotAdmitted::Malformed);
    refuses(&[head(Value::Set { members: 1 }), Part::Field(b"a", b"1")], NotAdmitted::OutOfPlace);
    refuses(&[head(Value::Set { members: 1 }), head(Value::Int(1))], NotAdmitted::OutOfPlace);
    refuses(&[Part::Member(b"a")], NotAdmitted::OutOfPlace);
    let elsewhere = Head { db: 16, key: b"k", expiry_ms: None, usage: Usage::Unknown, value: Value::Int(1) };
    refuses(&[Part::Head(elsewhere)], NotAdmitted::NoSuchDatabase { db: 16 });
}

#[test]
fn keys_whose_time_is_over_are_left_out_or_kept() {
    for keeps_expired in [false, true] {
        let mut bench = Bench::new();
        let mut state = Admission::new(AdmissionOptions { keeps_expired, ..AdmissionOptions::default() });
        let key = |key, value| Part::Head(Head { db: 0, key, expiry_ms: Some(5), usage: Usage::Unknown, value });
        let parts = [key(b"one", Value::Int(1)), key(b"two", Value::Set { members: 1 }), Part::Member(b"m")];
        for part in parts {
            assert_eq!(bench.shard.admit(&part, &mut state), Ok(()));
        }
        assert_eq!(bench.shard.db(0).len(), if keeps_expired { 2 } else { 0 });
        assert_eq!(bench.shard.db(0).expiring(), bench.shard.db(0).len());
    }
}

#[test]
fn collections_are_kept_as_the_directives_say() {
    let mut bench = Bench::new();
    let settings = &mut bench.shard.settings;
    (settings.set_max_intset_entries, settings.set_max_listpack_entries) = (1, 1);
    (settings.hash_max_listpack_entries, settings.zset_max_listpack_entries) = (1, 1);
    settings.list_max_listpack_size = 1;
    let ints = [2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0];
    let (set, pairs) = (pack(&["a", "b"]), pack(&["a", "2", "b", "1"]));
    let values = [
        (Value::Ints(&ints), "hashtable"),
        (Value::SmallSet(&set), "hashtable"),
        (Value::SmallHash(&pairs), "hashtable"),
        (Value::SmallZset(&pairs), "skiplist"),
    ];
    for (value, encoding) in values {
        let mut state = Admission::new(AdmissionOptions { replaces: true, ..AdmissionOptions::default() });
        bench.shard.admit(&head(value), &mut state).unwrap();
        assert_eq!(bench.run("OBJECT ENCODING k"), format!("${} {encoding}", encoding.len()));
        assert_eq!(bench.shard.audit(), None);
    }
    let mut state = Admission::new(AdmissionOptions { replaces: true, ..AdmissionOptions::default() });
    for part in [head(Value::List { chunks: 1 }), Part::Chunk(&set)] {
        bench.shard.admit(&part, &mut state).unwrap();
    }
    assert_eq!(bench.run("OBJECT ENCODING k"), "$9 quicklist");
    // Whoever wrote them in another order: they are put in ours.
    bench.shard.settings.zset_max_listpack_entries = 128;
    bench.shard.admit(&head(Value::SmallZset(&pairs)), &mut state).unwrap();
    assert_eq!(bench.run("ZRANGE k 0 -1"), "*2 $1 b $1 a");
    assert_eq!(bench.run("OBJECT ENCODING k"), "$8 listpack");
}

#[test]
fn use_goes_over() {
    for (policy, question) in [(Policy::AllKeysLru, "IDLETIME"), (Policy::AllKeysLfu, "FREQ")] {
        let (mut one, mut other) = (Bench::new(), Bench::new());
        (one.shard.settings.policy, other.shard.settings.policy) = (policy, policy);
        one.run("SET k v");
        one.shard.now_ms += 50_000;
        let image = image_of(&one, "k");
        admit_all(&mut other, &image, AdmissionOptions::default()).unwrap();
        let question = format!("OBJECT {question} k");
        assert_eq!(one.run(&question), other.run(&question));
        assert_ne!(one.run(&question), ":0");
    }
}

proptest! {
    /// Whatever the parts are, they are taken in or refused; what is there then is as it is counted.
    #[test]
    fn no_part_does_harm(
        parts in proptest::collection::vec((0..14u8, 0..4u64, proptest::collection::vec(0..4u8, 0..20), 0..3u8), 0..60),
        small in any::<bool>(),
    ) {
        let mut bench = Bench::new();
        if small {
            (bench.shard.settings.set_max_listpack_entries, bench.shard.settings.list_max_listpack_size) = (1, 1);
        }
        let mut state = Admission::new(AdmissionOptions { replaces: small, ..AdmissionOptions::default() });
        for (kind, n, bytes, key) in parts {
            let items: Vec<String> = bytes.iter().map(|byte| byte.to_string()).collect();
            let list = pack(&items.iter().map(String::as_str).collect::<Vec<_>>());
            let key = [key];
            let of = |value| Part::Head(Head { db: 0, key: &key, expiry_ms: None, usage: Usage::Unknown, value });
            let part = match kind {
                0 => of(Value::Text(&bytes)),
                1 => of(Value::Int(n as i64)),
                2 => of(Value::Ints(&bytes)),
                3 => of(Value::SmallSet(&list)),
                4 => of(Value::SmallHash(&list)),
                5 => of(Value::SmallZset(&list)),
                6 => of(Value::List { chunks: n }),
                7 => of(Value::Set { members: n }),
                8 => of(Value::Hash { fields: n }),
                9 => of(Value::Zset { members: n }),
                10 => Part::Chunk(&list),
                11 => Part::Member(&bytes),
                12 => Part::Field(&bytes, &list),
                _ => Part::Scored(&bytes, n as f64),
            };
            let _refused = bench.shard.admit(&part, &mut state);
            prop_assert_eq!(bench.shard.audit(), None);
        }
    }
}
