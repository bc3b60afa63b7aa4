//! The log says where in the stream of changes its end is, once nothing has changed for a moment: what comes back after a crash with all
//! of its log, and nothing behind that, can go on with those who have as much.

use super::Aof;
use crate::engine::Engine;

/// An end of the log, and the line that tells its place.
type End = (u64, String);

/// What is known of the end of the log.
#[derive(Default)]
pub(super) struct Ends {
    seen: Option<End>,
    /// The log says so.
    told: Option<End>,
}

impl Aof {
    /// Tells the place of the end of the log with this line, if it is the same as when this was called before.
    fn tell_place(&mut self, line: String) {
        let now = Some((self.offset(), line));
        if self.ends.told == now {
            return;
        }
        if self.ends.seen != now {
            self.ends.seen = now;
            return;
        }
        let line = now.map(|(_, line)| line).unwrap_or_default();
        self.note(line.as_bytes());
        self.ends.told = Some((self.offset(), line));
    }
}

impl Engine {
    /// To be called after turns, now and then.
    pub(crate) fn tell_place_if_still(&mut self) {
        let is_told = self.aof.as_ref().is_some_and(|aof| !aof.needs_base())
            && self.dataset.vacancy.is_none()
            && self.keeps_place();
        if is_told {
            let line = self.place_line();
            if let Some(aof) = &mut self.aof {
                aof.tell_place(line);
            }
        }
    }
}
