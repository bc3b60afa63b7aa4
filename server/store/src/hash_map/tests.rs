use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn rules() -> HashRules {
    let settings = Settings { hash_max_listpack_entries: 12, ..Settings::default() };
    HashRules::new(&settings, KeyHasher::new((1, 2)))
}

fn all(hash: &Hash) -> BTreeMap<Vec<u8>, Vec<u8>> {
    hash.iter().map(|(field, value)| (field.to_vec(), value.to_vec())).collect()
}

#[test]
fn hashes_are_kept_as_the_rules_say() {
    let rules = rules();
    let mut hash = Hash::default();
    for n in 1..=12 {
        assert!(hash.set(format!("f{n}").as_bytes(), b"v", &rules));
    }
    assert_eq!((hash.encoding(), hash.len()), ("listpack", 12));
    let mut long = hash.clone();
    assert!(!long.set(b"f1", &[b'x'; 65], &rules));
    assert_eq!((long.encoding(), long.get(b"f1")), ("hashtable", Some(Item::Bytes(&[b'x'; 65]))));
    assert!(hash.set(b"f13", b"v", &rules));
    assert_eq!((hash.encoding(), hash.len()), ("hashtable", 13));
    let mut empty = Hash::default();
    empty.expect(&[b"f", &[b'x'; 65]], &rules);
    assert_eq!(empty.encoding(), "hashtable");
    let mut empty = Hash::default();
    empty.expect(&[&b"f"[..]; 24], &rules);
    assert_eq!(empty.encoding(), "listpack");
    empty.expect(&[&b"f"[..]; 26], &rules);
    assert_eq!(empty.encoding(), "hashtable");
}

#[test]
fn picks_and_samples_are_fair() {
    let rules = rules();
    let mut random = Random::new([1, 2, 3, 4]);
    for count in [12u32, 300] {
        let mut hash = Hash::default();
        (0..count).for_each(|n| assert!(hash.set(format!("f{n}").as_bytes(), b"v", &rules)));
        let (mut picked, mut sampled) = (BTreeMap::<_, u32>::new(), BTreeMap::<_, u32>::new());
        hash.pick(count as usize * 100, &mut random, |field, _| *picked.entry(field.to_vec()).or_default() += 1);
        for _ in 0..200 {
            let half = count as usize / 2;
            let before: u32 = sampled.values().sum();
            hash.sample(half, &mut random, |field, _| *sampled.entry(field.to_vec()).or_default() += 1);
            assert_eq!(sampled.values().sum::<u32>() - before, half as u32);
        }
        for seen in [picked, sampled] {
            assert_eq!(seen.len(), count as usize);
            let chi_square: f64 = seen.values().map(|n| (f64::from(*n) - 100.0).powi(2) / 100.0).sum();
            assert!(chi_square < f64::from(count) * 2.5, "{chi_square} for {count}");
        }
    }
}

proptest! {
    #[test]
    fn they_are_maps(steps in proptest::collection::vec((0..5u8, 0..40u32, 0..70usize), 1..200)) {
        let rules = rules();
        let mut hash = Hash::default();
        let mut model = BTreeMap::new();
        for (what, n, len) in steps {
            let field = n.to_string().into_bytes();
            let value = if len < 20 { len.to_string().into_bytes() } else { vec![b'v'; len] };
            if what < 3 {
                prop_assert_eq!(hash.set(&field, &value, &rules), model.insert(field.clone(), value).is_none());
            } else {
                prop_assert_eq!(hash.remove(&field), model.remove(&field).is_some());
            }
            prop_assert_eq!(hash.get(&field).map(Item::to_vec), model.get(&field).cloned());
            prop_assert_eq!((hash.len(), hash.contains(&field)), (model.len(), model.contains_key(&field)));
        }
        prop_assert_eq!(all(&hash), model.clone());
        prop_assert_eq!(all(&hash.clone()), model.clone());
        let (mut seen, mut cursor) = (BTreeMap::new(), 0);
        loop {
            cursor = hash.scan(cursor, |field, value| { seen.insert(field.to_vec(), value.to_vec()); });
            if cursor == 0 {
                break;
            }
        }
        prop_assert_eq!(seen, model);
    }
}
