use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn bytes_are_those_of_redis() {
    let mut set = IntSet::new();
    for n in [5, -1, 300] {
        assert!(set.insert(n));
    }
    assert!(!set.insert(5));
    assert_eq!(set.as_bytes(), [2, 0, 0, 0, 3, 0, 0, 0, 0xff, 0xff, 5, 0, 0x2c, 1]);
    set.insert(70_000);
    assert_eq!(set.as_bytes()[..12], [4, 0, 0, 0, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(IntSet::from_bytes(set.as_bytes().to_vec()), Some(set.clone()));
    for wrong in
        [&[2, 0, 0, 0][..], &[3, 0, 0, 0, 0, 0, 0, 0], &[2, 0, 0, 0, 2, 0, 0, 0, 5, 0, 5, 0], &[2, 0, 0, 0, 9, 0, 0, 0]]
    {
        assert_eq!(IntSet::from_bytes(wrong.to_vec()), None, "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn they_are_sets(steps in proptest::collection::vec((0..3u8, any::<i64>(), 0..62u32), 1..300)) {
        let (mut set, mut model) = (IntSet::new(), BTreeSet::new());
        let (mut wide, mut removed) = (0, Vec::new());
        for (what, n, bits) in steps {
            let n = n >> bits;
            wide = wide.max(width_of(n));
            if what < 2 {
                prop_assert_eq!(set.insert(n), model.insert(n));
            } else {
                let n = model.iter().next_back().copied().filter(|_| bits % 2 == 0).unwrap_or(n);
                prop_assert_eq!(set.remove(n), model.remove(&n));
                removed.push(n);
            }
            prop_assert_eq!(set.len(), model.len());
        }
        prop_assert!(set.iter().eq(model.iter().copied()));
        prop_assert!(model.iter().all(|n| set.contains(*n)));
        prop_assert!(removed.iter().all(|n| set.contains(*n) == model.contains(n)));
        prop_assert!(set.heap_bytes() >= set.as_bytes().len());
        prop_assert_eq!(IntSet::from_bytes(set.as_bytes().to_vec()), Some(set));
    }
}
