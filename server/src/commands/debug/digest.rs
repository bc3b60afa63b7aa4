//! Digests of data, the same for the same data however it is kept and in whatever order it came. They are those of Redis, so that a
//! master of one kind can be compared with replicas of the other.

use std::fmt::Write as _;

use bongsu_store::keyspace::{Found, Object, Stored};
use bongsu_store::listpack::Digits;
use bongsu_store::number::general_text;
use bongsu_store::shard::Shard;
use sha1::{Digest as _, Sha1};

/// Bytes of a digest; it is shown in hexadecimal digits. Nothing has that of zeros.
const BYTES: usize = 20;

/// What stands for an expiry, whenever it is.
const EXPIRES: &[u8] = b"!!expire!!";

#[derive(Clone, Copy, Default)]
struct Digest([u8; BYTES]);

impl Digest {
    /// Takes in a part whose order among its kind does not matter.
    fn add(&mut self, part: &[u8]) {
        let hash = Sha1::digest(part);
        self.0.iter_mut().zip(hash).for_each(|(byte, other)| *byte ^= other);
    }

    /// Takes in a part whose order matters.
    fn append(&mut self, part: &[u8]) {
        self.add(part);
        self.0 = Sha1::digest(self.0).into();
    }

    /// Of parts whose order matters.
    fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut digest = Self::default();
        parts.into_iter().for_each(|part| digest.append(part));
        digest
    }

    fn hex(self) -> String {
        self.0.iter().fold(String::with_capacity(2 * BYTES), |mut digits, byte| {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        })
    }
}

/// Of all databases, with their keys.
pub(super) fn of_everything(shard: &Shard) -> String {
    let mut all = Digest::default();
    for index in (0..shard.databases()).filter(|index| !shard.db(*index).is_empty()) {
        all.append(&(index as u32).to_be_bytes());
        for key in shard.db(index).keys() {
            if let Some(found) = shard.find(index, key) {
                let mut digest = Digest::of([key]);
                add_value(&mut digest, shard, index, found);
                all.add(&digest.0);
            }
        }
    }
    all.hex()
}

/// Of the value of a key, whatever its name. Zeros if there is none.
pub(super) fn of_value(shard: &Shard, db: usize, key: &[u8]) -> String {
    let mut digest = Digest::default();
    if let Some(found) = shard.find(db, key) {
        add_value(&mut digest, shard, db, found);
    }
    digest.hex()
}

fn add_value(digest: &mut Digest, shard: &Shard, db: usize, found: Found) {
    match shard.db(db).value(found) {
        Stored::Text(text) | Stored::Raw(text) => add_text(digest, text),
        Stored::Int(n) => add_text(digest, n.to_string().as_bytes()),
        Stored::Object(object) => add_collection(digest, object),
    }
    if shard.db(db).expiry_ms(found).is_some() {
        digest.add(EXPIRES);
    }
}

/// Types are numbered as in Redis.
fn add_type(digest: &mut Digest, number: u32) {
    digest.append(&number.to_be_bytes());
}

fn add_text(digest: &mut Digest, text: &[u8]) {
    add_type(digest, 0);
    digest.append(text);
}

fn add_collection(digest: &mut Digest, object: &Object) {
    let [mut digits, mut others] = [Digits::default(), Digits::default()];
    match object {
        Object::List(list) => {
            add_type(digest, 1);
            list.iter().for_each(|item| digest.append(item.bytes(&mut digits)));
        }
        Object::Set(set) => {
            add_type(digest, 2);
            set.iter().for_each(|member| digest.add(member.bytes(&mut digits)));
        }
        Object::Zset(zset) => {
            add_type(digest, 3);
            zset.each(0..zset.len(), false, |member, score| {
                digest.add(&Digest::of([member, general_text(score).as_bytes()]).0);
            });
        }
        Object::Hash(hash) => {
            add_type(digest, 4);
            hash.iter().for_each(|(field, value)| {
                digest.add(&Digest::of([field.bytes(&mut digits), value.bytes(&mut others)]).0);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use bongsu_store::keyspace::New;
    use bongsu_store::random::Random;

    use super::*;

    fn shard(seed: u64, keys: &[(&[u8], i64)]) -> Shard {
        let mut shard = Shard::new(2, Random::new([seed; 4]));
        for (key, value) in keys {
            shard.store(0, None, key, New::Int(*value), None);
        }
        shard
    }

    #[test]
    fn the_same_data_has_the_same_digest() {
        let one = shard(1, &[(b"a", 1), (b"b", 2)]);
        let mut other = shard(2, &[(b"b", 2)]);
        assert_ne!(of_everything(&one), of_everything(&other));
        other.store(0, None, b"a", New::Text(b"1"), None);
        assert_eq!(of_everything(&one), of_everything(&other));
        assert_eq!(of_value(&one, 0, b"a"), of_value(&other, 0, b"a"));
        other.store(1, None, b"a", New::Text(b"1"), None);
        assert_ne!(of_everything(&one), of_everything(&other));
    }

    #[test]
    fn it_is_what_redis_shows() {
        let mut shard = shard(1, &[(b"n", 12)]);
        assert_eq!(of_everything(&shard), "e1b875c8e5df831b87fbe5ba5f07f3a73d7e73a7");
        shard.store(1, None, b"t", New::Text(b"text"), Some(u64::MAX >> 16));
        assert_eq!(of_everything(&shard), "27c1a4433bdae735fad48a0c1616c0b3dc10bac6");
        assert_eq!(of_value(&shard, 1, b"t"), "ca660b853c197c3a71571192028fed85fa7a6ce8");
    }

    #[test]
    fn nothing_is_zeros() {
        let zeros = "0".repeat(40);
        assert_eq!(of_everything(&shard(1, &[])), zeros);
        assert_eq!(of_value(&shard(1, &[]), 0, b"a"), zeros);
    }
}
