//! What goes wrong, and how it is put right again.

mod heal;
mod network;
mod operator;
mod process;
mod reset;

pub(crate) use heal::Repair;
pub(crate) use reset::Resets;

use crate::rng::Rng;
use crate::world::{Job, World};

/// A kind of trouble.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FaultKind {
    KillMaster,
    KillNode,
    PowerLoss,
    PauseMaster,
    PauseNode,
    KillSentinel,
    /// A sentinel dies at one of its next actions.
    CrashAtAction,
    PauseSentinel,
    PauseManySentinels,
    Isolate,
    OneWay,
    Ring,
    Split,
    BreakLinks,
    DelaySpike,
    ClockJump,
    SlowDisk,
    FailingDisk,
    SlowInfo,
    LyingInfo,
    /// A foreign node takes over the address of a dead one.
    AddressReuse,
    HandOver,
    ForcedFailover,
    Reset,
    ChangeOptions,
    /// An operator points a node at the wrong master, or makes it one.
    WrongRole,
}

impl FaultKind {
    const ALL: [(u32, Self); 26] = [
        (8, Self::KillMaster),
        (4, Self::KillNode),
        (3, Self::PowerLoss),
        (5, Self::PauseMaster),
        (3, Self::PauseNode),
        (3, Self::KillSentinel),
        (4, Self::CrashAtAction),
        (3, Self::PauseSentinel),
        (2, Self::PauseManySentinels),
        (4, Self::Isolate),
        (3, Self::OneWay),
        (2, Self::Ring),
        (3, Self::Split),
        (2, Self::BreakLinks),
        (1, Self::DelaySpike),
        (1, Self::ClockJump),
        (1, Self::SlowDisk),
        (1, Self::FailingDisk),
        (1, Self::SlowInfo),
        (1, Self::LyingInfo),
        (1, Self::AddressReuse),
        (6, Self::HandOver),
        (1, Self::ForcedFailover),
        (1, Self::Reset),
        (1, Self::ChangeOptions),
        (1, Self::WrongRole),
    ];

    /// The kinds that strike in a run, each with its weight. Few kinds at a time reach deeper than all at once.
    pub(crate) fn draw_menu(rng: &mut Rng) -> Vec<(u32, Self)> {
        let share = *rng.pick(&[2, 4, 8]);
        let mut menu: Vec<_> = Self::ALL.into_iter().filter(|_| rng.chance(share, 10)).collect();
        if menu.is_empty() {
            menu.push((1, Self::KillMaster));
        }
        menu
    }
}

impl World {
    /// Something goes wrong, and the next trouble is scheduled.
    pub(crate) fn on_fault(&mut self) {
        if !self.unsafe_phase {
            return;
        }
        let period = self.shape.fault_period_us;
        let next = self.rng.range(period / 4, period * 7 / 4);
        self.at(next, Job::Fault);
        let menu = self.shape.faults.clone();
        let kind = *self.rng.weighted(&menu);
        self.strike(kind);
    }

    fn strike(&mut self, kind: FaultKind) {
        match kind {
            FaultKind::KillMaster
            | FaultKind::KillNode
            | FaultKind::PowerLoss
            | FaultKind::PauseMaster
            | FaultKind::PauseNode
            | FaultKind::AddressReuse => self.strike_node(kind),
            FaultKind::SlowInfo | FaultKind::LyingInfo => self.strike_info(kind),
            FaultKind::KillSentinel
            | FaultKind::CrashAtAction
            | FaultKind::PauseSentinel
            | FaultKind::PauseManySentinels
            | FaultKind::ClockJump
            | FaultKind::SlowDisk
            | FaultKind::FailingDisk => self.strike_sentinel(kind),
            FaultKind::Isolate
            | FaultKind::OneWay
            | FaultKind::Ring
            | FaultKind::Split
            | FaultKind::BreakLinks
            | FaultKind::DelaySpike => self.strike_network(kind),
            FaultKind::HandOver
            | FaultKind::ForcedFailover
            | FaultKind::Reset
            | FaultKind::ChangeOptions
            | FaultKind::WrongRole => self.operate(kind),
        }
    }
}
