use crate::call::testing::Bench;

const NO_SKETCH: &str = "-WRONGTYPE Key is not a valid HyperLogLog string value.";
const CORRUPTED: &str = "-INVALIDOBJ Corrupted HLL object detected";
const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn elements_are_added_counted_and_merged() {
    let mut bench = Bench::new();
    bench.check(&[
        ("PFCOUNT k", ":0"),
        ("PFADD k", ":1"),
        ("PFADD k", ":0"),
        ("PFCOUNT k", ":0"),
        ("PFADD k a b c \"\"", ":1"),
        ("PFADD k a b c", ":0"),
        ("PFCOUNT k", ":4"),
        ("PFADD other c d", ":1"),
        ("PFCOUNT k other none", ":5"),
        ("PFMERGE to k other none", "+OK"),
        ("PFCOUNT to", ":5"),
        ("PFMERGE none", "+OK"),
        ("PFCOUNT none", ":0"),
        ("PFDEBUG ENCODING to", "+sparse"),
        ("PFDEBUG TODENSE to", ":1"),
        ("PFDEBUG TODENSE to", ":0"),
        ("PFCOUNT to", ":5"),
        ("PFADD to e", ":1"),
        ("PFADD to e", ":0"),
        ("PFCOUNT to", ":6"),
        ("PFMERGE k to", "+OK"),
        ("PFDEBUG encoding k", "+dense"),
        ("STRLEN k", ":12304"),
        ("PFDEBUG DECODE k", "-ERR HLL encoding is not sparse"),
        ("PFADD s hello", ":1"),
        ("PFDEBUG DECODE s", "$19 Z:9216 v:1,1 Z:7167"),
        ("PFDEBUG DECODE gone", "-ERR The specified key does not exist"),
        ("PFDEBUG nothing s", "-ERR Unknown PFDEBUG subcommand 'nothing'"),
        ("PFSELFTEST", "+OK"),
    ]);
    assert!(bench.run("PFDEBUG GETREG s").starts_with("*16384 :0 :0"));
    assert_eq!(bench.run("PFDEBUG ENCODING s"), "+dense");
}

#[test]
fn what_is_no_estimate_is_refused() {
    let mut bench = Bench::new();
    bench.check(&[
        ("MSET text foo number 12", "+OK"),
        ("RPUSH list x", ":1"),
        ("PFADD good a b", ":1"),
        ("PFADD text x", NO_SKETCH),
        ("PFADD number x", NO_SKETCH),
        ("PFADD list x", WRONG_TYPE),
        ("PFCOUNT text", NO_SKETCH),
        ("PFCOUNT good text", NO_SKETCH),
        ("PFMERGE new good text", NO_SKETCH),
        ("PFMERGE text good", NO_SKETCH),
        ("EXISTS new", ":0"),
        ("PFADD bad a b c", ":1"),
        ("APPEND bad hello", ":32"),
        ("PFCOUNT bad", CORRUPTED),
        ("PFCOUNT bad good", CORRUPTED),
        ("PFMERGE good bad", CORRUPTED),
        ("PFDEBUG GETREG bad", CORRUPTED),
        ("PFADD dense x", ":1"),
        ("SETRANGE dense 4 \"\\x00\"", ":20"),
        ("PFCOUNT dense", NO_SKETCH),
    ]);
}

#[test]
fn only_changes_are_told() {
    let mut bench = Bench::new();
    for (line, dirty, events) in [
        ("PFADD k a b", 3, vec!["new", "pfadd"]),
        ("PFADD k a b", 0, vec![]),
        ("PFADD k a c d", 2, vec!["pfadd"]),
        ("PFCOUNT k", 1, vec![]),
        ("PFCOUNT k", 0, vec![]),
        ("PFCOUNT k k", 0, vec![]),
        ("PFMERGE k", 1, vec!["pfadd"]),
        ("PFDEBUG TODENSE k", 1, vec![]),
        ("PFADD k a c e", 1, vec!["pfadd"]),
    ] {
        bench.run(line);
        assert_eq!((bench.effects.dirty, bench.events()), (dirty, events), "{line}");
    }
    bench.run("PEXPIRE k 1000");
    bench.run("PFADD k f");
    assert_eq!(bench.run("PTTL k"), ":1000");
}

#[test]
fn long_values_become_dense() {
    let mut bench = Bench::new();
    bench.shard.settings.hll_sparse_max_bytes = 30;
    bench.check(&[
        ("PFADD k a b", ":1"),
        ("PFDEBUG ENCODING k", "+sparse"),
        ("PFADD k c d e f g", ":1"),
        ("PFDEBUG ENCODING k", "+dense"),
        ("PFCOUNT k", ":7"),
    ]);
}
