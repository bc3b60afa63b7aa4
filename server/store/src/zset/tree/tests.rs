use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Members whose bytes are not known: their handles decide among equal scores.
fn order(score: f64, member: Handle) -> impl Fn(Ranked) -> Ordering {
    move |entry| entry.score.total_cmp(&score).then_with(|| entry.member.cmp(&member))
}

fn member(n: u64) -> Handle {
    let [a, b, c, d, e, ..] = n.to_le_bytes();
    Handle::unpack([a, b, c, d, e])
}

fn entry((score, n): (u32, u64)) -> Ranked {
    Ranked { score: f64::from(score), member: member(n) }
}

fn insert(tree: &mut Tree, pair: (u32, u64)) {
    tree.insert(entry(pair), order(f64::from(pair.0), member(pair.1)));
}

fn all(tree: &Tree, ranks: Range<usize>, backwards: bool) -> Vec<Ranked> {
    let mut seen = Vec::new();
    let _never = tree.visit(ranks, backwards, &mut |entry| {
        seen.push(entry);
        ControlFlow::Continue(())
    });
    seen
}

/// Counts, first entries and distances from the root are as the nodes above say; memory is what the nodes have.
fn check(tree: &Tree) {
    fn below(tree: &Tree, child: Child, bytes: &mut usize) -> usize {
        match child.node {
            Node::Leaf(handle) => {
                assert_eq!(child.first, leaf::read(tree.leaves.get(handle), 0));
                assert!((1..=LEAF_MAX).contains(&child.count));
                1
            }
            Node::Inner(index) => {
                let children = &tree.inner[index as usize];
                *bytes += children.capacity() * size_of::<Child>();
                assert!((1..=CHILDREN_MAX).contains(&children.len()));
                assert_eq!(child.first, children[0].first);
                assert_eq!(child.count, children.iter().map(|child| child.count).sum::<usize>());
                let depths: BTreeSet<usize> = children.iter().map(|child| below(tree, *child, bytes)).collect();
                assert_eq!(depths.len(), 1);
                depths.first().unwrap() + 1
            }
        }
    }
    let mut bytes = 0;
    if let Some(root) = tree.root {
        below(tree, root, &mut bytes);
    }
    assert_eq!(tree.inner_bytes, bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// It is an ordered set, in whatever order entries come and go.
    #[test]
    fn it_is_an_ordered_set(
        scores in 1u32..2000,
        steps in proptest::collection::vec((0..10u8, any::<u32>(), 1..400u64), 1..80),
    ) {
        let (mut tree, mut model) = (Tree::new(), BTreeSet::new());
        let mut next = 0;
        for (what, at, count) in steps {
            for n in 0..count {
                let mixed = (u64::from(at) + n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                match what {
                    0..=4 => {
                        next += 1;
                        let score = match what {
                            0 => at % scores + n as u32,
                            1 => (at % scores).saturating_sub(n as u32),
                            _ => (mixed >> 33) as u32 % scores,
                        };
                        insert(&mut tree, (score, next));
                        model.insert((score, next));
                    }
                    5..=7 if !model.is_empty() => {
                        let rank = match what {
                            5 => 0,
                            6 => model.len() - 1,
                            _ => (mixed >> 20) as usize % model.len(),
                        };
                        let pair = *model.iter().nth(rank).unwrap();
                        model.remove(&pair);
                        let removed = if n % 2 == 0 {
                            tree.remove_at(rank)
                        } else {
                            tree.remove(order(f64::from(pair.0), member(pair.1)))
                        };
                        prop_assert_eq!(removed, Some(entry(pair)));
                    }
                    8 if !model.is_empty() => {
                        let pair = *model.iter().nth((mixed >> 20) as usize % model.len()).unwrap();
                        let moved = (pair.0 + u32::from(n % 2 == 0), pair.1);
                        let orders = [pair, moved].map(|pair| order(f64::from(pair.0), member(pair.1)));
                        let [old, new] = orders;
                        if tree.rescore(&old, f64::from(moved.0), new) {
                            model.remove(&pair);
                            model.insert(moved);
                        }
                    }
                    _ => {}
                }
            }
            check(&tree);
            prop_assert_eq!(tree.len(), model.len());
        }
        let expected: Vec<Ranked> = model.iter().map(|pair| entry(*pair)).collect();
        prop_assert_eq!(all(&tree, 0..usize::MAX, false), expected.clone());
        for (rank, wanted) in expected.iter().enumerate().step_by(7) {
            prop_assert_eq!(all(&tree, rank..rank + 1, false), vec![*wanted]);
            prop_assert_eq!(tree.rank(|entry| order(wanted.score, wanted.member)(entry).is_lt()), rank);
            let ranks = rank..(rank * 2).min(expected.len());
            let mut part = expected[ranks.clone()].to_vec();
            part.reverse();
            prop_assert_eq!(all(&tree, ranks, true), part);
        }
        while tree.remove_at(model.len() / 3).is_some() {}
        while tree.remove_at(0).is_some() {}
        check(&tree);
        prop_assert_eq!((tree.len(), tree.leaves.used_bytes()), (0, 0));
    }
}

#[test]
fn an_entry_costs_little() {
    for mix in [1, 0x9e37_79b9_7f4a_7c15, u64::MAX] {
        let mut tree = Tree::new();
        for n in 0..100_000u64 {
            insert(&mut tree, ((n.wrapping_mul(mix) >> 33) as u32, n));
        }
        let each = tree.heap_bytes() as f64 / 100_000.0;
        assert!(each < 17.0, "{each} bytes per entry");
    }
}

impl Tree {
    /// What was counted step by step is what a new count gives.
    pub(in crate::zset) fn check_counts(&self) {
        self.leaves.check_counts();
        let inner_bytes = self.inner.iter().map(|children| children.capacity() * size_of::<Child>());
        assert_eq!(self.inner_bytes, inner_bytes.sum::<usize>());
        assert_eq!(all(self, 0..usize::MAX, false).len(), self.len());
    }
}
