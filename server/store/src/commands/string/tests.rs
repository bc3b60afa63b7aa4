use proptest::prelude::*;

use crate::call::testing::Bench;

const NOW_MS: u64 = 1_700_000_000_000;
const WRONG_TYPE_FREE: &str = "-ERR syntax error";

#[test]
fn strings_are_set_and_given() {
    Bench::new().check(&[
        ("GET k", "$-1"),
        ("SET k v", "+OK"),
        ("GET k", "$1 v"),
        ("SET k 12", "+OK"),
        ("GET k", "$2 12"),
        ("SET k 012", "+OK"),
        ("GET k", "$3 012"),
        ("STRLEN k", ":3"),
        ("STRLEN none", ":0"),
        ("SETNX k x", ":0"),
        ("SETNX n x", ":1"),
        ("MGET k none n", "*3 $3 012 $-1 $1 x"),
        ("MSET a 1 b 2", "+OK"),
        ("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command"),
        ("MSETNX b 3 c 4", ":0"),
        ("MGET b c", "*2 $1 2 $-1"),
        ("MSETNX c 4 d 5", ":1"),
        ("GETSET c 6", "$1 4"),
        ("GETDEL c", "$1 6"),
        ("GETDEL c", "$-1"),
    ]);
}

#[test]
fn of_a_wrong_type_and_a_wrong_time_the_type_is_told() {
    Bench::new().check(&[
        ("RPUSH l a", ":1"),
        ("GETEX l PX 0", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("GETEX l PX", "-ERR syntax error"),
        ("SET k v", "+OK"),
        ("GETEX k PX 0", "-ERR invalid expire time in 'getex' command"),
    ]);
}

#[test]
fn set_takes_its_options_in_any_order() {
    let mut bench = Bench::new();
    bench.check(&[
        ("SET k v XX", "$-1"),
        ("SET k v NX", "+OK"),
        ("SET k w NX", "$-1"),
        ("SET k w XX GET", "$1 v"),
        ("SET n v NX GET", "$-1"),
        ("SET n w NX GET", "$1 v"),
        ("SET k v NX XX", WRONG_TYPE_FREE),
        ("SET k v EX", WRONG_TYPE_FREE),
        ("SET k v EX 10 PX 10", WRONG_TYPE_FREE),
        ("SET k v EX 10 KEEPTTL", WRONG_TYPE_FREE),
        ("SET k v EX x", "-ERR value is not an integer or out of range"),
        ("SET k v EX 0", "-ERR invalid expire time in 'set' command"),
        ("SET k v EX 9223372036854775807", "-ERR invalid expire time in 'set' command"),
        ("SETEX k -1 v", "-ERR invalid expire time in 'setex' command"),
        ("SET k v PX 5000", "+OK"),
        ("SET k w KEEPTTL", "+OK"),
    ]);
    bench.shard.now_ms += 4999;
    bench.check(&[("GET k", "$1 w")]);
    bench.shard.now_ms += 1;
    bench.check(&[("GET k", "$-1")]);
    assert_eq!((bench.events(), bench.effects.expired.len()), (vec!["expired", "keymiss"], 1));
}

#[test]
fn replicas_are_told_points_in_time() {
    let mut bench = Bench::new();
    for (line, told) in [
        ("SET k v EX 10", format!("SET k v PXAT {}", NOW_MS + 10_000)),
        ("SETEX k 10 v", format!("SET k v PXAT {}", NOW_MS + 10_000)),
        ("PSETEX k 10 v", format!("SET k v PXAT {}", NOW_MS + 10)),
        ("GETEX k EX 5", format!("PEXPIREAT k {}", NOW_MS + 5000)),
        ("GETEX k PERSIST", "PERSIST k".to_owned()),
        ("SET k 1.5 GET", "SET k 1.5".to_owned()),
        ("INCRBYFLOAT k 0.25", "SET k 1.75 KEEPTTL".to_owned()),
        ("GETDEL k", "DEL k".to_owned()),
    ] {
        bench.run(line);
        assert_eq!(bench.told(), [told], "{line}");
    }
    bench.run(&format!("SET k v pxat {}", NOW_MS + 5));
    assert!(bench.told().is_empty(), "it is a point in time as it came");
    bench.run(&format!("SET k v GET PXAT {}", NOW_MS + 5));
    assert_eq!(bench.told(), [format!("SET k v PXAT {}", NOW_MS + 5)]);
    bench.run("GET k");
    assert_eq!(bench.effects.dirty, 0);
}

#[test]
fn numbers_are_counted() {
    Bench::new().check(&[
        ("INCR n", ":1"),
        ("INCRBY n 41", ":42"),
        ("DECR n", ":41"),
        ("DECRBY n 42", ":-1"),
        ("GET n", "$2 -1"),
        ("SET n 9223372036854775807", "+OK"),
        ("INCR n", "-ERR increment or decrement would overflow"),
        ("DECRBY n -9223372036854775808", "-ERR decrement would overflow"),
        ("SET n x", "+OK"),
        ("INCR n", "-ERR value is not an integer or out of range"),
        ("INCRBYFLOAT n 1", "-ERR value is not a valid float"),
        ("SET n 10.50", "+OK"),
        ("INCRBYFLOAT n 0.1", "$4 10.6"),
        ("INCRBYFLOAT n -5", "$3 5.6"),
        ("SET n 5.0e3", "+OK"),
        ("INCRBYFLOAT n 2.0e2", "$4 5200"),
    ]);
}

#[test]
fn parts_are_given_and_overwritten() {
    Bench::new().check(&[
        ("SETRANGE k 5 abc", ":8"),
        ("GETRANGE k 4 -1", "$4 \0abc"),
        ("SET k \"Hello World\"", "+OK"),
        ("GETRANGE k -5 -1", "$5 World"),
        ("GETRANGE k 3 1", "$0"),
        ("GETRANGE k 0 100", "$11 Hello World"),
        ("SETRANGE k 6 Redis", ":11"),
        ("GET k", "$11 Hello Redis"),
        ("SETRANGE k -1 x", "-ERR offset is out of range"),
        ("SETRANGE none 0 \"\"", ":0"),
        ("APPEND k !", ":12"),
        ("APPEND n 12", ":2"),
        ("APPEND n 3", ":3"),
        ("INCR n", ":124"),
        ("SETRANGE k 536870912 x", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
    ]);
}

#[test]
fn a_part_is_one_change() {
    let mut bench = Bench::new();
    for line in ["SETRANGE k 5 abc", "SETRANGE k 5 abc"] {
        bench.run(line);
        assert_eq!((bench.effects.dirty, bench.effects.changed.len()), (1, 1), "{line}");
    }
}

#[test]
fn common_sequences_are_found() {
    let mut bench = Bench::new();
    bench.check(&[
        ("MSET a ohmytext b mynewtext n 12", "+OK"),
        ("LCS a b", "$6 mytext"),
        ("LCS a b LEN", ":6"),
        ("LCS a b IDX", "*4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6"),
        ("LCS a b IDX MINMATCHLEN 3 WITHMATCHLEN", "*4 $7 matches *1 *3 *2 :4 :7 *2 :5 :8 :4 $3 len :6"),
        ("LCS a b IDX MINMATCHLEN -1", "*4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6"),
        ("LCS n n", "$2 12"),
        ("LCS a none", "$0"),
        ("LCS none none LEN", ":0"),
        ("LCS a b LEN IDX", "-ERR If you want both the length and indexes, please just use IDX."),
        ("LCS a b MINMATCHLEN", WRONG_TYPE_FREE),
        ("RPUSH l x", ":1"),
        ("LCS a l", "-ERR The specified keys must contain string values"),
    ]);
    bench.shard.settings.string_max_bytes = 100;
    let too_much = "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
    bench.check(&[("LCS a b", too_much), ("LCS n n", "$2 12")]);
}

proptest! {
    /// Appending, overwriting and reading back give what a vector of bytes gives; nothing leaks from one to another.
    #[test]
    fn edits_are_those_of_bytes(steps in proptest::collection::vec((0u8..3, 0usize..2000, 0usize..600), 1..60)) {
        let mut bench = Bench::new();
        let mut model: Vec<u8> = Vec::new();
        for (n, (kind, offset, len)) in steps.into_iter().enumerate() {
            let fill = char::from(b'a' + (n % 26) as u8).to_string().repeat(len);
            match kind {
                0 => {
                    bench.run(&format!("APPEND k \"{fill}\""));
                    model.extend_from_slice(fill.as_bytes());
                }
                1 if len > 0 => {
                    bench.run(&format!("SETRANGE k {offset} \"{fill}\""));
                    model.resize(model.len().max(offset + len), 0);
                    model[offset..offset + len].copy_from_slice(fill.as_bytes());
                }
                _ => {
                    bench.run(&format!("SET k \"x{fill}\" PX 100000"));
                    model = format!("x{fill}").into_bytes();
                }
            }
            bench.run(&format!("SET other{} \"{}\"", n % 7, "o".repeat(len)));
            if !model.is_empty() {
                let given = bench.run("GETRANGE k 0 -1");
                let expected = format!("${} {}", model.len(), String::from_utf8_lossy(&model));
                prop_assert_eq!(given.trim_end(), expected.trim_end());
            }
        }
    }
}

#[test]
fn no_directive_makes_strings_longer_than_lengths_can_say() {
    let mut bench = Bench::new();
    bench.caller.is_master = true;
    bench.check(&[
        ("SETRANGE k 4294967295 x", "-ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
        ("SETBIT k 34359738368 1", "-ERR bit offset is not an integer or out of range"),
        ("EXISTS k", ":0"),
    ]);
}

#[test]
fn a_new_string_takes_no_more_than_it_needs() {
    for command in ["SETRANGE k 99999 x", "SETBIT k 799999 1"] {
        let mut bench = Bench::new();
        let before = bench.shard.heap_bytes();
        bench.run(command);
        let used = bench.shard.heap_bytes() - before;
        assert!(used < 110_000, "{command}: {used}");
    }
}
