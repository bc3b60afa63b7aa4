//! The loop: waits, reads, runs, writes.
//!
//! One thread does it all, in phases over all connections that are ready: read from every one and run what is complete, then
//! write to every one that has replies. So a turn costs few system calls, and a client's pipeline is executed in one go.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bongsu_protocol::resp::{RequestLimits, Writer};
use bongsu_store::random::Random;

use crate::engine::Engine;
use crate::net::conn::{Conn, Lost};
use crate::net::listen::{Accepted, Endpoint, Listener};
use crate::net::poll::{Poll, Ready};

/// Read from one connection in a turn.
const READ_BYTES: usize = 64 * 1024;

/// Connections accepted in a turn, so that a flood of them leaves room for those that are there.
const ACCEPTS_MAX: usize = 1000;

/// Connections that nobody has accepted yet, as the default of `tcp-backlog`.
const BACKLOG: i32 = 511;

/// The longest wait: how often what is due by time is looked at.
const TICK: Duration = Duration::from_millis(100);

/// Unsent replies from which on no more requests of a client are run.
const UNSENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Most requests have no more arguments than this, which then need no memory.
const FEW: usize = 8;

/// Tokens from this one on are listeners; connections are numbered from zero.
const LISTENERS: u64 = 1 << 32;

/// The server's loop and all it owns.
pub struct Server {
    poll: Poll,
    listeners: Vec<Listener>,
    conns: Vec<Option<Conn>>,
    vacant: Vec<usize>,
    engine: Engine,
    buffer: Vec<u8>,
    limits: RequestLimits,
    ready: Vec<Ready>,
    /// Connections with bytes to be read or run.
    awake: Vec<usize>,
    /// Connections with replies to be sent.
    flushing: Vec<usize>,
}

impl Server {
    /// Listens on all endpoints.
    ///
    /// # Errors
    /// If one of them cannot be listened on.
    pub fn bind(endpoints: impl IntoIterator<Item = Endpoint>, seed: Random) -> io::Result<Self> {
        let poll = Poll::new()?;
        let bind = |endpoint| Listener::bind(endpoint, BACKLOG);
        let listeners: Vec<Listener> = endpoints.into_iter().map(bind).collect::<io::Result<_>>()?;
        for (token, listener) in (LISTENERS..).zip(&listeners) {
            poll.add_level(listener, token)?;
        }
        Ok(Self {
            poll,
            listeners,
            conns: Vec::new(),
            vacant: Vec::new(),
            engine: Engine::new(seed),
            buffer: vec![0; READ_BYTES],
            limits: RequestLimits::default(),
            ready: Vec::new(),
            awake: Vec::new(),
            flushing: Vec::new(),
        })
    }

    /// The addresses it listens on.
    pub fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.listeners.iter().filter_map(Listener::local_addr)
    }

    /// Serves until `stop` says so, which is asked after every turn: at the latest a tenth of a second after the last.
    ///
    /// # Errors
    /// If the system does not tell which sockets are ready.
    pub fn run(&mut self, mut stop: impl FnMut() -> bool) -> io::Result<()> {
        while !stop() {
            let limit = if self.awake.is_empty() { TICK } else { Duration::ZERO };
            self.poll.wait(Some(limit))?;
            self.engine.shard.now_ms = wall_ms();
            self.turn();
        }
        Ok(())
    }

    fn turn(&mut self) {
        let mut awake = std::mem::take(&mut self.awake);
        let mut ready = std::mem::take(&mut self.ready);
        ready.clear();
        ready.extend(self.poll.ready());
        for ready in &ready {
            self.note(ready, &mut awake);
        }
        self.ready = ready;
        for index in awake.drain(..) {
            if self.serve(index).is_err() {
                self.say_farewell(index);
            }
        }
        // Those that are awake again are in the new list.
        if self.awake.is_empty() {
            self.awake = awake;
        }
        for index in std::mem::take(&mut self.flushing) {
            let Some(conn) = self.conns[index].as_mut() else { continue };
            conn.flushing = false;
            let over = conn.flush().is_err() || (conn.unsent() == 0 && self.engine.is_over(conn.client));
            if over {
                self.close(index);
            }
        }
    }

    fn note(&mut self, ready: &Ready, awake: &mut Vec<usize>) {
        if ready.token >= LISTENERS {
            return self.accept((ready.token - LISTENERS) as usize);
        }
        let index = ready.token as usize;
        let Some(conn) = self.conns.get_mut(index).and_then(Option::as_mut) else { return };
        conn.ended |= ready.ended;
        if ready.writable && conn.is_full() {
            flush_later(&mut self.flushing, conn, index);
            // What it sent meanwhile was left alone.
            if !conn.unread {
                conn.unread = true;
                awake.push(index);
            }
        }
        if ready.readable && !conn.unread {
            conn.unread = true;
            awake.push(index);
        }
    }

    fn accept(&mut self, listener: usize) {
        for _ in 0..ACCEPTS_MAX {
            let Some(Ok(accepted)) = self.listeners.get(listener).map(|listener| listener.accept(None)) else { return };
            self.welcome(accepted);
        }
    }

    fn welcome(&mut self, accepted: Accepted) {
        let index = self.vacant.pop().unwrap_or_else(|| {
            self.conns.push(None);
            self.conns.len() - 1
        });
        let now_ms = self.engine.shard.now_ms;
        let session = self.engine.clients.accept(accepted.addr, accepted.laddr, now_ms, &self.engine.acl);
        session.io.fd = accepted.fd;
        session.unix_socket = accepted.is_unix;
        let conn = Conn::new(session.id, accepted.stream);
        if self.poll.add(conn.stream(), index as u64).is_ok() {
            self.conns[index] = Some(conn);
        } else {
            self.engine.clients.remove(conn.client);
            self.vacant.push(index);
        }
    }

    /// Reads once and runs what is complete.
    fn serve(&mut self, index: usize) -> Result<(), Lost> {
        let Some(conn) = self.conns[index].as_mut() else { return Ok(()) };
        if conn.unsent() > UNSENT_BYTES_MAX {
            // It is woken when its replies can be sent.
            conn.unread = false;
            return Ok(());
        }
        let got = conn.read(&mut self.buffer)?;
        let fresh = &self.buffer[..got];
        let mut output = std::mem::take(&mut conn.output);
        // Nearly always a read brings whole requests, which are run where they lie.
        let result = if conn.input.is_empty() {
            let used = run_all(&mut self.engine, conn, fresh, &self.limits, &mut output);
            used.map(|used| conn.input.extend_from_slice(&fresh[used..]))
        } else {
            let mut input = std::mem::take(&mut conn.input);
            input.extend_from_slice(fresh);
            let used = run_all(&mut self.engine, conn, &input, &self.limits, &mut output);
            used.map(|used| {
                input.drain(..used);
                conn.input = input;
            })
        };
        conn.output = output;
        if conn.unsent() > 0 && !conn.is_full() {
            flush_later(&mut self.flushing, conn, index);
        }
        if conn.unread {
            self.awake.push(index);
        }
        if self.engine.is_over(conn.client) { Err(Lost) } else { result }
    }

    /// The last replies of a connection that is over, the error that ended it among them, leave if the socket takes them now.
    fn say_farewell(&mut self, index: usize) {
        if let Some(conn) = self.conns[index].as_mut() {
            // It is over either way.
            let _ = conn.flush();
        }
        self.close(index);
    }

    fn close(&mut self, index: usize) {
        if let Some(conn) = self.conns[index].take() {
            self.engine.clients.remove(conn.client);
            self.vacant.push(index);
        }
    }
}

fn flush_later(flushing: &mut Vec<usize>, conn: &mut Conn, index: usize) {
    if !conn.flushing {
        conn.flushing = true;
        flushing.push(index);
    }
}

/// Runs every complete request in `input`. The number of bytes that are done with.
fn run_all(
    engine: &mut Engine,
    conn: &mut Conn,
    input: &[u8],
    limits: &RequestLimits,
    output: &mut Vec<u8>,
) -> Result<usize, Lost> {
    let mut used = 0;
    while !engine.is_over(conn.client) {
        match conn.parser.parse(&input[used..], limits) {
            Ok(progress) => {
                used += progress.consumed;
                let Some(request) = progress.request else { return Ok(used) };
                let mut few: [&[u8]; FEW] = [&[]; FEW];
                if request.len() <= FEW {
                    few.iter_mut().zip(request.iter()).for_each(|(slot, arg)| *slot = arg);
                    engine.run(conn.client, &few[..request.len()], output);
                } else {
                    let many: Vec<&[u8]> = request.iter().collect();
                    engine.run(conn.client, &many, output);
                }
            }
            Err(error) => {
                Writer::new(output, engine.protocol(conn.client)).error(format!("ERR {error}"));
                return Err(Lost);
            }
        }
    }
    Ok(used)
}

fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
