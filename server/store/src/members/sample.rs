//! Several random members at once.

use std::collections::BTreeSet;

use super::{Member, Members};
use crate::random::Random;

/// Where more than one of so many members is wanted, it is quicker to choose among a list of all than to draw until enough differ.
const DRAW_SHARE: usize = 3;

impl Members {
    /// So many different members, or all if there are no more, in no order that means anything.
    pub fn sample(&self, count: usize, random: &mut Random) -> Vec<Member> {
        if count.saturating_mul(DRAW_SHARE) < self.len() {
            return self.draw(count, random);
        }
        let mut all: Vec<Member> = self.iter().collect();
        let count = count.min(all.len());
        for index in 0..count {
            let other = index + random.below((all.len() - index) as u64) as usize;
            all.swap(index, other);
        }
        all.truncate(count);
        all
    }

    fn draw(&self, count: usize, random: &mut Random) -> Vec<Member> {
        let (mut seen, mut drawn) = (BTreeSet::new(), Vec::with_capacity(count));
        while drawn.len() < count {
            let Some(member) = self.random(|| random.next_u64()) else { break };
            if seen.insert(member) {
                drawn.push(member);
            }
        }
        drawn
    }
}
