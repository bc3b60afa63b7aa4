//! Commands of strings of bits, of estimates, and of sequences in common.

use super::Maker;

const NAMES: [&str; 14] = [
    "BITCOUNT",
    "BITFIELD",
    "BITFIELD_RO",
    "BITOP",
    "BITPOS",
    "GETBIT",
    "LCS",
    "PFADD",
    "PFADD",
    "PFCOUNT",
    "PFDEBUG",
    "PFMERGE",
    "SETBIT",
    "SETBIT",
];

pub(super) fn command(maker: &mut Maker) -> Vec<String> {
    let name = maker.one_of(&NAMES);
    let mut words = vec![name.to_owned()];
    words.extend(match name {
        "BITCOUNT" => bit_count(maker),
        "BITPOS" => bit_position(maker),
        "BITOP" => combine(maker),
        "BITFIELD" | "BITFIELD_RO" => fields(maker),
        "GETBIT" => vec![maker.key(), offset(maker)],
        "SETBIT" => vec![maker.key(), offset(maker), maker.one_of(&["0", "1", "1", "2", "x"]).to_owned()],
        "LCS" => return common_sequence(maker),
        _ => return estimate(maker, name),
    });
    words
}

fn offset(maker: &mut Maker) -> String {
    match maker.0.below(20) {
        0 => maker.one_of(&["-1", "x", "", "#3", "4294967296", "9223372036854775807"]).to_owned(),
        1..=5 => maker.0.below(20_000).to_string(),
        _ => maker.0.below(300).to_string(),
    }
}

/// Positions are always good: Redis before 8 does not look at them where there is no key, and these servers do.
fn position(maker: &mut Maker) -> String {
    let n = maker.0.below(40);
    if maker.0.below(3) == 0 { format!("-{}", n + 1) } else { n.to_string() }
}

fn part(maker: &mut Maker) -> Vec<String> {
    let mut words = vec![position(maker), position(maker)];
    words.extend((maker.0.below(2) == 0).then(|| maker.one_of(&["BIT", "bit", "BYTE"]).to_owned()));
    words
}

fn bit_count(maker: &mut Maker) -> Vec<String> {
    if maker.0.below(4) == 0 {
        return vec![maker.key()];
    }
    let mut words = vec![maker.key()];
    words.extend(part(maker));
    words
}

fn bit_position(maker: &mut Maker) -> Vec<String> {
    let bit = maker.one_of(&["0", "1", "0", "1", "2", "x"]).to_owned();
    match maker.0.below(4) {
        0 => vec![maker.key(), bit],
        1 => vec![maker.key(), bit, position(maker)],
        _ => {
            let mut words = vec![maker.key(), bit];
            words.extend(part(maker));
            words
        }
    }
}

fn combine(maker: &mut Maker) -> Vec<String> {
    let mut words = vec![maker.one_of(&["AND", "or", "XOR", "NOT", "NOR"]).to_owned(), maker.key()];
    words.extend((0..=maker.0.below(3)).map(|_| maker.key()));
    words
}

fn fields(maker: &mut Maker) -> Vec<String> {
    let mut words = vec![maker.key()];
    for _ in 0..maker.0.below(5) {
        if maker.0.below(3) == 0 {
            words.extend(["OVERFLOW", maker.one_of(&["WRAP", "sat", "FAIL", "NONE"])].map(str::to_owned));
        }
        let width = 1 + maker.0.below(65);
        let of_type = format!("{}{width}", maker.one_of(&["i", "i", "u", "u", "x"]));
        let at = if maker.0.below(3) == 0 { format!("#{}", maker.0.below(20)) } else { offset(maker) };
        let operation = maker.one_of(&["GET", "set", "INCRBY", "INCRBY", "DECRBY"]);
        words.extend([operation.to_owned(), of_type, at]);
        if operation != "GET" {
            words.push(if maker.0.below(2) == 0 { maker.integer() } else { format!("-{}", maker.0.below(1 << 40)) });
        }
    }
    words
}

/// On short strings of their own, so that there is something to find in little time.
fn common_sequence(maker: &mut Maker) -> Vec<String> {
    let key = |maker: &mut Maker| format!("t{}", maker.0.below(3));
    if maker.0.below(3) == 0 {
        let text: String = (0..maker.0.below(60)).map(|_| maker.one_of(&["a", "b", "c"])).collect();
        return vec!["SET".to_owned(), key(maker), text];
    }
    let mut words = vec!["LCS".to_owned(), key(maker), key(maker)];
    words.extend(maker.options(&["LEN", "IDX", "IDX", "WITHMATCHLEN", "NONE"]));
    if maker.0.below(3) == 0 {
        words.extend(["MINMATCHLEN".to_owned(), maker.integer()]);
    }
    words
}

/// On keys of their own, because a corrupted value is refused before anything changes, and Redis notices later.
fn estimate(maker: &mut Maker, name: &str) -> Vec<String> {
    let key = |maker: &mut Maker| format!("p{}", maker.0.below(4));
    let keys = |maker: &mut Maker| (0..=maker.0.below(3)).map(|_| key(maker)).collect::<Vec<_>>();
    let mut words = vec![name.to_owned()];
    match name {
        "PFADD" => {
            words.push(key(maker));
            words.extend((0..maker.0.below(60)).map(|_| maker.0.below(20_000).to_string()));
        }
        "PFDEBUG" => {
            let of = maker.one_of(&["DECODE", "ENCODING", "GETREG", "NONE"]);
            words.extend([of.to_owned(), key(maker)]);
            // Dense values stay dense, and most of what there is to see is about the others.
            if of == "GETREG" {
                words = vec![maker.one_of(&["GET", "DEL", "PFCOUNT", "STRLEN"]).to_owned(), key(maker)];
            }
        }
        _ => words.extend(keys(maker)),
    }
    if maker.0.below(30) == 0 {
        words.push(maker.key());
    }
    words
}
