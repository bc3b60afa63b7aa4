//! Commands of sorted sets and of places.

use super::Maker;

/// Scores are quarters, which every version writes alike.
const NAMES: [&str; 43] = [
    "DEL",
    "GEOADD",
    "GEOADD",
    "GEODIST",
    "GEOHASH",
    "GEOPOS",
    "GEORADIUS",
    "GEORADIUSBYMEMBER",
    "GEOSEARCH",
    "GEOSEARCH",
    "GEOSEARCHSTORE",
    "TYPE",
    "ZADD",
    "ZADD",
    "ZADD",
    "ZCARD",
    "ZCOUNT",
    "ZDIFF",
    "ZDIFFSTORE",
    "ZINCRBY",
    "ZINTER",
    "ZINTERCARD",
    "ZINTERSTORE",
    "ZLEXCOUNT",
    "ZMPOP",
    "ZMSCORE",
    "ZPOPMAX",
    "ZPOPMIN",
    "ZRANGE",
    "ZRANGE",
    "ZRANGEBYLEX",
    "ZRANGEBYSCORE",
    "ZRANGESTORE",
    "ZRANK",
    "ZREM",
    "ZREMRANGEBYLEX",
    "ZREMRANGEBYRANK",
    "ZREMRANGEBYSCORE",
    "ZREVRANGE",
    "ZREVRANGEBYSCORE",
    "ZREVRANK",
    "ZUNION",
    "ZUNIONSTORE",
];

pub(super) fn command(maker: &mut Maker) -> Vec<String> {
    let name = maker.one_of(&NAMES);
    let mut words = vec![name.to_owned()];
    words.extend(if name.starts_with("GEO") { places(maker, name) } else { members(maker, name) });
    words
}

fn members(maker: &mut Maker, name: &str) -> Vec<String> {
    match name {
        "ZADD" => add(maker),
        "ZINCRBY" => vec![target(maker), score(maker), member(maker)],
        "ZREM" | "ZMSCORE" => vec![key(maker), member(maker), member(maker), member(maker)],
        "ZRANK" | "ZREVRANK" => vec![key(maker), member(maker)],
        "ZCOUNT" | "ZREMRANGEBYSCORE" => vec![key(maker), bound(maker), bound(maker)],
        "ZLEXCOUNT" | "ZREMRANGEBYLEX" => vec![level(maker), part(maker), part(maker)],
        "ZREMRANGEBYRANK" => vec![key(maker), maker.integer(), maker.0.below(8).to_string()],
        "ZRANGE" | "ZRANGESTORE" => range(maker, name == "ZRANGESTORE"),
        "ZREVRANGE" => with_scores(maker, |maker| vec![key(maker), maker.integer(), maker.integer()]),
        "ZRANGEBYLEX" => limited(maker, |maker| vec![level(maker), part(maker), part(maker)]),
        "ZRANGEBYSCORE" | "ZREVRANGEBYSCORE" => {
            limited(maker, |maker| with_scores(maker, |maker| vec![key(maker), bound(maker), bound(maker)]))
        }
        "ZPOPMIN" | "ZPOPMAX" if maker.0.below(2) == 0 => vec![key(maker), maker.0.below(4).to_string()],
        "ZMPOP" => {
            let mut words = keys(maker).0;
            words.extend(
                [maker.one_of(&["MIN", "max"]), "COUNT", maker.one_of(&["0", "1", "2", "x"])].map(str::to_owned),
            );
            words
        }
        "ZINTERCARD" => {
            let mut words = keys(maker).0;
            words.extend(["LIMIT".to_owned(), maker.integer()]);
            words
        }
        "ZUNION" | "ZINTER" | "ZDIFF" => with_scores(maker, |maker| combination(maker, name == "ZDIFF")),
        "ZUNIONSTORE" | "ZINTERSTORE" | "ZDIFFSTORE" => {
            let mut words = vec![target(maker)];
            words.extend(combination(maker, name == "ZDIFFSTORE"));
            words
        }
        _ => vec![key(maker)],
    }
}

/// All scores are equal in the first two, so that ranges of bytes mean something.
fn level(maker: &mut Maker) -> String {
    maker.one_of(&["z0", "z1"]).to_owned()
}

fn target(maker: &mut Maker) -> String {
    maker.one_of(&["z2", "z3", "z4", "z5"]).to_owned()
}

fn key(maker: &mut Maker) -> String {
    match maker.0.below(30) {
        0 => maker.key(),
        1..=8 => level(maker),
        _ => target(maker),
    }
}

fn keys(maker: &mut Maker) -> (Vec<String>, u64) {
    let count = 1 + maker.0.below(3);
    let mut words = vec![if maker.0.below(30) == 0 { maker.integer() } else { count.to_string() }];
    // Sets are as good as sorted sets here.
    words.extend((0..count).map(|_| if maker.0.below(6) == 0 { format!("s{}", maker.0.below(6)) } else { key(maker) }));
    (words, count)
}

fn member(maker: &mut Maker) -> String {
    match maker.0.below(40) {
        0 => "x".repeat(maker.0.below(100) as usize),
        1..=10 => maker.0.below(30).to_string(),
        _ => format!("m{}", maker.0.below(250)),
    }
}

fn score(maker: &mut Maker) -> String {
    match maker.0.below(20) {
        0 => maker.one_of(&["inf", "-inf", "1e20", "nan", "x", "", "0x10", "3.0"]).to_owned(),
        1..=4 => format!("-{}", maker.0.below(20)),
        _ => (maker.0.below(200) as f64 / 4.0).to_string(),
    }
}

fn bound(maker: &mut Maker) -> String {
    let exclusive = if maker.0.below(3) == 0 { "(" } else { "" };
    format!("{exclusive}{}", score(maker))
}

fn part(maker: &mut Maker) -> String {
    match maker.0.below(6) {
        0 => maker.one_of(&["-", "+", "x", "["]).to_owned(),
        1 => "+".to_owned(),
        2 => "-".to_owned(),
        _ => format!("{}{}", maker.one_of(&["[", "("]), member(maker)),
    }
}

fn add(maker: &mut Maker) -> Vec<String> {
    let key = key(maker);
    let mut words = vec![key.clone()];
    words.extend(maker.options(&["NX", "XX", "GT", "LT", "CH", "INCR"]));
    for _ in 0..=maker.0.below(6) {
        words.push(if key.as_str() < "z2" { "0".to_owned() } else { score(maker) });
        words.push(member(maker));
    }
    words
}

fn with_scores(maker: &mut Maker, words: impl FnOnce(&mut Maker) -> Vec<String>) -> Vec<String> {
    let mut words = words(maker);
    words.extend((maker.0.below(2) == 0).then(|| "WITHSCORES".to_owned()));
    words
}

fn limited(maker: &mut Maker, words: impl FnOnce(&mut Maker) -> Vec<String>) -> Vec<String> {
    let mut words = words(maker);
    if maker.0.below(2) == 0 {
        words.extend(["LIMIT".to_owned(), maker.0.below(9).to_string(), maker.integer()]);
    }
    words
}

fn range(maker: &mut Maker, stores: bool) -> Vec<String> {
    let mut words = if stores { vec![target(maker)] } else { Vec::new() };
    let by = maker.one_of(&["", "BYSCORE", "BYLEX"]);
    words.extend(match by {
        "BYSCORE" => vec![key(maker), bound(maker), bound(maker)],
        "BYLEX" => vec![level(maker), part(maker), part(maker)],
        _ => vec![key(maker), maker.integer(), maker.integer()],
    });
    words.extend((!by.is_empty()).then(|| by.to_owned()));
    words.extend(maker.options(&["REV", "REV", "WITHSCORES"]));
    if by.is_empty() { words } else { limited(maker, |_| words) }
}

fn combination(maker: &mut Maker, is_difference: bool) -> Vec<String> {
    let (mut words, count) = keys(maker);
    if !is_difference && maker.0.below(3) == 0 {
        words.push("WEIGHTS".to_owned());
        words.extend((0..count).map(|_| maker.one_of(&["1", "2", "0.5", "-1", "inf", "x"]).to_owned()));
    }
    if !is_difference && maker.0.below(3) == 0 {
        words.extend(["AGGREGATE", maker.one_of(&["SUM", "min", "MAX", "NONE"])].map(str::to_owned));
    }
    words
}

fn places(maker: &mut Maker, name: &str) -> Vec<String> {
    let mut words = vec![format!("g{}", maker.0.below(3))];
    match name {
        "GEOADD" => {
            words.extend(maker.options(&["NX", "XX", "CH"]));
            for _ in 0..=maker.0.below(6) {
                words.extend(position(maker));
                words.push(place(maker));
            }
        }
        "GEODIST" => words.extend([place(maker), place(maker), unit(maker)]),
        "GEORADIUS" => {
            words.extend(position(maker));
            words.extend([distance(maker), unit(maker)]);
            words.extend(wishes(maker));
        }
        "GEORADIUSBYMEMBER" => {
            words.extend([place(maker), distance(maker), unit(maker)]);
            words.extend(wishes(maker));
        }
        "GEOSEARCH" => {
            words.extend(shape(maker));
            words.extend(wishes(maker));
        }
        "GEOSEARCHSTORE" => {
            words.insert(0, format!("g{}", maker.0.below(3)));
            words.extend(shape(maker));
        }
        _ => words.extend([place(maker), place(maker)]),
    }
    words
}

fn place(maker: &mut Maker) -> String {
    format!("p{}", maker.0.below(80))
}

fn position(maker: &mut Maker) -> Vec<String> {
    let around = |maker: &mut Maker, max: u64| {
        let n = maker.0.below(2 * max * 1000) as f64 / 1000.0 - max as f64;
        // Most lie near each other.
        if maker.0.below(3) == 0 { n } else { n / 100.0 + 40.0 }.to_string()
    };
    vec![around(maker, 180), around(maker, 85)]
}

fn distance(maker: &mut Maker) -> String {
    match maker.0.below(20) {
        0 => maker.one_of(&["0", "-1", "x"]).to_owned(),
        n => (10u64.pow(n as u32 / 4) * (1 + maker.0.below(9))).to_string(),
    }
}

fn unit(maker: &mut Maker) -> String {
    maker.one_of(&["km", "km", "m", "MI", "ft", "km", "x"]).to_owned()
}

fn shape(maker: &mut Maker) -> Vec<String> {
    let mut words = match maker.0.below(2) {
        0 => vec!["FROMMEMBER".to_owned(), place(maker)],
        _ => [vec!["FROMLONLAT".to_owned()], position(maker)].concat(),
    };
    match maker.0.below(2) {
        0 => words.extend(["BYRADIUS".to_owned(), distance(maker), unit(maker)]),
        _ => words.extend(["BYBOX".to_owned(), distance(maker), distance(maker), unit(maker)]),
    }
    words
}

fn wishes(maker: &mut Maker) -> Vec<String> {
    let mut words = maker.options(&["WITHDIST", "WITHCOORD", "WITHHASH", "ASC", "DESC", "ANY"]);
    if maker.0.below(3) == 0 {
        words.extend(["COUNT".to_owned(), maker.0.below(5).to_string()]);
    }
    words
}
