//! Random numbers that a seed decides.

/// A generator (xoshiro256**, Blackman and Vigna 2018): fast, and good enough for sampling and for secrets that nobody sees.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// From 256 bits, which must not all be zero.
    pub fn new(seed: [u64; 4]) -> Self {
        let state = if seed == [0; 4] { [0x9e37_79b9_7f4a_7c15, 1, 2, 3] } else { seed };
        Self { state }
    }

    /// 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number below `bound`, each as likely as any other; 0 if the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// `count` of the numbers below `len`, ascending; every selection is as likely as any other (algorithm S of Knuth, TAOCP 3.4.2).
    pub fn choose(&mut self, len: usize, count: usize) -> impl Iterator<Item = usize> + '_ {
        let mut wanted = count.min(len);
        (0..len).filter(move |index| {
            let taken = self.below((len - index) as u64) < wanted as u64;
            wanted -= usize::from(taken);
            taken
        })
    }
}
