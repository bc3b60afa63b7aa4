//! No sentinel ever puts an older configuration in the place of a newer one, whatever the store did meanwhile (design, section 6).

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::World;

pub(crate) struct StoresNeverGoBack;

impl Invariant for StoresNeverGoBack {
    fn name(&self) -> &'static str {
        "stores-never-go-back"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        let Fact::StoreWritten { by, store, old: Some(old), new } = *fact else { return Ok(()) };
        if new >= old {
            return Ok(());
        }
        Err(format!("{} puts epoch {new} in the place of epoch {old} at store {store}", world.label(by)))
    }
}
