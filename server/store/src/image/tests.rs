use proptest::prelude::*;

use super::*;

fn parts<'a>(bytes: &'a [Vec<u8>], numbers: &'a [u64]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    for (index, n) in numbers.iter().enumerate() {
        let text = |step: usize| bytes[(index + step) % bytes.len()].as_slice();
        let value = match n % 10 {
            0 => Value::Text(text(0)),
            1 => Value::Int(*n as i64),
            2 => Value::Ints(text(1)),
            3 => Value::SmallSet(text(2)),
            4 => Value::SmallHash(text(3)),
            5 => Value::SmallZset(text(4)),
            6 => Value::List { chunks: 1 },
            7 => Value::Set { members: 1 },
            8 => Value::Hash { fields: 1 },
            _ => Value::Zset { members: 1 },
        };
        let usage = match n % 3 {
            0 => Usage::Unknown,
            1 => Usage::IdleSeconds((n >> 7) as u32),
            _ => Usage::Frequency((n >> 9) as u8),
        };
        let head = Head { db: (n >> 3) as u32, key: text(5), expiry_ms: (n % 2 == 0).then_some(*n), usage, value };
        parts.push(Part::Head(head));
        parts.extend(match value {
            Value::List { .. } => Some(Part::Chunk(text(6))),
            Value::Set { .. } => Some(Part::Member(text(7))),
            Value::Hash { .. } => Some(Part::Field(text(8), text(9))),
            Value::Zset { .. } => Some(Part::Scored(text(10), *n as f64 / 3.0)),
            _ => None,
        });
    }
    parts
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        bytes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8),
        numbers in prop::collection::vec(any::<u64>(), 0..30),
    ) {
        let parts = parts(&bytes, &numbers);
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        parts.iter().for_each(|part| writer.part(part));
        let read: Result<Vec<_>, _> = Reader::new(&out).collect();
        prop_assert_eq!(read, Ok(parts));
    }

    #[test]
    fn nonsense_is_told_from_an_image(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for part in Reader::new(&bytes) {
            if let Err(malformed) = part {
                prop_assert!(malformed.offset < bytes.len());
            }
        }
    }
}

#[test]
fn an_image_that_is_cut_off_is_malformed() {
    let head = Head { db: 1, key: b"key", expiry_ms: Some(7), usage: Usage::Unknown, value: Value::Text(b"value") };
    let mut out = Vec::new();
    Writer::new(&mut out).head(&head);
    for len in 1..out.len() {
        assert_eq!(Reader::new(&out[..len]).last(), Some(Err(Malformed { offset: 0 })), "{len}");
    }
}
