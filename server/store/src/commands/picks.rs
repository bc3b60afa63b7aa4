//! How many random elements a client wants.

use bongsu_protocol::resp::Writer;

use crate::call::{Call, Done, Fault};

/// Most elements that can be asked for with what belongs to them: a reply of twice as many can be counted.
const PAIRS_MAX: u64 = (i64::MAX / 2) as u64;

/// Elements picked before the length of the reply is looked at again.
const AT_A_TIME: usize = 256;

/// A number of random elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Picks {
    /// All different, and no more than there are.
    Different(usize),
    /// Each chosen among all.
    Repeated(usize),
}

impl Picks {
    /// The number at `index`, which is negative where elements may come again.
    pub(super) fn read(call: &Call<'_>, index: usize) -> Result<Self, Fault> {
        let n = call.int_within(
            index,
            -i64::MAX,
            i64::MAX,
            "value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        )?;
        let count = n.unsigned_abs() as usize;
        Ok(if n < 0 { Self::Repeated(count) } else { Self::Different(count) })
    }

    /// The same, where each element comes with something that belongs to it.
    pub(super) fn in_pairs(self) -> Result<Self, Fault> {
        let (Self::Different(count) | Self::Repeated(count)) = self;
        if count as u64 > PAIRS_MAX { Err(Fault::OutOfRange("value is out of range")) } else { Ok(self) }
    }
}

/// Has `count` elements picked and written, unless the reply grows too long: who asks for more than there is memory for gets nothing.
/// `pick` is handed how many to pick, and does so, writing nothing beyond `end_max` ([`Call::reply_end_max`]).
pub(super) fn repeat(
    reply: &mut Writer<'_>,
    count: usize,
    end_max: usize,
    mut pick: impl FnMut(usize, &mut Writer<'_>),
) -> Done {
    let mut left = count;
    while left > 0 {
        let next = left.min(AT_A_TIME);
        pick(next, reply);
        left -= next;
        if reply.position() > end_max {
            return Done::CutOff;
        }
    }
    Done::Replied
}
