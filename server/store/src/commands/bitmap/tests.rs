use crate::call::testing::Bench;

const LOWEST: &str = "*2 :576460752303423487 :-576460752303423488";
const NO_OFFSET: &str = "-ERR bit offset is not an integer or out of range";
const NO_BIT: &str = "-ERR bit is not an integer or out of range";
const SYNTAX: &str = "-ERR syntax error";
const NO_INTEGER: &str = "-ERR value is not an integer or out of range";

#[test]
fn bits_are_set_and_given() {
    let mut bench = Bench::new();
    bench.check(&[
        ("GETBIT k 100", ":0"),
        ("SETBIT k 1 1", ":0"),
        ("SETBIT k 1 1", ":1"),
        ("GET k", "$1 @"),
        ("SET n 1", "+OK"),
        ("GETBIT n 2", ":1"),
        ("SETBIT n 6 1", ":0"),
        ("GET n", "$1 3"),
        ("SETBIT k -1 1", NO_OFFSET),
        ("SETBIT k #1 1", NO_OFFSET),
        ("SETBIT k 4294967296 1", NO_OFFSET),
        ("GETBIT k 4294967296", NO_OFFSET),
        ("SETBIT k 1 2", NO_BIT),
        ("SETBIT k 1 x", NO_BIT),
    ]);
    bench.run("GET k");
    assert_eq!(bench.effects.dirty, 0);
    for (line, dirty) in [("SETBIT new 9 0", 1), ("SETBIT new 9 0", 0), ("SETBIT new 9 1", 1), ("SETBIT new 20 0", 1)] {
        bench.run(line);
        assert_eq!((bench.effects.dirty, bench.events().contains(&"setbit")), (dirty, dirty > 0), "{line}");
    }
}

#[test]
fn ones_are_counted() {
    Bench::new().check(&[
        ("BITCOUNT none", ":0"),
        ("SET k foobar", "+OK"),
        ("BITCOUNT k", ":26"),
        ("BITCOUNT k 0", SYNTAX),
        ("BITCOUNT k 0 -1", ":26"),
        ("BITCOUNT k -1 -1", ":4"),
        ("BITCOUNT k 1000 -1", ":0"),
        ("BITCOUNT k 1 -2", ":18"),
        ("BITCOUNT k -2 1", ":0"),
        ("BITCOUNT k -6 -7", ":0"),
        ("BITCOUNT k 5 30 BIT", ":17"),
        ("BITCOUNT k 0 0 byte", ":4"),
        ("BITCOUNT k -9223372036854775808 9223372036854775807 BIT", ":26"),
        ("BITCOUNT k 0 1 hello", SYNTAX),
        ("BITCOUNT none 0 1 BIT more", SYNTAX),
        ("BITCOUNT none a b", NO_INTEGER),
        ("SET n 1", "+OK"),
        ("BITCOUNT n", ":3"),
    ]);
}

#[test]
fn bits_are_found() {
    Bench::new().check(&[
        ("BITPOS none 0", ":0"),
        ("BITPOS none 1", ":-1"),
        ("SET k \"\\xff\\xf0\\x00\"", "+OK"),
        ("BITPOS k 0", ":12"),
        ("BITPOS k 1 2", ":-1"),
        ("BITPOS k 0 0 0", ":-1"),
        ("BITPOS k 0 0 11 BIT", ":-1"),
        ("BITPOS k 0 0 12 BIT", ":12"),
        ("BITPOS k 1 9 -1 BIT", ":9"),
        ("SET full \"\\xff\\xff\"", "+OK"),
        ("BITPOS full 0", ":16"),
        ("BITPOS full 0 1", ":16"),
        ("BITPOS full 0 2", ":-1"),
        ("BITPOS full 0 0 -1", ":-1"),
        ("BITPOS full 2", "-ERR The bit argument must be 1 or 0."),
        ("BITPOS full x", NO_INTEGER),
        ("BITPOS full 0 0 1 hello", SYNTAX),
        ("BITPOS none 0 0 1 BIT more", SYNTAX),
    ]);
}

#[test]
fn strings_are_combined() {
    let mut bench = Bench::new();
    bench.check(&[
        ("SET a ab", "+OK"),
        ("SET b BBB", "+OK"),
        ("BITOP OR to a b none", ":3"),
        ("GET to", "$3 cbB"),
        ("BITOP and to a b", ":3"),
        ("GET to", "$3 @B\0"),
        ("BITOP XOR to b", ":3"),
        ("GET to", "$3 BBB"),
        ("BITOP XOR to a b", ":3"),
        ("GET to", "$3 # B"),
        ("SET n 15", "+OK"),
        ("BITOP AND to n", ":2"),
        ("GET to", "$2 15"),
        ("BITOP NOT to a", ":2"),
        ("BITOP NOT to to", ":2"),
        ("GET to", "$2 ab"),
        ("BITOP NOT to a b", "-ERR BITOP NOT must be called with a single source key."),
        ("BITOP NOR to a b", SYNTAX),
    ]);
    for (line, reply, events) in [
        ("BITOP OR to a", ":2", vec!["set"]),
        ("BITOP OR to none", ":0", vec!["keymiss", "del"]),
        ("BITOP OR to none", ":0", vec!["keymiss"]),
    ] {
        assert_eq!((bench.run(line).as_str(), bench.events()), (reply, events), "{line}");
    }
}

#[test]
fn fields_are_read_and_changed() {
    let mut bench = Bench::new();
    bench.check(&[
        ("BITFIELD k", "*0"),
        ("BITFIELD k SET i8 0 255 SET i8 0 100 GET i8 0", "*3 :0 :-1 :100"),
        ("BITFIELD k SET u8 #0 65 SET u8 #1 66", "*2 :100 :0"),
        ("GET k", "$2 AB"),
        ("BITFIELD k GET u4 1 GET i4 1 GET u8 12", "*3 :8 :-8 :32"),
        ("BITFIELD k OVERFLOW SAT INCRBY i8 0 100 OVERFLOW FAIL INCRBY i8 0 1 INCRBY i8 0 -1", "*3 :127 $-1 :126"),
        ("BITFIELD k OVERFLOW SAT SET u8 0 -1 GET u8 0", "*2 :126 :255"),
        ("BITFIELD k SET i64 64 -9223372036854775808 INCRBY i64 64 -1", "*2 :0 :9223372036854775807"),
        ("BITFIELD k OVERFLOW SAT SET i60 200 -9223372036854775808 GET i60 200", "*2 :0 :576460752303423487"),
        ("BITFIELD k OVERFLOW SAT SET i60 200 -7000000000000000000 GET i60 200", LOWEST),
        ("BITFIELD k OVERFLOW SAT SET i64 200 -7 GET i64 200", "*2 :-9223372036854775808 :-7"),
        ("STRLEN k", ":33"),
        ("BITFIELD k GET u64 0", &no_type()),
        ("BITFIELD k GET i65 0", &no_type()),
        ("BITFIELD k GET u8 -1", NO_OFFSET),
        ("BITFIELD k GET u8 #9223372036854775807", NO_OFFSET),
        ("BITFIELD k GET u8 4294967296", NO_OFFSET),
        ("BITFIELD k SET u8 0 x", NO_INTEGER),
        ("BITFIELD k SET u8 0", SYNTAX),
        ("BITFIELD k OVERFLOW", SYNTAX),
        ("BITFIELD k OVERFLOW NONE GET u8 0", "-ERR Invalid OVERFLOW type specified"),
        ("BITFIELD_RO k GET u8 0", "*1 :255"),
        ("BITFIELD_RO k GET u8 0 SET u8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand"),
    ]);
    for (line, dirty) in [
        ("BITFIELD k GET u8 0", 0),
        ("BITFIELD k SET u8 0 255", 0),
        ("BITFIELD k SET u8 0 1 SET u8 8 1 SET u8 8 1", 2),
        ("BITFIELD new SET u8 0 0 SET u8 8 0", 2),
        ("BITFIELD other OVERFLOW FAIL SET u8 0 256", 1),
    ] {
        bench.run(line);
        assert_eq!(bench.effects.dirty, dirty, "{line}");
    }
}

fn no_type() -> String {
    "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.".to_owned()
}
