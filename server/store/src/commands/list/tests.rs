use crate::call::testing::Bench;

#[test]
fn elements_come_and_go_at_both_ends() {
    let mut bench = Bench::new();
    bench.check(&[
        ("RPUSH l b c", ":2"),
        ("LPUSH l a", ":3"),
        ("LRANGE l 0 -1", "*3 $1 a $1 b $1 c"),
        ("LLEN l", ":3"),
        ("LINDEX l -1", "$1 c"),
        ("LINDEX l 3", "$-1"),
        ("LPOP l", "$1 a"),
        ("RPOP l 5", "*2 $1 c $1 b"),
        ("EXISTS l", ":0"),
        ("LPOP l", "$-1"),
        ("LPOP l 1", "*-1"),
        ("LPOP l -1", "-ERR value is out of range, must be positive"),
        ("LPUSHX l x", ":0"),
    ]);
}

#[test]
fn elements_are_changed_in_the_middle() {
    let mut bench = Bench::new();
    bench.check(&[
        ("RPUSH l a b a c a", ":5"),
        ("LPOS l a RANK 2", ":2"),
        ("LPOS l a RANK -1", ":4"),
        ("LPOS l a COUNT 0", "*3 :0 :2 :4"),
        ("LPOS l x COUNT 0", "*0"),
        ("LPOS l a RANK 0", "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"),
        ("LINSERT l BEFORE b x", ":6"),
        ("LINSERT l AFTER nope x", ":-1"),
        ("LSET l 1 y", "+OK"),
        ("LSET l 9 y", "-ERR index out of range"),
        ("LREM l -2 a", ":2"),
        ("LRANGE l 0 -1", "*4 $1 a $1 y $1 b $1 c"),
        ("LTRIM l 1 2", "+OK"),
        ("LRANGE l 0 -1", "*2 $1 y $1 b"),
        ("LTRIM l 5 2", "+OK"),
        ("EXISTS l", ":0"),
    ]);
}

#[test]
fn elements_move() {
    let mut bench = Bench::new();
    bench.check(&[("RPUSH a 1 2 3", ":3"), ("LMOVE a b LEFT RIGHT", "$1 1"), ("RPOPLPUSH a b", "$1 3")]);
    assert_eq!(bench.events(), ["lpush", "rpop"]);
    bench.check(&[
        ("LRANGE b 0 -1", "*2 $1 3 $1 1"),
        ("LMOVE b b LEFT RIGHT", "$1 3"),
        ("LRANGE b 0 -1", "*2 $1 1 $1 3"),
        ("LMOVE a b LEFT RIGHT", "$1 2"),
        ("EXISTS a", ":0"),
        ("LMOVE a b LEFT RIGHT", "$-1"),
        ("SET s x", "+OK"),
        ("LMOVE b s LEFT RIGHT", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("LLEN b", ":3"),
    ]);
}

#[test]
fn who_waits_says_for_what() {
    let mut bench = Bench::new();
    bench.check(&[
        ("BLPOP a b 0", "+(waits)"),
        ("BLPOP a x", "-ERR timeout is not a float or out of range"),
        ("BLPOP a -1", "-ERR timeout is negative"),
        ("RPUSH b 1 2", ":2"),
        ("BLPOP a b 0", "*2 $1 b $1 1"),
    ]);
    assert_eq!(bench.told(), ["LPOP b"]);
    bench.check(&[("BLMPOP 0 2 a b RIGHT COUNT 3", "*2 $1 b *1 $1 2"), ("LMPOP 1 a LEFT", "*-1")]);
    bench.check(&[
        ("LMPOP 0 a LEFT", "-ERR numkeys should be greater than 0"),
        ("LMPOP 1 a LEFT COUNT 0", "-ERR count should be greater than 0"),
        ("LMPOP 2 a LEFT", "-ERR syntax error"),
    ]);
}
