//! Nobody is held to be down for a silence that the observer slept through (design, 4.3 "Monotonic time").

use bongsu_sentinel_core::{DownCause, Reason};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::shape::micros;
use crate::units::MS;
use crate::world::World;

pub(super) struct DownNeedsSilence;

/// Rounding and drift of the clocks.
const TOLERANCE_US: u64 = 50 * MS;

impl Invariant for DownNeedsSilence {
    fn name(&self) -> &'static str {
        "down-needs-silence"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        let Fact::Decided { by, decision } = fact else { return Ok(()) };
        let Reason::SubjectivelyDown { addr, cause: DownCause::Silent(silence) } = &decision.reason else {
            return Ok(());
        };
        let Some(node) = world.core_node(*by) else { return Ok(()) };
        let awake = world.now_us - node.resumed_us;
        // A stall is noticed by a deadline that it made later than the trigger; the next one may be a heartbeat away.
        let unnoticed = micros(node.tunables.tilt_trigger + node.tunables.ping_period);
        if micros(*silence) > awake + unnoticed + TOLERANCE_US {
            return Err(format!(
                "{} holds {} to be silent for {} ms, but was awake for {} ms only",
                world.label(*by),
                world.label_addr(addr),
                silence.as_millis(),
                awake / MS
            ));
        }
        Ok(())
    }
}
