//! Values of every type in every encoding, on both sides of every threshold.

use redis::{Connection, Pipeline};

/// Far enough in the future for every test.
const EXPIRES_MS: &str = "4102444800123";

/// Where integers get another width in one of the encodings.
const INTEGERS: [i64; 26] = [
    0,
    12,
    13,
    127,
    128,
    -1,
    -128,
    -129,
    4095,
    4096,
    -4096,
    -4097,
    32_767,
    32_768,
    -32_769,
    70_000,
    8_388_607,
    8_388_608,
    -8_388_609,
    2_147_483_647,
    2_147_483_648,
    -2_147_483_648,
    -2_147_483_649,
    12_345_678_901,
    i64::MAX,
    i64::MIN,
];

/// Bytes that cannot be compressed.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

#[derive(Default)]
struct Filler(Pipeline);

impl Filler {
    fn run<W: AsRef<[u8]>>(&mut self, name: &str, words: &[W]) {
        self.0.cmd(name);
        words.iter().for_each(|word| {
            self.0.arg(word.as_ref());
        });
        self.0.ignore();
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        self.run(words[0], &words[1..]);
    }

    fn strings(&mut self) {
        for (index, n) in INTEGERS.iter().enumerate() {
            self.run("SET", &[format!("int:{index}"), n.to_string()]);
        }
        for text in ["", "x", "007", "-0", "+1", " 1", "9223372036854775808", "1e3"] {
            self.run("SET", &[&format!("text:{text}"), text]);
        }
        for len in [44, 45, 63, 64, 16_383, 16_384, 70_000] {
            self.run("SET", &[format!("noise:{len}").into_bytes(), noise(len)]);
            self.run("SET", &[format!("compressible:{len}"), "abcabcabd".repeat(len / 9 + 1)]);
        }
        self.run("SET", &[(0..=255).collect::<Vec<u8>>(), (0..=255).rev().collect()]);
        self.run("SET", &["", "the key without bytes"]);
        self.run("SET", &["12345", "a key of digits"]);
        self.run("SET", &["long key ".repeat(40), "1".to_owned()]);
        self.run("APPEND", &["raw", "grown"]);
        self.run("SETBIT", &["bits", "5000", "1"]);
        self.run("PFADD", &["estimate", "a", "b", "c"]);
        self.run("SET", &["expiring", "value", "PXAT", EXPIRES_MS]);
        self.run("SET", &["expiring:int", "77", "PXAT", EXPIRES_MS]);
    }

    fn lists(&mut self) {
        let integers: Vec<String> =
            std::iter::once("list:ints".to_owned()).chain(INTEGERS.map(|n| n.to_string())).collect();
        self.run("RPUSH", &integers);
        self.run("RPUSH", &["list:empty element", "", "a", ""]);
        for len in [63, 64, 4095, 4096, 8000, 8180, 8192, 9000, 100_000] {
            self.run("RPUSH", &[format!("list:one:{len}").into_bytes(), noise(len)]);
            let long = "w".repeat(len);
            self.run("RPUSH", &[format!("list:between:{len}"), "x".into(), long.clone(), "1".into(), long, "y".into()]);
        }
        for n in 0..3000 {
            self.run("RPUSH", &["list:long".to_owned(), format!("element {n}"), n.to_string()]);
        }
        self.run("PEXPIREAT", &["list:long", EXPIRES_MS]);
    }

    fn sets(&mut self) {
        self.line("SADD set:ints:2 1 -5 300");
        self.line("SADD set:ints:4 1 -5 70000");
        self.line("SADD set:ints:8 1 -5 123456789012 9223372036854775807 -9223372036854775808");
        self.run("SADD", &["set:empty member", "", "a"]);
        for count in [127, 128, 129, 511, 512, 513, 2000] {
            for n in 0..count {
                self.run("SADD", &[format!("set:ints:{count}"), n.to_string()]);
                self.run("SADD", &[format!("set:text:{count}"), format!("member {n}")]);
            }
        }
        for len in [64, 65, 5000] {
            self.run("SADD", &[format!("set:member of {len}").into_bytes(), b"a".to_vec(), noise(len)]);
        }
    }

    fn hashes(&mut self) {
        self.run("HSET", &["hash:empty", "", "", "f", ""]);
        for (index, n) in INTEGERS.iter().enumerate() {
            self.run("HSET", &["hash:ints".to_owned(), n.to_string(), index.to_string()]);
        }
        for count in [127, 128, 129, 511, 512, 513, 2000] {
            for n in 0..count {
                self.run("HSET", &[format!("hash:{count}"), format!("field {n}"), n.to_string()]);
            }
        }
        for len in [64, 65, 5000] {
            self.run("HSET", &[format!("hash:value of {len}").into_bytes(), b"f".to_vec(), noise(len)]);
            self.run("HSET", &[format!("hash:field of {len}").into_bytes(), noise(len), b"v".to_vec()]);
        }
        self.run("PEXPIREAT", &["hash:2000", EXPIRES_MS]);
        self.run("PEXPIREAT", &["hash:127", EXPIRES_MS]);
    }

    fn zsets(&mut self) {
        self.line(
            "ZADD zset:scores 1 a 1 b 2.5 c -inf d +inf e 1e300 f 0.1 g -0.0 h 3.0000000000000004 i 9007199254740993 j",
        );
        self.run("ZADD", &["zset:empty member", "1", "", "2", "x"]);
        for count in [127, 128, 129, 2000] {
            for n in 0..count {
                self.run("ZADD", &[format!("zset:{count}"), format!("{}.25", n % 77), format!("member {n}")]);
                self.run("ZADD", &[format!("zset:ints:{count}"), (n - 50).to_string(), n.to_string()]);
            }
        }
        for len in [64, 65, 5000] {
            self.run("ZADD", &[format!("zset:member of {len}").into_bytes(), b"1".to_vec(), noise(len)]);
        }
        self.line("GEOADD places 13.361389 38.115556 Palermo 15.087269 37.502669 Catania");
        self.run("PEXPIREAT", &["zset:129", EXPIRES_MS]);
    }
}

/// Databases that have keys then.
pub(crate) const DATABASES: [u8; 3] = [0, 3, 15];

/// Makes all of it.
pub(crate) fn fill(connection: &mut Connection) {
    let mut filler = Filler::default();
    filler.strings();
    filler.lists();
    filler.sets();
    filler.hashes();
    filler.zsets();
    filler.line("SELECT 3");
    filler.line("SET other database");
    filler.line("RPUSH list a b c");
    filler.line("SELECT 15");
    filler.line("SADD last 1 2 3");
    filler.line("SELECT 0");
    filler.0.exec(connection).expect("all of it can be made");
}
