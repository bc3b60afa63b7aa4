//! The stream of the master: read and run like the requests of a client, in batches, but answered by nothing.

use bongsu_protocol::resp::RequestLimits;
use bongsu_protocol::session::ClientId;
use bongsu_store::settings::STRING_BYTES_MAX;

use super::Server;
use super::batch::Batch;
use super::traffic::FEW;
use crate::engine::PREFETCH_MAX;
use crate::net::conn::{Conn, KEPT_BYTES};
use crate::replication::Failure;

/// Reads of the link in a turn. What all clients of a master write comes through it.
const READS_MAX: usize = 4;

/// Bytes of the stream that are run in a turn, so that clients are served in between.
const APPLIED_BYTES_MAX: usize = 512 * 1024;

impl Server {
    /// Does what is due on the link to the master.
    pub(super) fn follow(&mut self) {
        self.engine.tend_vacancy();
        if !self.engine.is_replica() {
            return;
        }
        self.engine.tend_master();
        if let Some(mut conn) = self.engine.take_master() {
            let heard = self.hear_master(&mut conn);
            self.engine.put_back_master(conn, heard);
        }
    }

    fn hear_master(&mut self, conn: &mut Conn) -> Result<(), Failure> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut heard = Ok(());
        for _ in 0..READS_MAX {
            if !conn.unread || !self.engine.wants_more_of(conn) || heard.is_err() {
                break;
            }
            // What has come already is run first.
            let got = if std::mem::take(&mut conn.behind) { Ok(0) } else { conn.read(&mut buffer) };
            heard = match got {
                Ok(got) => self.take_from_master(conn, &buffer[..got]),
                Err(_) => Err(Failure::Lost),
            };
        }
        self.buffer = buffer;
        heard
    }

    fn take_from_master(&mut self, conn: &mut Conn, fresh: &[u8]) -> Result<(), Failure> {
        if !fresh.is_empty() {
            self.engine.note_heard();
            self.engine.stats.reads += 1;
            self.engine.stats.input_bytes += fresh.len() as u64;
        }
        if self.engine.master_client().is_some() {
            return self.apply(conn, fresh);
        }
        conn.input.extend_from_slice(fresh);
        while self.engine.converse(conn)? {}
        if self.engine.master_client().is_some() { self.apply(conn, &[]) } else { Ok(()) }
    }

    /// Runs what is complete of the stream.
    fn apply(&mut self, conn: &mut Conn, fresh: &[u8]) -> Result<(), Failure> {
        if self.engine.holds_stream() {
            conn.input.extend_from_slice(fresh);
            return Ok(());
        }
        if conn.input.is_empty() {
            let used = self.apply_all(conn, fresh)?;
            conn.input.extend_from_slice(&fresh[used..]);
            return Ok(());
        }
        let mut input = std::mem::take(&mut conn.input);
        input.extend_from_slice(fresh);
        let used = self.apply_all(conn, &input)?;
        input.drain(..used);
        if input.is_empty() {
            input.shrink_to(KEPT_BYTES);
        }
        conn.input = input;
        Ok(())
    }

    fn apply_all(&mut self, conn: &mut Conn, input: &[u8]) -> Result<usize, Failure> {
        let Some(client) = self.engine.master_client() else { return Err(Failure::Killed) };
        let mut batch = std::mem::take(&mut self.batch);
        let used = self.apply_batches(client, conn, input, &mut batch);
        self.batch = batch;
        used
    }

    fn apply_batches(
        &mut self,
        client: ClientId,
        conn: &mut Conn,
        input: &[u8],
        batch: &mut Batch,
    ) -> Result<usize, Failure> {
        // The master has run these requests, so that no limit of this server's clients matters.
        let limits = RequestLimits { bulk_bytes_max: STRING_BYTES_MAX, ..self.engine.limits.request };
        let mut used = 0;
        loop {
            let parsed = batch.read(&mut conn.parser, input, used, &limits, PREFETCH_MAX);
            if batch.len() > 1 {
                let mut hashes = std::mem::take(&mut batch.hashes);
                self.engine.prefetch(client, batch.len(), |index| batch.first_arguments(index, input), &mut hashes);
                batch.hashes = hashes;
            }
            for index in 0..batch.len() {
                let bytes = &input[used..batch.end_of(index)];
                used = batch.end_of(index);
                let mut few: [&[u8]; FEW] = [&[]; FEW];
                let (count, hash) = (batch.argc(index), batch.hash(index));
                if count <= FEW {
                    few.iter_mut().zip(batch.argv(index, input)).for_each(|(slot, arg)| *slot = arg);
                    self.engine.obey_stream(&few[..count], hash, bytes)?;
                } else {
                    let many: Vec<&[u8]> = batch.argv(index, input).collect();
                    self.engine.obey_stream(&many, hash, bytes)?;
                }
            }
            if let Some(error) = parsed.error {
                return Err(error.into());
            }
            self.engine.pass(&input[used..parsed.used]);
            used = parsed.used;
            if batch.len() < PREFETCH_MAX {
                return Ok(used);
            }
            if used > APPLIED_BYTES_MAX {
                (conn.behind, conn.unread) = (true, true);
                return Ok(used);
            }
        }
    }
}
