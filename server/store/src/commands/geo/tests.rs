use crate::call::testing::Bench;

fn sicily() -> Bench {
    let mut bench = Bench::new();
    bench.check(&[("GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2")]);
    bench
}

#[test]
fn places_are_scores() {
    let mut bench = sicily();
    assert_eq!(bench.told(), ["ZADD s 3479099956230698 Palermo 3479447370796909 Catania"]);
    assert_eq!((bench.effects.dirty, bench.events()), (2, vec!["new", "zadd"]));
    bench.check(&[
        ("ZSCORE s Palermo", "$16 3479099956230698"),
        ("GEODIST s Palermo Catania", "$11 166274.1516"),
        ("GEODIST s Palermo Catania km", "$8 166.2742"),
        ("GEODIST s Palermo Palermo", "$6 0.0000"),
        ("GEODIST s Palermo none", "$-1"),
        ("GEODIST none Palermo Catania", "$-1"),
        ("GEODIST s Palermo Catania x", "-ERR unsupported unit provided. please use M, KM, FT, MI"),
        ("GEOHASH s Palermo none", "*2 $11 sqc8b49rny0 $-1"),
        ("GEOPOS s Palermo none", "*2 *2 $20 13.36138933897018433 $20 38.11555639549629859 *-1"),
        ("GEOADD s XX CH 13 38 Palermo 1 1 x", ":1"),
        ("GEOADD s NX XX 13 38 Palermo", "-ERR syntax error"),
        ("GEOADD s 200 38 x", "-ERR invalid longitude,latitude pair 200.000000,38.000000"),
        ("GEOADD s x 38 x", "-ERR value is not a valid float"),
    ]);
}

#[test]
fn searches_find_what_is_near() {
    let mut bench = sicily();
    bench.check(&[
        ("GEORADIUS s 15 37 200 km ASC", "*2 $7 Catania $7 Palermo"),
        ("GEORADIUS s 15 37 100 km WITHDIST WITHHASH", "*1 *3 $7 Catania $7 56.4413 :3479447370796909"),
        ("GEORADIUSBYMEMBER s Palermo 1 m", "*1 $7 Palermo"),
        ("GEORADIUSBYMEMBER s none 1 m", "-ERR could not decode requested zset member"),
        ("GEORADIUSBYMEMBER none x 1 m", "*0"),
        ("GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km DESC COUNT 1", "*1 $7 Palermo"),
        ("GEOSEARCH s FROMMEMBER Catania BYRADIUS 1 km WITHDIST", "*1 *2 $7 Catania $6 0.0000"),
        ("GEORADIUS_RO s 15 37 200 km STORE t", "-ERR syntax error"),
        (
            "GEORADIUS s 15 37 200 km STORE t WITHDIST",
            "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
        ),
        (
            "GEOSEARCH s FROMLONLAT 15 37 ASC COUNT 1",
            "-ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch",
        ),
        (
            "GEOSEARCH s BYRADIUS 1 km ASC COUNT 1",
            "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch",
        ),
        ("GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 1 km ANY", "-ERR the ANY argument requires COUNT argument"),
        ("GEORADIUS s 15 37 -1 km", "-ERR radius cannot be negative"),
        ("GEORADIUS s 15 37 1 km COUNT 0", "-ERR COUNT must be > 0"),
    ]);
}

#[test]
fn results_are_stored() {
    let mut bench = sicily();
    bench.check(&[("GEOSEARCHSTORE t s FROMLONLAT 15 37 BYRADIUS 200 km", ":2")]);
    assert_eq!((bench.effects.dirty, bench.events()), (2, vec!["new", "geosearchstore"]));
    bench.check(&[
        ("ZRANGE t 0 -1", "*2 $7 Palermo $7 Catania"),
        ("GEORADIUS s 15 37 100 km STOREDIST t", ":1"),
        ("ZRANGE t 0 -1 WITHSCORES", "*2 $7 Catania $16 56.4412578701582"),
        ("GEORADIUSBYMEMBER none x 1 m STORE t", ":0"),
        ("EXISTS t", ":0"),
    ]);
}
