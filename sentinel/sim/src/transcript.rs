//! The story of a run: state transitions only, one column per sentinel. Everything else appears with `--verbose`.

use bongsu_sentinel_core::{Decision, Event};

use crate::units::{MS, SEC};
use crate::world::{Pid, World};

/// Width of a sentinel's column.
const COLUMN: usize = 15;

pub(crate) struct Transcript {
    columns: usize,
    verbose: bool,
    lines: Vec<String>,
    hash: u64,
}

/// How much of the story is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Detail {
    /// A state transition.
    Short,
    /// Only with `--verbose`.
    Long,
}

impl Transcript {
    pub(crate) const fn new(columns: usize, verbose: bool) -> Self {
        Self { columns, verbose, lines: Vec::new(), hash: 0xcbf2_9ce4_8422_2325 }
    }

    pub(crate) fn note(&mut self, now_us: u64, text: &str) {
        let line = format!("{} {:width$} {text}", stamp(now_us), "", width = self.columns * COLUMN);
        self.push(line, Detail::Short);
    }

    fn cell(&mut self, now_us: u64, column: usize, word: &str, rest: &str, detail: Detail) {
        let before = column * COLUMN;
        let after = self.columns.saturating_sub(column + 1) * COLUMN;
        let line = format!("{} {:before$}{word:<COLUMN$}{:after$} {rest}", stamp(now_us), "", "");
        self.push(line, detail);
    }

    fn push(&mut self, line: String, detail: Detail) {
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.verbose || detail == Detail::Short {
            self.lines.push(line);
        }
    }

    /// A number that differs if anything in the story does.
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines
    }
}

impl World {
    /// A word in a sentinel's column.
    pub(crate) fn say(&mut self, pid: Pid, word: &str) {
        self.say_more(pid, word, "", Detail::Short);
    }

    pub(crate) fn say_more(&mut self, pid: Pid, word: &str, rest: &str, detail: Detail) {
        if let Some(column) = self.column(pid) {
            let now = self.now_us;
            self.transcript.cell(now, column, word, rest, detail);
        }
    }

    pub(crate) fn tell(&mut self, pid: Pid, event: &Event) {
        let short = matches!(
            event.name,
            "+sdown"
                | "-sdown"
                | "+odown"
                | "-odown"
                | "+tilt"
                | "-tilt"
                | "+new-epoch"
                | "+vote-for-leader"
                | "+try-failover"
                | "+elected-leader"
                | "+selected-slave"
                | "+promoted-slave"
                | "+failover-end"
                | "+switch-master"
                | "+config-update-from"
                | "+convert-to-slave"
                | "+fix-slave-config"
                | "+reset-master"
        ) || event.name.starts_with("-failover");
        let detail = if short { Detail::Short } else { Detail::Long };
        self.say_more(pid, event.name, &event.payload(), detail);
    }

    pub(crate) fn tell_decision(&mut self, pid: Pid, decision: &Decision) {
        let rest = format!("{} {:?}", decision.group, decision.reason);
        self.say_more(pid, "decides", &rest, Detail::Long);
    }
}

fn stamp(now_us: u64) -> String {
    format!("{:>4}.{:03}", now_us / SEC, now_us % SEC / MS)
}
