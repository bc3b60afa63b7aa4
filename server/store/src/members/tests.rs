use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::image::{Budget, Head, Holds, Origin, Part, Reader, Usage, Value};

fn all(members: &Members) -> BTreeMap<Vec<u8>, Vec<u8>> {
    members.iter().map(|member| (members.key(member).to_vec(), members.value(member).to_vec())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn they_are_a_map(
        steps in proptest::collection::vec((0..3u8, 0..40usize, proptest::collection::vec(any::<u8>(), 0..400)), 1..200),
    ) {
        let mut members = Members::new(KeyHasher::new((1, 2)), Values::Any);
        let mut model = BTreeMap::new();
        for (what, n, value) in steps {
            let key = vec![b'k'; n * 10];
            if what < 2 {
                prop_assert_eq!(members.set(&key, &value), model.insert(key, value).is_none());
            } else {
                prop_assert_eq!(members.remove(&key), model.remove(&key).is_some());
            }
            prop_assert_eq!(members.len(), model.len());
        }
        prop_assert_eq!(all(&members), model);
    }

    /// However members change while they are written, what is written is what they were.
    #[test]
    fn members_that_are_held_are_written_as_they_were(
        before in 0..2000u32,
        steps in proptest::collection::vec((0..5u8, 0..3000u32, 0..40u8, 0..4000usize), 0..400),
        fixed in any::<bool>(),
    ) {
        let values = if fixed { Values::Fixed(8) } else { Values::Any };
        let value = |n: u32, len: u8| if fixed { f64::from(n).to_le_bytes().to_vec() } else { vec![n as u8; len.into()] };
        let mut members = Members::new(KeyHasher::new((1, 2)), values);
        for n in 0..before {
            members.insert(n.to_string().as_bytes(), &value(n, n as u8 % 20));
        }
        let (expected, mut image) = (all(&members), Vec::new());
        let head = Head { db: 0, key: b"k", expiry_ms: None, usage: Usage::Unknown, value: Value::Int(0) };
        members.hold(Origin::of(&head));
        members.begin(&mut image);
        for (what, n, len, budget) in steps {
            let key = n.to_string().into_bytes();
            match (what, members.find(&key)) {
                (0 | 1, _) => {
                    members.set(&key, &value(n + 1, len));
                }
                (2, Some(member)) => members.value_mut(member).fill(7),
                (3, _) => {
                    members.remove(&key);
                }
                (4, _) => {
                    let other = members.clone();
                    prop_assert!(!other.is_held());
                    members.insert_if_new(&key, &value(n, len));
                }
                _ => {}
            }
            members.write_on(&mut image, &mut Budget::new(budget % 900));
        }
        prop_assert!(members.write_on(&mut image, &mut Budget::new(usize::MAX)));
        prop_assert!(!members.is_held());
        members.check_counts();
        let mut parts = Reader::new(&image).map(Result::unwrap);
        let Some(Part::Head(head)) = parts.next() else { panic!("no head") };
        let written: Vec<_> = parts.map(|part| match part {
            Part::Field(field, value) => (field.to_vec(), value.to_vec()),
            Part::Scored(member, score) => (member.to_vec(), score.to_le_bytes().to_vec()),
            other => panic!("{other:?}"),
        }).collect();
        prop_assert_eq!(head.value.elements(), written.len() as u64);
        prop_assert_eq!(written.len(), expected.len());
        prop_assert_eq!(written.into_iter().collect::<BTreeMap<_, _>>(), expected);
    }
}

#[test]
fn values_of_one_length_need_none() {
    let mut members = Members::new(KeyHasher::new((1, 2)), Values::Fixed(8));
    for n in 0..10_000u64 {
        members.insert(n.to_string().as_bytes(), &n.to_le_bytes());
    }
    assert!((0..10_000u64).all(|n| members.get(n.to_string().as_bytes()) == Some(&n.to_le_bytes()[..])));
    let member = members.find(b"77").unwrap();
    members.value_mut(member).copy_from_slice(&78u64.to_le_bytes());
    assert_eq!(members.get(b"77"), Some(&78u64.to_le_bytes()[..]));
    let (mut seen, mut cursor) = (Vec::new(), 0);
    loop {
        cursor = members.scan(cursor, |member| seen.push(members.key(member).to_vec()));
        if cursor == 0 {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 10_000);
    assert!(members.heap_bytes() < 10_000 * 34, "{}", members.heap_bytes());
}

impl Members {
    /// What was counted step by step is what a new count gives.
    pub(crate) fn check_counts(&self) {
        self.table.check_counts();
        self.arena.check_counts();
    }
}
