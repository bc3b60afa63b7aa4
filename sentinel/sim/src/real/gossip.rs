//! Hello messages: peers, epochs and configurations of others.

use bongsu_sentinel_core::{Addr, FailoverState, Hello, Role};

use crate::real::{RealFailover, RealNode};

impl RealNode {
    pub(super) fn hear(&mut self, now: u64, via_pubsub: bool, hello: &Hello) {
        if via_pubsub && hello.run_id == self.id {
            return;
        }
        let Some(g) = self.groups.iter().position(|g| g.name == hello.group) else { return };
        self.note_peer(now, g, hello);
        self.adopt_epoch(hello.current_epoch);
        let group = &mut self.groups[g];
        if group.peers.contains_key(&hello.run_id) && group.config_epoch < hello.config_epoch {
            group.config_epoch = hello.config_epoch;
            let name = group.name.clone();
            // Real ones compare with the old master's address even when they announce a promoted one already. Nobody could tell
            // their announcements from right ones, so the model does not do that.
            let moved = self.current_addr(&name).is_none_or(|m| !m.same_place(&hello.master));
            if moved {
                self.say("+switch-master", g);
                self.change_address(now, g, &hello.master);
            }
        }
        self.flush();
    }

    fn note_peer(&mut self, now: u64, g: usize, hello: &Hello) {
        let known = self.groups[g].peers.get(&hello.run_id).copied();
        let same = known.and_then(|i| self.instances.get(&i)).is_some_and(|i| i.addr.same_place(&hello.addr));
        if same {
            return;
        }
        if let Some(old) = self.groups[g].peers.remove(&hello.run_id) {
            self.drop_instance(old);
        }
        let usurped = self.groups[g]
            .peers
            .iter()
            .find(|(_, i)| self.instances.get(i).is_some_and(|i| i.addr.same_place(&hello.addr)));
        if let Some(id) = usurped.map(|(id, _)| *id)
            && let Some(old) = self.groups[g].peers.remove(&id)
        {
            self.drop_instance(old);
        }
        let instance = self.add_instance(now, hello.addr.clone());
        self.groups[g].peers.insert(hello.run_id, instance);
    }

    /// Another master: everything that was known of nodes begins anew, the peers stay.
    pub(super) fn change_address(&mut self, now: u64, g: usize, addr: &Addr) {
        let group = &self.groups[g];
        let members: Vec<u32> = [group.master].into_iter().chain(group.replicas.iter().copied()).collect();
        let addrs: Vec<Addr> = members.iter().filter_map(|i| self.instances.get(i)).map(|i| i.addr.clone()).collect();
        for id in members {
            self.drop_instance(id);
        }
        let master = self.add_instance(now, addr.clone());
        if let Some(inst) = self.instances.get_mut(&master) {
            inst.role = Role::Master;
        }
        let others: Vec<Addr> = addrs.into_iter().filter(|a| !a.same_place(addr)).collect();
        let replicas = others.into_iter().map(|a| self.add_instance(now, a)).collect();
        let group = &mut self.groups[g];
        let start_us = None;
        group.failover = RealFailover { state: FailoverState::None, start_us, ..RealFailover::idle() };
        group.odown = false;
        group.master = master;
        group.replicas = replicas;
        self.flush();
    }
}
