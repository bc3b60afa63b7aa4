//! What sentinels say of a group, and what that amounts to.

mod agreement;
mod testimony;

pub use agreement::{Agreement, Claim, Named, Witness, agree, majority, voters};
pub use testimony::{KnownNode, KnownSentinel, Testimony, TestimonyError, testify};
