//! The only source of chance in a run: xoshiro256**, seeded through SplitMix64.

/// A repeatable stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    state: [u64; 4],
}

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        let mut x = seed;
        let state = std::array::from_fn(|_| split_mix(&mut x));
        Self { state }
    }

    /// An independent stream, so that drawing more of one thing does not move all others.
    pub(crate) fn fork(&mut self) -> Self {
        Self::new(self.next())
    }

    pub(crate) const fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// A number below `n`; zero for `n` = 0.
    pub(crate) const fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { ((self.next() as u128 * n as u128) >> 64) as u64 }
    }

    /// An index below `n`.
    pub(crate) const fn index(&mut self, n: usize) -> usize {
        self.below(n as u64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub(crate) const fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in `part` of `whole` cases; never if `whole` is 0.
    pub(crate) const fn chance(&mut self, part: u64, whole: u64) -> bool {
        whole > 0 && self.below(whole) < part
    }

    /// One of the items. Panics on an empty slice: a caller's slip.
    pub(crate) const fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// One of the items, each as often as its weight says.
    pub(crate) fn weighted<'a, T>(&mut self, items: &'a [(u32, T)]) -> &'a T {
        let total: u64 = items.iter().map(|(w, _)| u64::from(*w)).sum();
        let mut at = self.below(total);
        for (weight, item) in items {
            match at.checked_sub(u64::from(*weight)) {
                Some(rest) => at = rest,
                None => return item,
            }
        }
        &items[items.len() - 1].1
    }

    /// Twenty random bytes, for identities.
    pub(crate) fn bits160(&mut self) -> [u8; 20] {
        let mut out = [0; 20];
        for chunk in out.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        out
    }
}

const fn split_mix(x: &mut u64) -> u64 {
    *x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *x;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_streams() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        assert!((0..100).all(|_| a.next() == b.next()));
    }

    #[test]
    fn ranges_hold_and_are_exhausted() {
        let mut rng = Rng::new(1);
        let seen: std::collections::BTreeSet<u64> = (0..500).map(|_| rng.range(3, 6)).collect();
        assert_eq!(seen, [3, 4, 5, 6].into());
    }

    #[test]
    fn a_weight_of_zero_is_never_drawn() {
        let mut rng = Rng::new(1);
        assert!((0..200).all(|_| *rng.weighted(&[(0, 'a'), (1, 'b')]) == 'b'));
    }
}
