use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn limits(entries: usize) -> Limits {
    Limits { entries, value_bytes: 20, hasher: KeyHasher::new((1, 2)) }
}

/// Members in order, as the model has them.
fn ordered(model: &BTreeMap<Vec<u8>, f64>) -> Vec<(Vec<u8>, f64)> {
    let mut pairs: Vec<_> = model.iter().map(|(member, score)| (member.clone(), *score)).collect();
    pairs.sort_by(|one, other| one.1.total_cmp(&other.1).then_with(|| one.0.cmp(&other.0)));
    pairs
}

fn all(zset: &Zset, backwards: bool) -> Vec<(Vec<u8>, f64)> {
    let mut pairs = Vec::new();
    zset.each(0..usize::MAX, backwards, |member, score| pairs.push((member.to_vec(), score)));
    if backwards {
        pairs.reverse();
    }
    pairs
}

fn scanned(zset: &Zset) -> BTreeMap<Vec<u8>, f64> {
    let (mut seen, mut cursor) = (BTreeMap::new(), 0);
    loop {
        cursor = zset.scan(cursor, |member, score| {
            seen.insert(member.to_vec(), score);
        });
        if cursor == 0 {
            return seen;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn it_is_a_map_in_order(
        entries in 0..200usize,
        steps in proptest::collection::vec((0..8u8, 0..300u32, -20..20i32, 0..6usize), 1..400),
    ) {
        let (mut zset, mut model) = (Zset::new(), BTreeMap::new());
        let mut most = 0;
        for (what, n, score, count) in steps {
            let member = if n % 3 == 0 { n.to_string() } else { format!("m{n}") }.into_bytes();
            let score = f64::from(score) / 4.0;
            match what {
                0..=4 => {
                    let was_none = model.insert(member.clone(), score).is_none();
                    prop_assert_eq!(zset.set(&member, score, limits(entries)), was_none);
                }
                5 => prop_assert_eq!(zset.remove(&member), model.remove(&member).is_some()),
                6 => {
                    let start = n as usize % (model.len() + 1);
                    let ranks = start..(start + count).min(model.len());
                    for (member, _) in &ordered(&model)[ranks.clone()] {
                        model.remove(member);
                    }
                    zset.remove_ranks(ranks);
                }
                _ => {
                    let rank = ordered(&model).iter().position(|pair| pair.0 == member);
                    let expected = rank.map(|rank| (rank, model[&member]));
                    prop_assert_eq!(zset.rank(&member), expected);
                    let before = model.values().filter(|present| **present < score).count();
                    prop_assert_eq!(zset.count_by_score(|present| present < score), before);
                }
            }
            most = most.max(model.len());
            prop_assert_eq!(zset.score(&member), model.get(&member).copied());
            prop_assert_eq!(zset.len(), model.len());
        }
        prop_assert_eq!(all(&zset, false), ordered(&model));
        prop_assert_eq!(all(&zset, true), ordered(&model));
        prop_assert_eq!(scanned(&zset), model);
        prop_assert_eq!(zset.encoding(), if most > entries { "skiplist" } else { "listpack" });
    }
}

#[test]
fn a_member_costs_half_of_what_a_skiplist_takes() {
    let mut zset = Zset::new();
    let count = 200_000u64;
    for n in 0..count {
        let score = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        zset.set(format!("m{n:09}").as_bytes(), score as f64, limits(128));
    }
    let each = zset.heap_bytes() as f64 / count as f64;
    assert!(each < 48.0, "{each} bytes per member");
}

#[test]
fn small_ones_have_the_bytes_of_redis() {
    let mut zset = Zset::new();
    for (member, score) in [("b", 2.5), ("a", 1.0), ("7", 1e20), ("c", f64::NEG_INFINITY)] {
        zset.set(member.as_bytes(), score, limits(128));
    }
    let texts: Vec<_> = zset.listpack().unwrap().iter().map(|item| String::from_utf8(item.to_vec()).unwrap()).collect();
    assert_eq!(texts, ["c", "-inf", "a", "1", "b", "2.5", "7", "1e+20"]);
    zset.set(&[b'x'; 21], 0.0, limits(128));
    assert_eq!((zset.encoding(), zset.listpack()), ("skiplist", None));
}

impl Zset {
    /// What was counted step by step is what a new count gives.
    pub(crate) fn check_counts(&self) {
        if let Form::Big(big) = &self.0 {
            big.check_counts();
        }
    }
}
