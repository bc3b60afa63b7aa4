//! `SENTINEL IS-MASTER-DOWN-BY-ADDR` at a core.

use bongsu_sentinel_core::{Addr, CallId, Epoch, Input, Reply, RunId, VoteReply};

use crate::facts::Fact;
use crate::net::ConnId;
use crate::sentinel::Call;
use crate::world::{Body, Pid, World};

impl World {
    /// A peer asks; `None` if the answer comes through [`World::unblock`].
    pub(crate) fn asked_for_vote(
        &mut self,
        pid: Pid,
        conn: ConnId,
        ask: u64,
        addr: &Addr,
        epoch: Epoch,
        candidate: Option<RunId>,
    ) -> Option<Reply> {
        match &mut self.proc_mut(pid).body {
            Body::Core(node) => {
                node.next_call += 1;
                let call = CallId(node.next_call);
                node.calls.insert(call, Call { conn, ask, addr: addr.clone(), epoch, candidate });
                self.feed_core(pid, Input::VoteCall { call, addr: addr.clone(), epoch, candidate });
                None
            }
            Body::Real(_) => Some(Reply::Vote(self.real_vote_call(pid, addr, epoch, candidate))),
            Body::Data(_) => None,
        }
    }

    /// For whom and in which epoch a call asks.
    pub(crate) fn candidate_of(&self, pid: Pid, call: CallId) -> Option<(RunId, Epoch)> {
        let call = self.core_node(pid)?.calls.get(&call)?;
        Some((call.candidate?, call.epoch))
    }

    pub(super) fn answer_vote(&mut self, pid: Pid, call: CallId, reply: VoteReply) {
        let Some(found) = self.core_node_mut(pid).and_then(|n| n.calls.remove(&call)) else {
            self.watch.fail("well-formed", format!("answer to unknown vote call {call:?}"));
            return;
        };
        let group = self.group_of(&found.addr);
        self.observe(&Fact::VoteAnswered { by: pid, group, reply });
        self.unblock(found.conn, found.ask, Reply::Vote(reply));
    }
}
