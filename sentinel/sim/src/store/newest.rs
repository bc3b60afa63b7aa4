//! After all faults have ended every store shows what the sentinels agree on, within a bound (design, section 6).

use bongsu_sentinel_core::{Addr, Epoch, Time};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::units::SEC;
use crate::world::World;

/// Everybody looks every half to one and a half of thirty seconds; a store that has just failed may be left alone for some more.
const BOUND_US: u64 = 60 * SEC;

pub(crate) struct StoresHoldTheNewest;

impl Invariant for StoresHoldTheNewest {
    fn name(&self) -> &'static str {
        "stores-hold-the-newest"
    }

    fn see(&mut self, _world: &World, _fact: &Fact<'_>) -> Result<(), String> {
        Ok(())
    }

    fn end(&mut self, world: &World) -> Result<(), String> {
        if world.stores.is_mute {
            return Ok(());
        }
        for (index, store) in world.stores.all.iter().enumerate() {
            let Some((epoch, master)) = agreed(world, store.group) else { continue };
            let since = world.configured_since(store.group, epoch).max(world.shape.heal_at_us);
            if world.now_us < since + BOUND_US {
                continue;
            }
            let holds = store.holds.as_ref().map(|r| (r.goal.epoch, &r.master));
            if !holds.is_some_and(|(held, shown)| held == epoch && shown.same_place(&master)) {
                let shown =
                    holds.map_or_else(|| "nothing".into(), |(e, m)| format!("{} of epoch {e}", world.label_addr(m)));
                let master = world.label_addr(&master);
                return Err(format!("store {index} shows {shown}, and all say {master} of epoch {epoch}"));
            }
        }
        Ok(())
    }
}

/// What all of our sentinels hold to be true; `None` if they do not agree, as after resets, or if there are none.
fn agreed(world: &World, group: usize) -> Option<(Epoch, Addr)> {
    let name = world.groups[group].name.as_str();
    let cores = world.sentinels.iter().filter_map(|s| world.core_node(*s));
    let mut views = cores.filter_map(|n| n.core.as_ref()?.group(Time::ZERO, name));
    let first = views.next()?;
    let said = (first.config_epoch, first.current_addr);
    views.all(|v| v.config_epoch == said.0 && v.current_addr.same_place(&said.1)).then_some(said)
}
