//! Clients: they ask a sentinel for the master, write to it, and remember what was acknowledged.

mod oracle;

pub(crate) use oracle::Oracle;

use bongsu_sentinel_core::Addr;

use crate::facts::Fact;
use crate::net::Host;
use crate::units::{MS, SEC};
use crate::world::{Body, Job, Pid, World};

/// A write with its own value, so that its presence can be told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct WriteId(u64);

impl WriteId {
    /// Writes of no client of this world lie above this.
    const FOREIGN: u64 = 1 << 60;

    pub(crate) const fn foreign(n: u64) -> Self {
        Self(Self::FOREIGN + n)
    }
}

pub(crate) struct Client {
    group: usize,
    host: Host,
    period_us: u64,
    connection: Option<Connection>,
    /// Grows with every connection and every given-up write.
    session: u32,
    waiting: Option<(WriteId, u64)>,
}

/// An established connection to a data node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Connection {
    node: Pid,
    incarnation: u32,
    kills: u32,
}

/// A write under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    client: usize,
    session: u32,
    connection: Connection,
    id: WriteId,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Acked,
    /// `-READONLY`, `-LOADING`: this is no master.
    Refused,
    /// The connection is gone; whether the write was done is unknown.
    Reset,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum ClientJob {
    Step(usize),
    Arrive(Write),
    Answer(Write, Outcome),
}

impl ClientJob {
    /// The data node that the job needs awake.
    pub(crate) const fn at_node(&self) -> Option<Pid> {
        match self {
            Self::Arrive(write) => Some(write.connection.node),
            Self::Step(_) | Self::Answer(..) => None,
        }
    }
}

/// A client gives up waiting for a write after this long.
const PATIENCE_US: u64 = 2 * SEC;
/// Bytes that a write adds to the replication stream.
const WRITE_BYTES: u64 = 97;

impl Client {
    pub(crate) const fn new(group: usize, host: Host, period_us: u64) -> Self {
        Self { group, host, period_us, connection: None, session: 0, waiting: None }
    }
}

impl World {
    pub(crate) fn start_clients(&mut self) {
        for i in 0..self.clients.len() {
            let at = 2 * SEC + self.rng.below(SEC);
            self.at(at, Job::Client(ClientJob::Step(i)));
        }
    }

    pub(crate) fn client_job(&mut self, job: ClientJob) {
        match job {
            ClientJob::Step(i) => self.client_step(i),
            ClientJob::Arrive(write) => self.write_arrives(write),
            ClientJob::Answer(write, outcome) => self.write_answered(write, outcome),
        }
    }

    fn client_step(&mut self, i: usize) {
        let period = self.clients[i].period_us;
        let pause = self.rng.range(period / 2, period * 3 / 2);
        self.at(pause, Job::Client(ClientJob::Step(i)));
        let now = self.now_us;
        let client = &mut self.clients[i];
        match client.waiting {
            Some((_, since)) if now - since < PATIENCE_US => return,
            Some(_) => {
                client.waiting = None;
                client.connection = None;
                client.session += 1;
            }
            None => {}
        }
        if client.connection.is_none() {
            self.discover(i);
        }
        let client = &self.clients[i];
        let (Some(connection), session, host) = (client.connection, client.session, client.host) else { return };
        let id = self.oracle.next_write();
        self.clients[i].waiting = Some((id, now));
        if self.net.is_blocked(host, self.host_of(connection.node)) {
            return;
        }
        let delay = self.rng.range(self.shape.delay_us.0, self.shape.delay_us.1);
        self.at(delay, Job::Client(ClientJob::Arrive(Write { client: i, session, connection, id })));
    }

    /// Asks some sentinel that answers, and connects to the node that it names.
    fn discover(&mut self, i: usize) {
        let (group, host) = (self.clients[i].group, self.clients[i].host);
        let sentinel = *self.rng.pick(&self.sentinels);
        if !self.reaches(host, sentinel) {
            return;
        }
        let Some(node) = self.master_by(sentinel, group).and_then(|a| self.find(&a)) else { return };
        if !self.reaches(host, node) {
            return;
        }
        let connection = Connection { node, incarnation: self.proc(node).incarnation, kills: self.data(node).kills };
        self.clients[i].connection = Some(connection);
        self.clients[i].session += 1;
    }

    /// What a sentinel answers to `SENTINEL GET-MASTER-ADDR-BY-NAME`.
    pub(crate) fn master_by(&self, sentinel: Pid, group: usize) -> Option<Addr> {
        let name = &self.groups[group].name;
        match &self.proc(sentinel).body {
            Body::Core(node) => node.core.as_ref()?.current_addr(name.as_str()),
            Body::Real(node) => node.current_addr(name),
            Body::Data(_) => None,
        }
    }

    /// A write reaches its node.
    pub(crate) fn write_arrives(&mut self, write: Write) {
        let pid = write.connection.node;
        let p = self.proc(pid);
        if !p.up {
            if p.host_up {
                self.answer_write(write, Outcome::Reset);
            }
            return;
        }
        let incarnation = p.incarnation;
        let node = self.data_mut(pid);
        if incarnation != write.connection.incarnation || node.kills != write.connection.kills {
            self.answer_write(write, Outcome::Reset);
        } else if node.paused_until_us.is_some() {
            node.parked.push(write);
        } else if !node.is_master() || node.loading || node.amnesiac {
            self.answer_write(write, Outcome::Refused);
        } else {
            self.feed(pid, WRITE_BYTES, &crate::data::Item::Write(write.id));
            self.answer_write(write, Outcome::Acked);
        }
    }

    fn answer_write(&mut self, write: Write, outcome: Outcome) {
        let host = self.clients[write.client].host;
        if !self.net.is_blocked(self.host_of(write.connection.node), host) {
            let delay = self.rng.range(self.shape.delay_us.0, self.shape.delay_us.1);
            self.at(delay + MS / 10, Job::Client(ClientJob::Answer(write, outcome)));
        }
    }

    fn write_answered(&mut self, write: Write, outcome: Outcome) {
        let client = &mut self.clients[write.client];
        let group = client.group;
        let current = client.session == write.session;
        if current && client.waiting.is_some_and(|(id, _)| id == write.id) {
            client.waiting = None;
        }
        match outcome {
            Outcome::Acked if current => {
                self.oracle.acked(group, write.id);
                self.observe(&Fact::Acked { group, write: write.id, node: write.connection.node });
            }
            Outcome::Acked => {}
            Outcome::Refused | Outcome::Reset if current => {
                client.connection = None;
            }
            Outcome::Refused | Outcome::Reset => {}
        }
    }
}
