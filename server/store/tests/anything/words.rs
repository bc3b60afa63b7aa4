//! Requests made up from synopses, and then spoilt now and then.

use std::sync::OnceLock;

use bongsu_store::commands::{self, DataCommand};

use super::choices::Choices;

const KEYS: [&[u8]; 9] = [b"a", b"b", b"c", b"d", b"e", b"f", b"", b"k1", b"\xff\x00\r\n"];

const TEXTS: [&[u8]; 34] = [
    b"x",
    b"y",
    b"z",
    b"u",
    b"1",
    b"2",
    b"3",
    b"",
    b"0",
    b"-0",
    b"-1",
    b"10",
    b"127",
    b"128",
    b"4095",
    b"32768",
    b"-32769",
    b"8388608",
    b"2147483648",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"1.5",
    b"1e400",
    b"nan",
    b"-inf",
    b"007",
    b" 1",
    b"\x00",
    b"\xf0\xff",
    b"foobar",
    b"*",
    b"[a",
    b"HYLL",
];

const INTEGERS: [&[u8]; 34] = [
    b"0",
    b"1",
    b"2",
    b"3",
    b"5",
    b"7",
    b"-1",
    b"-2",
    b"-5",
    b"10",
    b"16",
    b"63",
    b"64",
    b"100",
    b"-100",
    b"255",
    b"1000",
    b"4096",
    b"32767",
    b"65536",
    b"-65536",
    b"2147483647",
    b"-2147483648",
    b"2147483648",
    b"4294967295",
    b"4294967296",
    b"9223372036854775807",
    b"9223372036854775806",
    b"-9223372036854775808",
    b"-9223372036854775807",
    b"9223372036854775808",
    b"x",
    b"",
    b"1.0",
];

const DOUBLES: [&[u8]; 22] = [
    b"0", b"1", b"-1", b"2", b"1.5", b"-0", b"0.1", b"inf", b"-inf", b"+inf", b"nan", b"1e308", b"-1e308", b"5e-324",
    b"1e17", b"179.9", b"-85.05", b"90", b"181", b"x", b"", b"3.0e1",
];

const PATTERNS: [&[u8]; 12] =
    [b"*", b"a", b"[a-c]", b"?", b"k*", b"w_*", b"#", b"*->x", b"[^a]", b"\\", b"**a**b**", b"[z-"];

/// Words with a meaning in an argument that the table only calls a string or a block.
const PROPER: [&[u8]; 14] =
    [b"(1", b"[a", b"[z", b"-", b"+", b"(", b"u8", b"i64", b"u63", b"i5", b"#3", b"m", b"km", b"-inf"];

/// Most repetitions of an argument.
const REPEATED_MAX: usize = 6;

/// A value that a string may have: among others what looks like a HyperLogLog and is none.
fn text(choices: &mut Choices<'_>) -> Vec<u8> {
    match choices.below(16) {
        0..10 => choices.of(&TEXTS).to_vec(),
        10 => choices.of(&PROPER).to_vec(),
        11 => choices.bytes(12),
        12 => vec![b'l'; choices.of(&[44, 45, 64, 65, 254, 255, 256, 4095])],
        13 => hyperloglog(choices),
        14 => choices.of(&KEYS).to_vec(),
        _ => format!("m{}", choices.below(400)).into_bytes(),
    }
}

fn hyperloglog(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut value = b"HYLL".to_vec();
    value.push(choices.of(&[0, 1, 1, 2]));
    value.extend([0; 3]);
    value.extend([0, 0, 0, 0, 0, 0, 0, choices.of(&[0, 0x80])]);
    match choices.below(4) {
        0 => value.resize(16 + 12288, choices.of(&[0, 0xff, 0x41])),
        1 => value.extend([0x7f, 0xff]),
        _ => value.extend(choices.bytes(20)),
    }
    value
}

fn time(choices: &mut Choices<'_>, now_ms: u64, is_ms: bool) -> Vec<u8> {
    let by = choices.of(&[1i64, 1000, 5000, 100_000, 0, -1, -100_000]);
    let at = now_ms as i64 + by;
    if is_ms { at.to_string().into_bytes() } else { (at / 1000).to_string().into_bytes() }
}

/// A piece of a synopsis.
enum Piece {
    Word(&'static str),
    /// One of these sequences; it may be left out, and may come several times.
    Group {
        of: Vec<Vec<Self>>,
        is_optional: bool,
        is_repeated: bool,
    },
}

/// Reads pieces up to the end of a group; gives what is left.
fn pieces(mut rest: &'static str, all: &mut Vec<Vec<Piece>>) -> &'static str {
    all.push(Vec::new());
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return rest };
        let current = all.last_mut().expect("there is one");
        match first {
            '[' | '<' => {
                let mut of = Vec::new();
                rest = pieces(&rest[1..], &mut of);
                let is_repeated = rest.starts_with('+');
                rest = rest.trim_start_matches('+');
                current.push(Piece::Group { of, is_optional: first == '[', is_repeated });
            }
            ']' | '>' => return &rest[1..],
            '|' => {
                all.push(Vec::new());
                rest = &rest[1..];
            }
            _ => {
                let (word, behind) = rest.split_at(rest.find([' ', '|', ']', '>', '[', '<']).unwrap_or(rest.len()));
                current.push(Piece::Word(word));
                rest = behind;
            }
        }
    }
}

fn add(piece: &Piece, choices: &mut Choices<'_>, now_ms: u64, words: &mut Vec<Vec<u8>>) {
    match piece {
        Piece::Group { is_optional: true, .. } if choices.below(3) != 0 => {}
        Piece::Group { of, is_repeated, .. } => {
            let times = if *is_repeated { 1 + choices.below(REPEATED_MAX) } else { 1 };
            for _ in 0..times {
                of[choices.below(of.len())].iter().for_each(|piece| add(piece, choices, now_ms, words));
            }
        }
        Piece::Word("n") => {
            let count = 1 + choices.below(3);
            words.push(count.to_string().into_bytes());
            words.extend((0..count).map(|_| choices.of(&KEYS).to_vec()));
        }
        Piece::Word(word) => words.push(word_for(word, choices, now_ms)),
    }
}

fn word_for(word: &str, choices: &mut Choices<'_>, now_ms: u64) -> Vec<u8> {
    match word {
        "k" => choices.of(&KEYS).to_vec(),
        "v" => text(choices),
        "i" if choices.below(2) == 0 => choices.below(10).to_string().into_bytes(),
        "i" => choices.of(&INTEGERS).to_vec(),
        "d" => choices.of(&DOUBLES).to_vec(),
        "p" => choices.of(&PATTERNS).to_vec(),
        "b" => choices.below(4).to_string().into_bytes(),
        "t" => choices.of(&[b"1".as_slice(), b"5", b"100", b"100000", b"0", b"-1", b"9223372036854775"]).to_vec(),
        "T" => choices.of(&[b"1".as_slice(), b"500", b"5000", b"100000", b"0", b"-1", b"9223372036854775807"]).to_vec(),
        "A" => time(choices, now_ms, false),
        "M" => time(choices, now_ms, true),
        "s" if choices.below(3) == 0 => [b"(".as_slice(), choices.of(&DOUBLES)].concat(),
        "s" => choices.of(&DOUBLES).to_vec(),
        "l" => choices.of(&[b"-".as_slice(), b"+", b"[a", b"(b", b"[m1", b"(m3", b"[", b"x"]).to_vec(),
        "e" => choices.of(&[b"u8".as_slice(), b"i5", b"u1", b"i64", b"u63", b"u64", b"i0", b"x", b"i16"]).to_vec(),
        "o" => choices
            .of(&[b"0".as_slice(), b"1", b"7", b"#3", b"#1", b"100", b"4095", b"300000", b"4294967296", b"-1", b"x"])
            .to_vec(),
        literal => literal.as_bytes().to_vec(),
    }
}

/// Synopses of all commands, most of them with one, each with its command.
fn synopses() -> &'static [(&'static DataCommand, Vec<Piece>)] {
    static ALL: OnceLock<Vec<(&'static DataCommand, Vec<Piece>)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let lines: Vec<&'static str> =
            include_str!("synopses.txt").lines().filter(|line| !line.starts_with('#')).collect();
        for command in commands::all() {
            let is_there = lines.iter().any(|line| line.split(' ').next() == Some(command.spec.name));
            assert!(is_there, "{} has no synopsis", command.spec.name);
        }
        let parsed = lines.iter().map(|line| {
            let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
            let command = commands::all().find(|command| command.spec.name == name).expect("a command of the table");
            let mut all = Vec::new();
            pieces(rest, &mut all);
            (command, all.remove(0))
        });
        parsed.collect()
    })
}

/// A request that fits the arity, whatever else is wrong with it.
pub(crate) fn request(choices: &mut Choices<'_>, now_ms: u64) -> (&'static DataCommand, Vec<Vec<u8>>) {
    let all = synopses();
    let (command, pieces) = &all[choices.below(all.len())];
    let mut words = vec![command.spec.name.as_bytes().to_vec()];
    pieces.iter().for_each(|piece| add(piece, choices, now_ms, &mut words));
    if choices.once_in(8) {
        let at = 1 + choices.below(words.len());
        match choices.below(4) {
            0 => words.truncate(at.max(1)),
            1 => words.insert(at, text(choices)),
            2 if at < words.len() => words[at] = text(choices),
            _ => words.push(choices.of(&INTEGERS).to_vec()),
        }
    }
    while !command.spec.accepts(words.len()) {
        if command.spec.arity > 0 && words.len() > command.spec.arity as usize {
            words.pop();
        } else {
            words.push(text(choices));
        }
    }
    (command, words)
}
