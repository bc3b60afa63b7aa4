use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

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
