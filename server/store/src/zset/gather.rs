//! Making a sorted set of members that come in any order.

use crate::members::{Members, Values};

use super::big::{Big, SCORE};
use super::{Form, Limits, Zset};

/// Members that become a sorted set once all are there: their order is found in one go.
#[derive(Debug)]
pub struct Gather {
    members: Members,
    limits: Limits,
}

impl Gather {
    /// None yet.
    pub fn new(limits: Limits) -> Self {
        Self { members: Members::new(limits.hasher, Values::Fixed(SCORE)), limits }
    }

    /// Gives a member the score that `score` makes of the one it has.
    pub fn set(&mut self, member: &[u8], score: impl FnOnce(Option<f64>) -> f64) {
        match self.members.find(member) {
            Some(found) => {
                let value = self.members.value_mut(found);
                let old = (&*value).try_into().map_or(0.0, f64::from_le_bytes);
                value.copy_from_slice(&score(Some(old)).to_le_bytes());
            }
            None => {
                self.members.insert(member, &score(None).to_le_bytes());
            }
        }
    }

    /// Leaves a member out.
    pub fn remove(&mut self, member: &[u8]) {
        self.members.remove(member);
    }

    /// The sorted set as a large one, which it is made by way of: all that is needed where it is only to be read.
    pub fn finish_large(self) -> Zset {
        Zset(Form::Big(Box::new(Big::of(self.members))))
    }

    /// The sorted set.
    pub fn finish(self) -> Zset {
        let is_long = |member| self.members.key(member).len() > self.limits.value_bytes;
        let is_large = self.members.len() > self.limits.entries || self.members.iter().any(is_long);
        let big = Big::of(self.members);
        if is_large {
            return Zset(Form::Big(Box::new(big)));
        }
        let mut zset = Zset::new();
        if let Form::Small(small) = &mut zset.0 {
            let _never = big.visit(0..usize::MAX, false, |member, score| {
                small.push(member, score);
                std::ops::ControlFlow::Continue(())
            });
        }
        zset
    }
}
