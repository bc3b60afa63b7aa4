//! Digests of data, the same for the same data however it is kept and in whatever order it came.

use std::fmt::Write as _;

use bongsu_store::keyspace::{Found, Object, Stored};
use bongsu_store::listpack::{Digits, Item};
use bongsu_store::shard::Shard;
use sha2::{Digest as _, Sha256};

/// Bytes of a digest; it is shown in hexadecimal digits. Nothing has that of zeros.
const BYTES: usize = 20;

/// A digest of parts whose order does not matter.
#[derive(Clone, Copy, Default)]
struct Digest([u8; BYTES]);

impl Digest {
    /// Of parts whose order matters.
    fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // With its length, a part cannot be mistaken for two.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut digest = [0; BYTES];
        digest.copy_from_slice(&hash.finalize()[..BYTES]);
        Self(digest)
    }

    fn add(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(byte, other)| *byte ^= other);
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
    for index in 0..shard.databases() {
        for key in shard.db(index).keys() {
            if let Some(found) = shard.find(index, key) {
                let number = (index as u64).to_le_bytes();
                all.add(Digest::of([&number[..], key, &value(shard, index, found).0]));
            }
        }
    }
    all.hex()
}

/// Of the value of a key, whatever its name. Zeros if there is none.
pub(super) fn of_value(shard: &Shard, db: usize, key: &[u8]) -> String {
    shard.find(db, key).map(|found| value(shard, db, found)).unwrap_or_default().hex()
}

fn value(shard: &Shard, db: usize, found: Found) -> Digest {
    let (kind, content) = match shard.db(db).value(found) {
        Stored::Text(text) | Stored::Raw(text) => ("string", Digest::of([text])),
        Stored::Int(n) => ("string", Digest::of([n.to_string().as_bytes()])),
        Stored::Object(object) => (object.type_name(), collection(object)),
    };
    let expires = [u8::from(shard.db(db).expiry_ms(found).is_some())];
    Digest::of([kind.as_bytes(), &content.0, &expires])
}

fn collection(object: &Object) -> Digest {
    let mut all = Digest::default();
    let [mut digits, mut others] = [Digits::default(), Digits::default()];
    match object {
        Object::List(list) => {
            let parts = list.iter().map(|item: Item<'_>| item.bytes(&mut digits).to_vec());
            let parts: Vec<Vec<u8>> = parts.collect();
            return Digest::of(parts.iter().map(Vec::as_slice));
        }
        Object::Hash(hash) => hash.iter().for_each(|(field, value)| {
            all.add(Digest::of([field.bytes(&mut digits), value.bytes(&mut others)]));
        }),
        Object::Set(set) => set.iter().for_each(|member| all.add(Digest::of([member.bytes(&mut digits)]))),
        Object::Zset(zset) => zset.each(0..zset.len(), false, |member, score| {
            // Zero has two signs, which nobody sees.
            let score = if score == 0.0 { 0.0 } else { score };
            all.add(Digest::of([member, &score.to_le_bytes()]));
        }),
    }
    all
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
    fn nothing_is_zeros() {
        let zeros = "0".repeat(40);
        assert_eq!(of_everything(&shard(1, &[])), zeros);
        assert_eq!(of_value(&shard(1, &[]), 0, b"a"), zeros);
    }
}
