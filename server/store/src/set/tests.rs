use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::random::Random;

fn rules() -> SetRules {
    let settings = Settings { set_max_intset_entries: 8, set_max_listpack_entries: 12, ..Settings::default() };
    SetRules::new(&settings, KeyHasher::new((1, 2)))
}

fn all(set: &Set) -> BTreeSet<Vec<u8>> {
    set.iter().map(Item::to_vec).collect()
}

#[test]
fn sets_are_kept_as_the_rules_say() {
    let rules = rules();
    let mut set = Set::for_member(b"1", 1, &rules);
    for n in 1..=8 {
        set.insert(n.to_string().as_bytes(), &rules);
    }
    assert_eq!(set.encoding(), "intset");
    let (mut mixed, mut many) = (set.clone(), set.clone());
    assert!(mixed.insert(b"x", &rules));
    assert_eq!((mixed.encoding(), mixed.len()), ("listpack", 9));
    assert!(many.insert(b"9", &rules));
    assert_eq!((many.encoding(), many.len()), ("hashtable", 9));
    assert!(!many.insert(b"9", &rules));
    let mut long = mixed.clone();
    assert!(long.insert(&[b'x'; 65], &rules));
    assert_eq!(long.encoding(), "hashtable");
    mixed.expect(13, &rules);
    assert_eq!(mixed.encoding(), "hashtable");
    many.prefer_ints(&rules);
    assert_eq!(many.encoding(), "hashtable");
    many.remove(b"9");
    many.prefer_ints(&rules);
    assert_eq!(many.encoding(), "intset");
    assert_eq!(Set::for_member(b"x", 1, &rules).encoding(), "listpack");
    assert_eq!(Set::for_member(b"1", 9, &rules).encoding(), "listpack");
    assert_eq!(Set::for_member(b"1", 13, &rules).encoding(), "hashtable");
}

/// Every member comes up about equally often, however the set is kept.
#[test]
fn picks_are_fair() {
    let rules = rules();
    let mut random = Random::new([1, 2, 3, 4]);
    for (prefix, count) in [("", 8u32), ("x", 12), ("x", 300)] {
        let mut set = Set::for_member(b"x", 1, &rules);
        (0..count).for_each(|n| assert!(set.insert(format!("{prefix}{n}").as_bytes(), &rules)));
        let mut seen = std::collections::BTreeMap::<_, u32>::new();
        for _ in 0..count * 100 {
            set.pick(1, &mut random, |item| *seen.entry(item.to_vec()).or_default() += 1);
        }
        assert_eq!(seen.len(), count as usize);
        let chi_square: f64 = seen.values().map(|n| (f64::from(*n) - 100.0).powi(2) / 100.0).sum();
        assert!(chi_square < f64::from(count) * 2.5, "{chi_square} for {count}");
        let mut popped = BTreeSet::new();
        while !set.is_empty() {
            set.take(1, &mut random, &rules, |item| assert!(popped.insert(item.to_vec())));
        }
        assert_eq!((popped.len(), set.len()), (count as usize, 0));
    }
}

/// What is taken is gone, what is not stays, and what stays of a large set is kept as a new set would be.
#[test]
fn several_are_taken_at_once() {
    let rules = rules();
    let mut random = Random::new([1, 2, 3, 4]);
    for (prefix, len) in [("", 8usize), ("x", 12), ("x", 300)] {
        for count in [1, len / 2, len - 1, len, len + 1] {
            let mut set = Set::for_member(b"0", 1, &rules);
            (0..len).for_each(|n| assert!(set.insert(format!("{prefix}{n}").as_bytes(), &rules)));
            let before = all(&set);
            let (mut sampled, mut taken) = (BTreeSet::new(), BTreeSet::new());
            set.sample(count, &mut random, |item| assert!(sampled.insert(item.to_vec())));
            assert_eq!((sampled.len(), sampled.is_subset(&before)), (count.min(len), true));
            set.take(count, &mut random, &rules, |item| assert!(taken.insert(item.to_vec())));
            assert_eq!((taken.len(), set.len()), (count.min(len), len - count.min(len)));
            assert_eq!(all(&set).union(&taken).cloned().collect::<BTreeSet<_>>(), before);
            if count + 1 == len {
                assert_eq!(set.encoding(), if prefix.is_empty() { "intset" } else { "listpack" });
            }
        }
    }
}

proptest! {
    #[test]
    fn they_are_sets(steps in proptest::collection::vec((0..5u8, 0..40u32, 0..5usize), 1..200)) {
        let rules = rules();
        let mut set = Set::for_member(b"1", 1, &rules);
        let mut model = BTreeSet::new();
        for (what, n, kind) in steps {
            let member = match kind {
                0 | 1 => n.to_string(),
                2 => format!("m{n}"),
                3 => format!("0{n}"),
                _ => "x".repeat(n as usize * 2),
            }.into_bytes();
            if what < 3 {
                prop_assert_eq!(set.insert(&member, &rules), model.insert(member.clone()));
            } else {
                prop_assert_eq!(set.remove(&member), model.remove(&member));
            }
            prop_assert_eq!(set.contains(&member), model.contains(&member));
            prop_assert_eq!(set.contains_item(Item::of(&member)), model.contains(&member));
            prop_assert_eq!(set.len(), model.len());
        }
        prop_assert_eq!(all(&set), model.clone());
        prop_assert_eq!(all(&set.clone()), model.clone());
        let (mut seen, mut cursor) = (BTreeSet::new(), 0);
        loop {
            cursor = set.scan(cursor, |item| { seen.insert(item.to_vec()); });
            if cursor == 0 {
                break;
            }
        }
        prop_assert_eq!(seen, model);
    }
}
