//! Reading requests, running them, and sending what comes of them.

use bongsu_protocol::resp::{RequestLimits, RequestParser};
use bongsu_protocol::session::ClientId;

use crate::engine::PREFETCH_MAX;
use crate::limits::UNCOUNTED_BYTES;
use crate::net::conn::{Conn, KEPT_BYTES, Lost};
use crate::replication::Failure;

use super::batch::Batch;
use super::{Server, flush_later, wake};

/// Unsent replies from which on no more requests of a client are run.
const UNSENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Requests that are read before the first of them runs, so that they wait for memory together.
const BATCH: usize = PREFETCH_MAX;

/// Times that a connection is read from in a turn while a large argument arrives, so that it takes fewer turns and still leaves
/// room for others.
const READS_MAX: usize = 16;

/// Most requests have no more arguments than this, which then need no memory.
pub(super) const FEW: usize = 8;

impl Server {
    /// Reads once and runs what is complete.
    pub(super) fn serve(&mut self, index: usize) {
        let Some(mut conn) = self.conns.get_mut(index).and_then(Option::take) else { return };
        if conn.withheld {
            self.conns[index] = Some(conn);
            return;
        }
        self.answered.came(&mut conn);
        let mut is_lost = false;
        if conn.unsent() > UNSENT_BYTES_MAX {
            // It is woken when enough of them is sent.
            (conn.unread, conn.left_alone) = (false, true);
        } else {
            is_lost = self.read_and_run(&mut conn).is_err();
        }
        if is_lost && conn.unsent() > 0 && self.engine.end_after_replies(conn.client) {
            is_lost = false;
        }
        let sends = conn.unsent() > 0 || self.engine.is_over(conn.client);
        if is_lost {
            // The last replies leave if the socket takes them now. It is over either way.
            let _ = conn.flush();
        } else if sends && !conn.is_full() {
            flush_later(&mut self.flushing, &mut conn, index);
        }
        if conn.unread && !is_lost {
            self.awake.push(index);
        }
        self.conns[index] = Some(conn);
        if is_lost {
            self.close(index);
        }
        if !self.engine.outbox.is_empty() || !self.engine.woken.is_empty() || !self.engine.closing.is_empty() {
            self.deliver_all();
        }
        // Before others run theirs, so that what this one has taken is not made up for with keys.
        self.evict_clients();
    }

    fn read_and_run(&mut self, conn: &mut Conn) -> Result<(), Lost> {
        let mut buffer = std::mem::take(&mut self.buffer);
        // What has come already is run first, because nothing is run any more once the end of the stream was read.
        let mut got = if std::mem::take(&mut conn.behind) { Ok(0) } else { conn.read(&mut buffer) };
        let mut reads = 0;
        let result = loop {
            let result = got.and_then(|got| {
                self.engine.stats.reads += 1;
                self.engine.stats.input_bytes += got as u64;
                if got > 0 {
                    self.engine.heard(conn.client);
                }
                self.run_with(conn, &buffer[..got])
            });
            reads += 1;
            if result.is_err() || reads == READS_MAX || !(conn.unread && conn.awaits_argument()) {
                break result;
            }
            got = conn.read(&mut buffer);
        };
        self.buffer = buffer;
        self.note_figures(conn);
        result
    }

    /// Runs what is complete in what was left from before and what has just arrived.
    fn run_with(&mut self, conn: &mut Conn, fresh: &[u8]) -> Result<(), Lost> {
        self.check_length(conn.input.len() + fresh.len())?;
        if let Some(session) = self.engine.clients.get_mut(conn.client) {
            // What is run is part of it until it is done.
            session.io.query_buffer = conn.input.len() + fresh.len();
            session.io.count(|totals| totals.input_bytes += fresh.len() as u64);
        }
        let room = UNSENT_BYTES_MAX.saturating_sub(conn.unsent());
        let mut output = std::mem::take(&mut conn.output);
        self.spares.lend(&mut output);
        let output_max = output.len() + room;
        // Nearly always a read brings whole requests, which are run where they lie.
        if conn.input.is_empty() {
            let used = self.run_all(conn, fresh, &mut output, output_max);
            let rest = &fresh[used..];
            conn.reserve(rest.len());
            conn.input.extend_from_slice(rest);
        } else {
            conn.reserve(fresh.len());
            let mut input = std::mem::take(&mut conn.input);
            input.extend_from_slice(fresh);
            let used = self.run_all(conn, &input, &mut output, output_max);
            input.drain(..used);
            // What a large request needed is not kept for the small ones that may follow.
            if input.is_empty() {
                input.shrink_to(KEPT_BYTES);
            }
            conn.input = input;
            conn.reserve(0);
        }
        self.spares.take_back(&mut output);
        conn.output = output;
        Ok(())
    }

    /// What one connection has sent and was not run may not exceed a limit.
    fn check_length(&mut self, bytes: usize) -> Result<(), Lost> {
        if bytes <= self.engine.limits.query_bytes_max {
            return Ok(());
        }
        self.engine.stats.dropped_for_query_buffer += 1;
        Err(Lost)
    }

    /// Runs every complete request in `input`, as long as there are not too many replies. The number of bytes that are done with.
    fn run_all(&mut self, conn: &mut Conn, input: &[u8], output: &mut Vec<u8>, output_max: usize) -> usize {
        let mut batch = std::mem::take(&mut self.batch);
        let used = self.run_batches(conn, input, output, output_max, &mut batch);
        self.batch = batch;
        used
    }

    fn run_batches(
        &mut self,
        conn: &mut Conn,
        input: &[u8],
        output: &mut Vec<u8>,
        output_max: usize,
        batch: &mut Batch,
    ) -> usize {
        let (client, mut used) = (conn.client, 0);
        loop {
            if self.engine.is_over(client) {
                // Nothing of it will ever be run.
                return input.len();
            }
            if self.engine.holds(client) {
                return used;
            }
            if output.len() > output_max {
                (conn.behind, conn.unread) = (true, true);
                return used;
            }
            let is_known = self.engine.is_authenticated(client);
            let limits = RequestLimits { unauthenticated: !is_known, ..self.engine.limits.request };
            // What may be sent depends on requests before it until the client is known.
            let parsed = batch.read(&mut conn.parser, input, used, &limits, if is_known { BATCH } else { 1 });
            if batch.len() > 1 {
                let mut hashes = std::mem::take(&mut batch.hashes);
                self.engine.prefetch(client, batch.len(), |index| batch.first_arguments(index, input), &mut hashes);
                batch.hashes = hashes;
            }
            if let Some(end) = self.run_batch(client, input, output, batch) {
                // The rest is read again when the client goes on.
                conn.parser = RequestParser::new();
                return end;
            }
            used = parsed.used;
            if let Some(error) = parsed.error {
                self.engine.break_off(client, &error, output);
                return input.len();
            }
            if batch.len() < BATCH && is_known || batch.len() == 0 {
                return used;
            }
        }
    }

    /// Runs the requests of a batch. Where the last one ends that ran, if those behind it must not be run now.
    fn run_batch(&mut self, client: ClientId, input: &[u8], output: &mut Vec<u8>, batch: &Batch) -> Option<usize> {
        for index in 0..batch.len() {
            let mut few: [&[u8]; FEW] = [&[]; FEW];
            let (count, hash) = (batch.argc(index), batch.hash(index));
            let goes_on = if count <= FEW {
                few.iter_mut().zip(batch.argv(index, input)).for_each(|(slot, arg)| *slot = arg);
                self.engine.run_hashed(client, &few[..count], hash, output)
            } else {
                let many: Vec<&[u8]> = batch.argv(index, input).collect();
                self.engine.run_hashed(client, &many, hash, output)
            };
            if !self.engine.outbox.is_empty() {
                self.deliver(Some((client, output)));
            }
            if !goes_on {
                return Some(batch.end_of(index));
            }
        }
        None
    }

    /// Appends messages to the output of the connections that they are for. `own` is the one whose request has just run, whose
    /// output is not where it belongs.
    fn deliver(&mut self, mut own: Option<(ClientId, &mut Vec<u8>)>) {
        let (slots, conns, flushing) = (&self.slots, &mut self.conns, &mut self.flushing);
        let (strained, spares) = (&mut self.strained, &mut self.spares);
        self.engine.outbox.drain(|to, bytes| {
            if let Some((client, output)) = &mut own
                && *client == to
            {
                output.extend_from_slice(bytes);
                return;
            }
            let Some((index, conn)) = slots.get(&to).and_then(|index| Some((*index, conns[*index].as_mut()?))) else {
                return;
            };
            spares.lend(&mut conn.output);
            conn.output.extend_from_slice(bytes);
            if !conn.is_full() {
                flush_later(flushing, conn, index);
            } else if conn.unsent() > UNCOUNTED_BYTES && strained.last() != Some(&index) {
                strained.push(index);
            }
        });
        while let Some(index) = self.strained.pop() {
            if self.is_too_slow(index) {
                self.close(index);
            } else {
                self.note_figures_of(index);
            }
        }
    }

    /// Does for other connections what running requests has brought about.
    pub(super) fn deliver_all(&mut self) {
        self.deliver(None);
        while let Some(client) = self.engine.closing.pop() {
            match self.slots.get(&client).copied() {
                Some(index) => self.close(index),
                None if self.engine.master_client() == Some(client) => self.engine.lose_master(&Failure::Killed),
                None => {}
            }
        }
        for client in std::mem::take(&mut self.engine.woken) {
            let Some(index) = self.slots.get(&client).copied() else { continue };
            let Some(conn) = self.conns[index].as_mut() else { continue };
            wake(&mut self.awake, conn, index);
        }
    }

    /// Sends what waits to be sent, and closes what is over.
    pub(super) fn flush(&mut self, index: usize) {
        let Some(conn) = self.conns[index].as_mut() else { return };
        conn.flushing = false;
        let before = conn.unsent();
        if before > UNCOUNTED_BYTES && self.is_too_slow(index) {
            return self.close(index);
        }
        let Some(conn) = self.conns[index].as_mut() else { return };
        let result = conn.flush();
        self.spares.take_back(&mut conn.output);
        self.engine.stats.writes += 1;
        let sent = (before - conn.unsent().min(before)) as u64;
        self.engine.stats.output_bytes += sent;
        let session = self.engine.clients.get_mut(conn.client);
        let ends = session.is_none_or(|session| {
            session.io.count(|totals| totals.output_bytes += sent);
            session.close_now || session.close_after_reply
        });
        let over = result.is_err() || (conn.has_sent_all() && ends);
        let waits = conn.unsent() > 0;
        if waits && !conn.is_full() {
            flush_later(&mut self.flushing, conn, index);
        }
        if conn.left_alone && conn.unsent() <= UNSENT_BYTES_MAX {
            conn.left_alone = false;
            wake(&mut self.awake, conn, index);
        }
        if over || self.is_too_slow(index) {
            self.close(index);
        } else if waits || before > UNCOUNTED_BYTES || self.engine.limits.clients_bytes_max > 0 {
            self.note_figures_of(index);
        }
    }

    /// Notes what the buffers of a connection take.
    pub(super) fn note_figures_of(&mut self, index: usize) {
        if let Some(mut conn) = self.conns[index].take() {
            self.note_figures(&mut conn);
            self.conns[index] = Some(conn);
        }
    }

    /// What `CLIENT LIST` shows of the connection's buffers.
    fn note_figures(&mut self, conn: &mut Conn) {
        let bytes = conn.heap_bytes() + self.engine.held_bytes(conn.client);
        self.engine.connection_bytes = self.engine.connection_bytes + bytes - conn.counted_bytes;
        conn.counted_bytes = bytes;
        let Some(session) = self.engine.clients.get_mut(conn.client) else { return };
        let io = &mut session.io;
        io.request = conn.parser.understood();
        io.query_buffer = conn.input.len().saturating_sub(io.request);
        io.query_buffer_free = conn.input.capacity() - conn.input.len();
        io.reply_buffer = conn.output.capacity();
        // What the socket takes is sent at the end of the turn.
        let unsent = if conn.is_full() { conn.unsent() } else { 0 };
        let is_short = unsent <= UNCOUNTED_BYTES;
        io.reply_buffer_used = if is_short { unsent } else { 0 };
        io.reply_list = if is_short { 0 } else { unsent };
        io.reply_blocks = usize::from(!is_short);
        io.writes = conn.is_full();
        io.total = bytes;
    }
}
