//! What a core asks for is done.

use bongsu_sentinel_core::{Action, Channel, LinkId, Reason, Request, RequestId, SaveNeed, SaveSeq};

use crate::facts::Fact;
use crate::mutant::Mutant;
use crate::net::{Msg, Side, Use};
use crate::world::{Job, Pid, World};

/// Longest time that a save nobody waits for is put off.
const LAZY_SAVE_US: u64 = 1_000_000;

impl World {
    pub(super) fn execute(&mut self, pid: Pid, action: Action) {
        let Some(action) = self.mutate_action(pid, action) else { return };
        match action {
            Action::Connect { link, channel, to, .. } => {
                self.close_link(pid, link, channel);
                let conn = self.connect(pid, &to, Use::Core(link, channel));
                if let Some(node) = self.core_node_mut(pid) {
                    node.links.insert((link, channel), conn);
                }
            }
            Action::Close { link, channel } => self.close_link(pid, link, channel),
            Action::DropLink { link } => {
                for channel in [Channel::Command, Channel::PubSub, Channel::Write] {
                    self.close_link(pid, link, channel);
                }
            }
            Action::Send { link, id, request } => self.send_request(pid, link, id, request),
            Action::Save { seq, need } => self.save(pid, seq, need),
            Action::AnswerVote { call, reply } => self.answer_vote(pid, call, reply),
            Action::Publish(event) => {
                self.tell(pid, &event);
                self.observe(&Fact::Published { by: pid, event: &event });
            }
            Action::Record(decision) => {
                self.tell_decision(pid, &decision);
                self.observe(&Fact::Decided { by: pid, decision: &decision });
                self.maybe_crash_at(pid, &decision.reason);
            }
            Action::RunHooks { group, occasion } => self.run_hooks(pid, group, &occasion),
            Action::Configured { group, how } => self.configured(pid, group, how),
            Action::ReconfigScript { .. } | Action::Resolve { .. } => {}
            Action::Crash => self.fall_over(pid),
        }
    }

    fn send_request(&mut self, pid: Pid, link: LinkId, id: RequestId, request: Request) {
        let channel = if matches!(request, Request::CheckWrites { .. }) { Channel::Write } else { Channel::Command };
        let conn = self.core_node(pid).and_then(|n| n.links.get(&(link, channel)).copied());
        let Some(conn) = conn.filter(|c| self.net.conn(*c).established) else {
            self.watch
                .fail("well-formed", format!("{} sends {request:?} on a link that is not there", self.label(pid)));
            return;
        };
        let to = self.net.conn(conn).server();
        self.observe(&Fact::Asked { by: pid, to, id, request: &request });
        self.send(conn, Side::Client, Msg::Ask { id: id.0, request });
    }

    fn save(&mut self, pid: Pid, seq: SaveSeq, need: SaveNeed) {
        let urgent = need != SaveNeed::Sometime;
        let mut rng = self.rng.fork();
        let crash_one_in = if self.unsafe_phase && urgent { self.shape.crash_on_save_one_in } else { 0 };
        let skip = self.mutant == Some(Mutant::SkipSave);
        let incarnation = self.proc(pid).incarnation;
        let Some(node) = self.core_node_mut(pid) else { return };
        let Some(core) = &node.core else { return };
        let state = node.disk.wanted(core, need);
        let ok = !node.disk.failing;
        let (low, high) = node.disk.latency_us;
        let wait = rng.range(low, high) + if urgent { 0 } else { rng.below(LAZY_SAVE_US) };
        if ok && !skip {
            node.disk.begin(seq, state);
        }
        if rng.chance(1, crash_one_in) {
            node.crash_in = Some(rng.below(8) as u32);
        }
        self.at(wait, Job::Saved { pid, incarnation, seq, ok });
    }

    /// Repeats a write that failed, unless a later one has succeeded or is under way.
    pub(crate) fn save_again(&mut self, pid: Pid, seq: SaveSeq) {
        let owed = self.core_node(pid).is_some_and(|n| n.disk.failed && n.disk.is_idle());
        if owed {
            self.save(pid, seq, SaveNeed::Everything);
        }
    }

    /// Some steps of a failover are worth dying at.
    fn maybe_crash_at(&mut self, pid: Pid, reason: &Reason) {
        let worth = matches!(
            reason,
            Reason::FailoverStarted { .. }
                | Reason::Voted { .. }
                | Reason::Elected { .. }
                | Reason::Selected { .. }
                | Reason::Promoted { .. }
                | Reason::HandOver { .. }
                | Reason::ConfigAdopted { .. }
                | Reason::RivalrySettled { .. }
        );
        let one_in = self.shape.crash_on_step_one_in;
        if worth && self.unsafe_phase && one_in > 0 && self.rng.chance(1, one_in) {
            let after = self.rng.below(6) as u32;
            if let Some(node) = self.core_node_mut(pid) {
                node.crash_in = Some(after);
            }
        }
    }
}
