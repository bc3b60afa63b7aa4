//! Keys in bulk.

use bongsu_protocol::resp::parse_integer;
use bongsu_store::keyspace::New;
use bongsu_store::shard::Shard;

/// Makes `count` keys that are not there yet. `options` are the prefix of the keys and the length of the values.
pub(super) fn populate(shard: &mut Shard, db: usize, count: &[u8], options: &[&[u8]]) -> Result<(), &'static str> {
    let count = number(count)?;
    let prefix = options.first().copied().unwrap_or(b"key");
    let size = options.get(1).map_or(Ok(0), |size| number(size))?;
    if size > shard.settings.string_max_bytes as u64 {
        return Err("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    }
    for n in 0..count {
        let key = [prefix, b":", n.to_string().as_bytes()].concat();
        if shard.find(db, &key).is_some() {
            continue;
        }
        let mut value = format!("value:{n}").into_bytes();
        if size > 0 {
            value.resize(size as usize, 0);
        }
        shard.store(db, None, &key, New::Text(&value), None);
    }
    Ok(())
}

fn number(text: &[u8]) -> Result<u64, &'static str> {
    let n = parse_integer(text).ok_or("ERR value is not an integer or out of range")?;
    u64::try_from(n).map_err(|_| "ERR value is out of range, must be positive")
}

#[cfg(test)]
mod tests {
    use bongsu_store::keyspace::Stored;
    use bongsu_store::random::Random;

    use super::*;

    #[test]
    fn keys_that_are_there_stay() {
        let mut shard = Shard::new(1, Random::new([1, 2, 3, 4]));
        shard.store(0, None, b"k:1", New::Text(b"mine"), None);
        assert_eq!(populate(&mut shard, 0, b"3", &[b"k", b"9"]), Ok(()));
        let value = |key: &[u8]| match shard.find(0, key).map(|found| shard.db(0).value(found)) {
            Some(Stored::Text(text)) => text.to_vec(),
            _ => Vec::new(),
        };
        assert_eq!((value(b"k:1"), value(b"k:2")), (b"mine".to_vec(), b"value:2\0\0".to_vec()));
        assert_eq!(shard.db(0).len(), 3);
        assert!(populate(&mut shard, 0, b"-1", &[]).is_err());
    }
}
