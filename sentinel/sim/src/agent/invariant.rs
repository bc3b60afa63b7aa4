//! No two nodes of a group hold its address at the same moment; and when all is well, the master does (design, section 6).

use std::collections::BTreeMap;

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::shape::Brand;
use crate::units::SEC;
use crate::world::{Pid, World};

/// Where packets take long and `down-after` is short, a lease may run out before the next one is there.
const GAP_US: u64 = 2 * SEC;

/// After a clock jumped ahead without any time having passed, leases that it has shortened may still be believed in for so long. Such a
/// clock does not exist; it is there to test what else depends on time.
const JUMP_US: u64 = 10 * SEC;

#[derive(Default)]
pub(crate) struct OneHolder {
    /// Until when each node of a group holds the address.
    until_us: BTreeMap<(usize, Pid), u64>,
}

impl Invariant for OneHolder {
    fn name(&self) -> &'static str {
        "one-holder"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        let Fact::AddressHeld { group, node, until_us } = *fact else { return Ok(()) };
        self.until_us.insert((group, node), until_us);
        if until_us <= world.now_us || world.jumped_us.is_some_and(|at| world.now_us < at + JUMP_US) {
            return Ok(());
        }
        let other = self.until_us.iter().find(|((g, n), until)| *g == group && *n != node && **until > world.now_us);
        other.map_or(Ok(()), |((_, other), until)| {
            let left = (until - world.now_us) / 1000;
            Err(format!("{} holds the address that {} holds for {left} ms", world.label(node), world.label(*other)))
        })
    }

    fn end(&mut self, world: &World) -> Result<(), String> {
        let ours = world.shape.sentinels.iter().filter(|brand| **brand == Brand::Bongsu).count();
        if !world.is_majority(ours) {
            return Ok(());
        }
        for g in (0..world.groups.len()).filter(|g| !world.resets.struck(*g)) {
            let master = world.sentinels.first().and_then(|s| world.master_by(*s, g)).and_then(|a| world.find(&a));
            let Some(master) = master else { continue };
            if self.until_us.get(&(g, master)).is_none_or(|until| until + GAP_US <= world.now_us) {
                return Err(format!("{} is the master and does not hold the address", world.label(master)));
            }
        }
        Ok(())
    }
}
