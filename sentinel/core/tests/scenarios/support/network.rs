//! A network that delivers at once, in order.

use bongsu_sentinel_core::{
    Action, Addr, CallId, Channel, Hello, HelloOut, Input, LinkFailure, LinkId, Pong, Reply, Request, RequestId,
};

use super::{GROUP, World, addr};

/// Delay of every message, each way.
pub(super) const DELAY_MS: u64 = 1;

/// What is under way.
pub(super) enum Due {
    Input(usize, Input),
    Request(usize, LinkId, RequestId, Request),
}

pub(super) fn site_port(site: usize) -> u16 {
    26000 + u16::try_from(site).unwrap()
}

impl World {
    pub(super) fn push(&mut self, at: u64, due: Due) {
        self.counter += 1;
        self.queue.insert((at, self.counter), due);
    }

    /// Does the next thing before `end`.
    pub(super) fn step(&mut self, end: u64) -> bool {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        let timer = (0..self.sites.len())
            .filter(|s| self.sites[*s].up)
            .filter_map(|s| {
                let (timeout, earliest) = (self.sites[s].core.poll_timeout(), self.sites[s].paused_until);
                timeout.map(|t| (t.as_ms().max(self.now).max(earliest), s))
            })
            .min();
        let next = queued.into_iter().chain(timer.map(|(t, _)| t)).min();
        let Some(at) = next.filter(|t| *t <= end) else { return false };
        self.now = self.now.max(at);
        if queued == Some(at) {
            let (_, due) = self.queue.pop_first().unwrap();
            match due {
                Due::Input(site, input) => self.deliver(site, input),
                Due::Request(site, link, id, request) => self.answer(site, link, id, request),
            }
        } else if let Some((_, site)) = timer {
            self.input(site, Input::Tick);
        }
        true
    }

    pub(super) fn deliver(&mut self, site: usize, input: Input) {
        if !self.sites[site].up {
            return;
        }
        if self.now < self.sites[site].paused_until {
            return self.push(self.sites[site].paused_until, Due::Input(site, input));
        }
        match &input {
            Input::Connected { link, channel } => {
                self.sites[site].live.insert((*link, *channel));
            }
            Input::Disconnected { link, channel, .. } => {
                self.sites[site].live.remove(&(*link, *channel));
            }
            Input::Saved { seq } => {
                if let Some(state) = self.sites[site].saving.remove(seq) {
                    self.sites[site].disk = state;
                }
            }
            Input::Reply { link, .. } if !self.sites[site].live.contains(&(*link, Channel::Command)) => return,
            _ => {}
        }
        self.input(site, input);
    }

    pub(super) fn drain(&mut self, site: usize) {
        while let Some(action) = self.sites[site].core.poll_action() {
            self.perform(site, action);
        }
        self.sites[site].core.audit(GROUP);
    }

    pub(super) fn perform(&mut self, site: usize, action: Action) {
        let soon = self.now + DELAY_MS;
        match action {
            Action::Connect { link, channel, to, .. } => {
                self.sites[site].links.insert(link, to.clone());
                let refused = self.nodes.get(&to.port()).is_some_and(|n| n.refuses_subscriptions);
                let input = match self.reachability(site, &to) {
                    Ok(()) if channel == Channel::PubSub && refused => {
                        Input::Disconnected { link, channel, cause: LinkFailure::Rejected }
                    }
                    Ok(()) => {
                        if channel == Channel::PubSub
                            && let Some(n) = self.nodes.get_mut(&to.port())
                        {
                            n.subscribers.insert((site, link));
                        }
                        Input::Connected { link, channel }
                    }
                    Err(cause) => Input::Disconnected { link, channel, cause },
                };
                self.push(soon, Due::Input(site, input));
            }
            Action::Close { link, channel } => {
                if channel == Channel::Command {
                    self.hung.remove(&(site, link));
                }
                self.sites[site].live.remove(&(link, channel));
            }
            Action::DropLink { link } => {
                self.sites[site].live.retain(|(l, _)| *l != link);
                for n in self.nodes.values_mut() {
                    n.subscribers.remove(&(site, link));
                }
            }
            Action::Send { link, id, request } => self.push(soon, Due::Request(site, link, id, request)),
            Action::Save { seq, .. } => self.save(site, seq),
            Action::AnswerVote { call, reply } => {
                if let Some((asker, link, id)) = self.calls.remove(&(site, call)) {
                    self.push(soon, Due::Input(asker, Input::Reply { link, id, reply: Reply::Vote(reply) }));
                }
            }
            Action::Publish(event) => self.events.push((self.now, site, event)),
            Action::Record(decision) => self.decisions.push((site, decision)),
            Action::Crash => self.kill_sentinel(site),
            Action::ReconfigScript { leader, from, to, .. } => {
                self.scripts.push((site, leader, from.port(), to.port()));
            }
            Action::Configured { group, how } => {
                let configuration = self.sites[site].core.configuration(group);
                self.configured.extend(configuration.map(|c| (site, how, c)));
            }
            Action::RunHooks { occasion, .. } => self.hooked.push((self.now, site, *occasion)),
            Action::Resolve { .. } => {}
        }
    }

    pub(super) fn reachability(&self, site: usize, to: &Addr) -> Result<(), LinkFailure> {
        if let Some(n) = self.nodes.get(&to.port()) {
            return match (self.cut_nodes.contains(&(site, to.port())), n.up) {
                (true, _) => Err(LinkFailure::Unreachable),
                (false, true) => Ok(()),
                (false, false) => Err(LinkFailure::Refused),
            };
        }
        match (0..self.sites.len()).find(|s| self.sites[*s].port == to.port()) {
            Some(peer) if self.is_cut(site, peer) => Err(LinkFailure::Unreachable),
            Some(peer) if self.sites[peer].up => Ok(()),
            _ => Err(LinkFailure::Refused),
        }
    }

    pub(super) fn is_cut(&self, a: usize, b: usize) -> bool {
        self.cut.contains(&(a, b)) || self.cut.contains(&(b, a))
    }

    pub(super) fn break_links_to(&mut self, port: u16, cause: LinkFailure) {
        for site in 0..self.sites.len() {
            let broken: Vec<_> = self.sites[site]
                .live
                .iter()
                .filter(|(l, _)| self.sites[site].links.get(l).is_some_and(|a| a.port() == port))
                .copied()
                .collect();
            for (link, channel) in broken {
                self.push(self.now + DELAY_MS, Due::Input(site, Input::Disconnected { link, channel, cause }));
            }
        }
        if let Some(n) = self.nodes.get_mut(&port) {
            n.subscribers.clear();
            n.stuck.clear();
        }
    }

    pub(super) fn answer(&mut self, site: usize, link: LinkId, id: RequestId, request: Request) {
        let Some(to) = self.sites[site].links.get(&link).map(Addr::port) else { return };
        if self.hung.contains(&(site, link)) {
            return;
        }
        if request == Request::Ping {
            *self.pinged.entry(to).or_default() += 1;
        }
        if let Request::Hello(hello) = &request {
            self.greeted.push((self.now, site, to, hello.config_epoch.0, hello.master.port()));
        }
        if self.nodes.contains_key(&to) {
            if self.cut_nodes.contains(&(site, to)) {
                return;
            }
            self.answer_as_node(site, link, id, request, to);
        } else if let Some(peer) = (0..self.sites.len()).find(|s| self.sites[*s].port == to)
            && !self.is_cut(site, peer)
            && self.sites[peer].up
        {
            self.answer_as_peer(site, link, id, request, peer);
        }
    }

    pub(super) fn answer_as_peer(&mut self, site: usize, link: LinkId, id: RequestId, request: Request, peer: usize) {
        let reply = match request {
            Request::Ping => Reply::Pong(Pong::Pong),
            Request::Hello(out) => {
                let hello = self.hello(site, &out);
                self.push(self.now, Due::Input(peer, Input::Hello { via: None, hello }));
                Reply::Done
            }
            Request::AskDown { addr, epoch, candidate } => {
                self.next_call += 1;
                let call = CallId(self.next_call);
                self.calls.insert((peer, call), (site, link, id));
                let input = Input::VoteCall { call, addr, epoch, candidate };
                return self.push(self.now, Due::Input(peer, input));
            }
            _ => Reply::Failed("ERR unknown command".into()),
        };
        self.push(self.now + DELAY_MS, Due::Input(site, Input::Reply { link, id, reply }));
    }

    pub(super) fn hello(&self, site: usize, out: &HelloOut) -> Hello {
        Hello {
            addr: addr(self.sites[site].port),
            run_id: self.sites[site].core.my_id(),
            current_epoch: out.current_epoch,
            group: out.group.clone(),
            master: out.master.clone(),
            config_epoch: out.config_epoch,
        }
    }
}
