//! The loop: waits, reads, runs, writes.
//!
//! One thread does it all, in phases over all connections that are ready: read from every one and run what is complete, then
//! write to every one that has replies. So a turn costs few system calls, and a client's pipeline is executed in one go.

mod arrivals;
mod batch;
mod durable;
mod following;
mod limits;
mod replicas;
mod spares;
mod traffic;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bongsu_process::log::Log;
use bongsu_protocol::session::ClientId;
use bongsu_store::random::Random;

use batch::Batch;
use durable::Answered;
use spares::Spares;

use crate::config::Config;
use crate::engine::{Engine, SWEEP_PAUSE_US};
use crate::net::conn::Conn;
use crate::net::listen::Endpoint;
use crate::net::listeners::{LISTENERS, Listeners, OpenError};
use crate::net::poll::{Poll, Ready};
use crate::net::wake::Waker;
use crate::replication::MASTER;

/// Read from one connection in a turn.
const READ_BYTES: usize = 64 * 1024;

/// The longest wait: how often what is due by time is looked at.
const TICK: Duration = Duration::from_millis(100);

/// The token of what wakes the loop. Neither a connection nor a listener has it.
const WAKER: u64 = LISTENERS - 1;

/// The longest wait while keys are being removed.
const BREATH: Duration = Duration::from_micros(SWEEP_PAUSE_US);

/// The server's loop and all it owns.
pub struct Server {
    poll: Poll,
    conns: Vec<Option<Conn>>,
    vacant: Vec<usize>,
    /// Where the connection of a client is.
    slots: HashMap<ClientId, usize>,
    pub(crate) engine: Engine,
    buffer: Vec<u8>,
    ready: Vec<Ready>,
    /// Connections with bytes to be read or run.
    awake: Vec<usize>,
    /// Connections with replies to be sent.
    flushing: Vec<usize>,
    /// Connections whose replies have to wait until so much of the append-only file is with the disk, in this order.
    withheld: VecDeque<(u64, ClientId)>,
    /// Those who have been answered since something was last handed over to be brought to disk.
    answered: Answered,
    /// A replica could be sent more at once.
    can_feed: bool,
    /// Connections that take nothing more for now, and for which more has come.
    strained: Vec<usize>,
    /// Requests that are about to run.
    batch: Batch,
    /// Buffers that no connection has replies in.
    spares: Spares,
    /// Until when no connections are accepted, because there were none to be had. In microseconds since the start.
    deaf_until_us: Option<u64>,
    /// When the connections were last looked through for silent ones, in microseconds since the start.
    looked_through_us: u64,
    /// The connection that is looked at next.
    look_at_next: usize,
}

impl Server {
    /// Listens on these endpoints, whatever is configured, and logs nothing: for servers that are part of another program.
    ///
    /// # Errors
    /// If one of them cannot be listened on.
    pub fn bind(config: Config, endpoints: impl IntoIterator<Item = Endpoint>, seed: Random) -> io::Result<Self> {
        let mut server = Self::new(config, Log::silent(), seed)?;
        let engine = &mut server.engine;
        endpoints.into_iter().try_for_each(|endpoint| engine.listeners.add(endpoint, &engine.config))?;
        engine.instance.listening = engine.listeners.describe();
        Ok(server)
    }

    /// Listens where the configuration says.
    pub(crate) fn open(config: Config, log: Log, seed: Random) -> Result<Self, OpenError> {
        let mut server = Self::new(config, log, seed)?;
        let engine = &mut server.engine;
        engine.listeners.open(&engine.config)?;
        engine.instance.listening = engine.listeners.describe();
        Ok(server)
    }

    fn new(config: Config, log: Log, seed: Random) -> io::Result<Self> {
        let (poll, waker) = (Poll::new()?, Waker::new()?);
        poll.add(&waker, WAKER)?;
        let listeners = Listeners::new(poll.watch()?);
        Ok(Self {
            poll,
            engine: Engine::new(config, log, listeners, waker, seed)?,
            conns: Vec::new(),
            vacant: Vec::new(),
            slots: HashMap::new(),
            buffer: vec![0; READ_BYTES],
            ready: Vec::new(),
            awake: Vec::new(),
            flushing: Vec::new(),
            withheld: VecDeque::new(),
            answered: Answered::default(),
            can_feed: false,
            strained: Vec::new(),
            batch: Batch::default(),
            spares: Spares::default(),
            deaf_until_us: None,
            looked_through_us: 0,
            look_at_next: 0,
        })
    }

    /// The addresses it listens on.
    pub fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.engine.listeners.local_addrs()
    }

    /// Serves until a client ends the server, or `stop` says so, which is asked after every turn: at the latest a tenth of a second
    /// after the last.
    ///
    /// # Errors
    /// If the system does not tell which sockets are ready.
    pub fn run(&mut self, mut stop: impl FnMut() -> bool) -> io::Result<()> {
        while !stop() && self.engine.shutdown.is_none() && self.engine.fatal.is_none() {
            self.wait()?;
            self.engine.begin_turn();
            self.turn();
        }
        Ok(())
    }

    /// Serves as [`Self::run`] does, until what was saved is loaded.
    ///
    /// # Errors
    /// If the system does not tell which sockets are ready.
    pub(crate) fn run_while_loading(&mut self, mut stop: impl FnMut() -> bool) -> io::Result<()> {
        while self.engine.loading.is_some() && !stop() && self.engine.shutdown.is_none() && self.engine.fatal.is_none()
        {
            self.wait()?;
            self.engine.begin_turn();
            self.turn();
        }
        Ok(())
    }

    /// Waits until something is to be done.
    fn wait(&mut self) -> io::Result<()> {
        let patience = self.patience();
        let Some(pause) = self.pause() else { return self.poll.wait(Some(patience)) };
        self.poll.wait(Some(patience.min(pause)))?;
        if self.poll.has_any() || !self.awake.is_empty() || !self.flushing.is_empty() {
            return Ok(());
        }
        self.hand_over();
        self.poll.wait(Some(self.patience()))
    }

    /// How long nothing may happen.
    fn patience(&self) -> Duration {
        let is_waiting = self.can_feed || self.engine.master.can_go_on() || self.engine.is_master_waiting();
        if !self.awake.is_empty() || !self.flushing.is_empty() || is_waiting || self.engine.is_imaging() {
            return Duration::ZERO;
        }
        if self.engine.is_busy() {
            return BREATH;
        }
        let due = self.engine.next_due_ms();
        let until_due = due.map(|at| Duration::from_millis(at.saturating_sub(self.engine.clock.wall_ms())));
        let until_handed_over = self.engine.log_patience();
        [until_due, until_handed_over].into_iter().flatten().fold(TICK, Duration::min)
    }

    fn turn(&mut self) {
        let mut awake = std::mem::take(&mut self.awake);
        if self.deaf_until_us.is_some_and(|until| self.engine.clock.now_us >= until) {
            self.accept_again();
        }
        self.release(&mut awake);
        let mut ready = std::mem::take(&mut self.ready);
        ready.clear();
        ready.extend(self.poll.ready());
        for ready in &ready {
            self.note(ready, &mut awake);
        }
        self.ready = ready;
        for index in awake.drain(..) {
            self.serve(index);
        }
        // Those that are awake again are in the new list.
        if self.awake.is_empty() {
            self.awake = awake;
        }
        if self.engine.shutdown.is_some() {
            // Everything is on disk already: what was done from now on would not be.
            return self.flush_all();
        }
        self.follow();
        self.engine.end_turn();
        self.deliver_all();
        self.look_through();
        self.flush_all();
        self.feed_replicas();
        self.evict_clients();
        self.engine.close_turn();
    }

    fn note(&mut self, ready: &Ready, awake: &mut Vec<usize>) {
        if ready.token == WAKER {
            // That the loop turns is all that was asked for.
            return;
        }
        if ready.token == MASTER {
            return self.engine.note_master(ready);
        }
        if ready.token >= LISTENERS {
            return self.accept(ready.token);
        }
        let index = ready.token as usize;
        let Some(conn) = self.conns.get_mut(index).and_then(Option::as_mut) else { return };
        conn.ended |= ready.ended;
        if ready.writable && conn.is_full() {
            flush_later(&mut self.flushing, conn, index);
        }
        if ready.readable {
            wake(awake, conn, index);
        }
    }

    fn close(&mut self, index: usize) {
        if let Some(mut conn) = self.conns[index].take() {
            self.slots.remove(&conn.client);
            self.answered.came(&mut conn);
            self.engine.connection_bytes -= conn.counted_bytes;
            self.engine.forget(conn.client);
            self.vacant.push(index);
            drop(conn);
            self.accept_again();
        }
    }
}

fn wake(awake: &mut Vec<usize>, conn: &mut Conn, index: usize) {
    if !conn.unread {
        conn.unread = true;
        awake.push(index);
    }
}

fn flush_later(flushing: &mut Vec<usize>, conn: &mut Conn, index: usize) {
    if !conn.flushing {
        conn.flushing = true;
        flushing.push(index);
    }
}
