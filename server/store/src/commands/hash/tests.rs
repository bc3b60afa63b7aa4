use crate::call::testing::Bench;

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn fields_are_set_and_given() {
    let mut bench = Bench::new();
    bench.check(&[
        ("HSET h a 1 b 2", ":2"),
        ("HSET h a 3 c 4", ":1"),
        ("HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command"),
        ("HMSET h a 1 b", "-ERR wrong number of arguments for 'hmset' command"),
        ("HMSET h a 3", "+OK"),
        ("HGET h a", "$1 3"),
        ("HGET h x", "$-1"),
        ("HGET none x", "$-1"),
        ("HMGET h a x c", "*3 $1 3 $-1 $1 4"),
        ("HMGET none a", "*1 $-1"),
        ("HGETALL h", "*6 $1 a $1 3 $1 b $1 2 $1 c $1 4"),
        ("HGETALL none", "*0"),
        ("HKEYS h", "*3 $1 a $1 b $1 c"),
        ("HVALS h", "*3 $1 3 $1 2 $1 4"),
        ("HLEN h", ":3"),
        ("HSETNX h a 9", ":0"),
        ("HSETNX h d long", ":1"),
        ("HSTRLEN h d", ":4"),
        ("HSTRLEN h x", ":0"),
        ("HEXISTS h d", ":1"),
        ("HEXISTS h x", ":0"),
        ("HDEL h a x b", ":2"),
        ("HDEL none a", ":0"),
        ("HSCAN h 0", "*2 $1 0 *4 $1 c $1 4 $1 d $4 long"),
        ("HSCAN h 0 MATCH d*", "*2 $1 0 *2 $1 d $4 long"),
        ("HSCAN h 0 NOVALUES COUNT 5", "*2 $1 0 *2 $1 c $1 d"),
        ("HSCAN h x", "-ERR invalid cursor"),
        ("HDEL h c d", ":2"),
        ("EXISTS h", ":0"),
    ]);
    assert_eq!(bench.run("TYPE h"), "+none");
}

#[test]
fn changes_are_told() {
    let mut bench = Bench::new();
    bench.run("HSET h a 1 b 2");
    assert_eq!((bench.events(), bench.effects.dirty), (vec!["new", "hset"], 2));
    bench.run("HSETNX h c 1");
    assert_eq!((bench.events(), bench.effects.dirty), (vec!["hset"], 1));
    bench.run("HINCRBYFLOAT h c 0.5");
    assert_eq!((bench.events(), bench.told()), (vec!["hincrbyfloat"], vec!["HSET h c 1.5".to_owned()]));
    bench.run("HDEL h a b c");
    assert_eq!((bench.events(), bench.effects.dirty), (vec!["hdel", "del"], 3));
    bench.run("HSETNX h c 1");
    bench.run("HSETNX h c 1");
    assert_eq!((bench.events(), bench.effects.dirty), (vec![], 0));
}

#[test]
fn values_are_counted() {
    Bench::new().check(&[
        ("HINCRBY h n 5", ":5"),
        ("HINCRBY h n -7", ":-2"),
        ("HINCRBY h n x", "-ERR value is not an integer or out of range"),
        ("HSET h s text", ":1"),
        ("HINCRBY h s 1", "-ERR hash value is not an integer"),
        ("HINCRBYFLOAT h s 1", "-ERR hash value is not a float"),
        ("HINCRBYFLOAT h n x", "-ERR value is not a valid float"),
        ("HINCRBYFLOAT h n inf", "-ERR value is NaN or Infinity"),
        ("HINCRBYFLOAT h n 0.25", "$5 -1.75"),
        ("HSET h n 9223372036854775807", ":0"),
        ("HINCRBY h n 1", "-ERR increment or decrement would overflow"),
        ("HGET h n", "$19 9223372036854775807"),
    ]);
}

#[test]
fn random_fields_are_given() {
    let mut bench = Bench::new();
    bench.check(&[
        ("HRANDFIELD none", "$-1"),
        ("HRANDFIELD none 3", "*0"),
        ("HSET h a 1", ":1"),
        ("HRANDFIELD h", "$1 a"),
        ("HRANDFIELD h 3", "*1 $1 a"),
        ("HRANDFIELD h 0", "*0"),
        ("HRANDFIELD h -2", "*2 $1 a $1 a"),
        ("HRANDFIELD h -2 WITHVALUES", "*4 $1 a $1 1 $1 a $1 1"),
        ("HRANDFIELD h 2 VALUES", "-ERR syntax error"),
        ("HRANDFIELD h x", "-ERR value is not an integer or out of range"),
        (
            "HRANDFIELD h -9223372036854775808",
            "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ),
        ("HRANDFIELD h -9223372036854770000 WITHVALUES", "-ERR value is out of range"),
        ("HRANDFIELD h 4611686018427387904 WITHVALUES", "-ERR value is out of range"),
        ("HRANDFIELD h 4611686018427387903 WITHVALUES", "*2 $1 a $1 1"),
    ]);
    bench.caller.reply_bytes_max = 10_000;
    for line in ["HRANDFIELD h -9223372036854775807", "HRANDFIELD h -4611686018427387903 WITHVALUES"] {
        assert_eq!(bench.run(line), "+(cut off)", "{line}");
    }
    (0..600).for_each(|n| assert_eq!(bench.run(&format!("HSET big f{n} {n}")), ":1"));
    let reply = bench.run("HRANDFIELD big 500");
    let mut fields: Vec<_> = reply.split(' ').filter(|word| word.starts_with('f')).collect();
    fields.sort_unstable();
    fields.dedup();
    assert_eq!(fields.len(), 500);
}

#[test]
fn other_types_are_refused() {
    let mut bench = Bench::new();
    bench.check(&[("SET s v", "+OK"), ("SADD set 1", ":1")]);
    for line in
        ["HSET @ a 1", "HSETNX @ a 1", "HGET @ a", "HDEL @ a", "HINCRBY @ a 1", "HLEN @", "HRANDFIELD @", "HSCAN @ 0"]
    {
        bench.check(&[(line.replace('@', "s").as_str(), WRONG_TYPE), (line.replace('@', "set").as_str(), WRONG_TYPE)]);
        assert_eq!(bench.effects.dirty, 0);
    }
}
