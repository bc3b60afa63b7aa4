//! A planned hand-over that reports success lost no acknowledged write (design, 4.3 "Planned hand-over loses nothing").

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sentinel_core::{HandOverStep, Reason};

use crate::facts::Fact;
use crate::invariants::Invariant;
use crate::world::{Pid, World};

#[derive(Default)]
pub(super) struct HandoverLosesNothing {
    /// The promoted node of a sentinel's running failover of a group, in which of its lives it was promoted, and whom it
    /// replaces.
    promoted: BTreeMap<(Pid, usize), (Pid, u32, Option<Pid>)>,
    /// The last INFO that reached a sentinel named an offset that the node did not have.
    told_wrong: BTreeSet<Pid>,
    /// A sentinel's running hand-over of a group rests on such an INFO: who is told a wrong offset cannot know what is missing.
    misled: BTreeSet<(Pid, usize)>,
    /// What the demotion of the old master threw away.
    thrown_away: BTreeMap<(Pid, usize), String>,
}

impl HandoverLosesNothing {
    fn note_misled(&mut self, by: Pid, group: usize) {
        if self.told_wrong.contains(&by) {
            self.misled.insert((by, group));
        }
    }

    /// The old master follows the new one: what it had, the new one must have.
    fn demoted(&mut self, world: &World, by: Pid, old: Pid, new: Pid) {
        let group = world.data(old).group;
        let Some((promoted, life, replaced)) = self.promoted.get(&(by, group)) else { return };
        // What a stray second master took was never the group's.
        if *replaced != Some(old) {
            return;
        }
        let restarted = world.proc(new).incarnation != *life;
        if *promoted != new || restarted || world.data(old).foreign || self.misled.contains(&(by, group)) {
            return;
        }
        let (old_node, new_node) = (world.data(old), world.data(new));
        let has: BTreeSet<_> = new_node.log.iter().map(|e| e.write).collect();
        let missing = old_node.log.iter().filter(|e| !has.contains(&e.write));
        let acked: Vec<_> = missing.filter(|e| world.oracle.was_acked(group, e.write)).collect();
        if let Some(first) = acked.first() {
            let text = format!(
                "{} loses {} acknowledged writes of {}, the first at offset {}",
                world.label(new),
                acked.len(),
                world.label(old),
                first.end
            );
            self.thrown_away.insert((by, group), text);
        }
    }
}

impl Invariant for HandoverLosesNothing {
    fn name(&self) -> &'static str {
        "handover-loses-nothing"
    }

    fn see(&mut self, world: &World, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::InfoSeen { by, wrong_offset, .. } => {
                if *wrong_offset {
                    self.told_wrong.insert(*by);
                } else {
                    self.told_wrong.remove(by);
                }
                Ok(())
            }
            Fact::Reconfigured { node, by: Some(by), to: None, .. } => {
                let group = world.data(*node).group;
                let core = world.core_node(*by).and_then(|n| n.core.as_ref());
                let name = &world.groups[group].name;
                let replaced = core.and_then(|c| c.current_addr(name.as_str())).and_then(|a| world.find(&a));
                self.promoted.insert((*by, group), (*node, world.proc(*node).incarnation, replaced));
                self.thrown_away.remove(&(*by, group));
                Ok(())
            }
            Fact::Reconfigured { node, by: Some(by), to: Some(to), was_master: true, .. } => {
                if let Some(new) = world.find(to) {
                    self.demoted(world, *by, *node, new);
                }
                Ok(())
            }
            Fact::Decided { by, decision } => {
                let Some(group) = world.group_index(&decision.group) else { return Ok(()) };
                match decision.reason {
                    // Both are decided by the INFO that has just come.
                    Reason::HandOver { step: HandOverStep::Frozen { .. } } => {
                        self.misled.remove(&(*by, group));
                        self.note_misled(*by, group);
                        Ok(())
                    }
                    Reason::HandOver { step: HandOverStep::CaughtUp { .. } } => {
                        self.note_misled(*by, group);
                        Ok(())
                    }
                    // After the promotion there is no way back; it says itself what that may have cost.
                    Reason::HandOver { step: HandOverStep::Lapsed { .. } } => {
                        self.thrown_away.remove(&(*by, group));
                        Ok(())
                    }
                    Reason::HandOver { step: HandOverStep::Demoted { .. } } => {
                        self.thrown_away.remove(&(*by, group)).map_or(Ok(()), Err)
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}
