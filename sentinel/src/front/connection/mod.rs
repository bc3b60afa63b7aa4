//! One client connection: reads, runs what is complete, writes.

mod batch;
mod outbox;
mod timeouts;

use std::rc::Rc;
use std::time::Duration;

use bongsu_protocol::session::ClientId;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, sleep_until};

use super::Front;
use super::state::wall_ms;
use batch::Batch;
pub(super) use batch::Waiting;
pub(super) use outbox::Outbox;

/// How much is read at once: hundreds of pipelined requests, and the most that one client may have run before others get
/// their turn.
const READ_BYTES: usize = 16 * 1024;

/// A read buffer that grew beyond this for a large request is given back.
const INBOX_KEPT_BYTES: usize = 64 * 1024;

/// Unsent replies after which no more requests of this client are read. Clients may send any number of requests before
/// they read; only one that never reads gets here.
const UNSENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How long the last replies may take to leave once the connection is to be closed.
const FAREWELL: Duration = Duration::from_secs(5);

/// Who is connected.
pub(super) struct Peer {
    /// `ip:port`, or `path:0`.
    pub(super) addr: String,
    /// The same of our side.
    pub(super) laddr: String,
    pub(super) fd: i64,
    pub(super) is_unix: bool,
}

/// Serves a connection until either side ends it.
pub(super) async fn serve<S: AsyncRead + AsyncWrite>(front: Rc<Front>, peer: Peer, stream: S) {
    let registration = Registration::new(front, peer);
    Connection::new(&registration, stream).run().await;
}

/// A connection's entries in the registries; they go with it, however it ends.
struct Registration {
    front: Rc<Front>,
    id: ClientId,
    outbox: Rc<Outbox>,
}

impl Registration {
    fn new(front: Rc<Front>, peer: Peer) -> Self {
        let outbox = Rc::new(Outbox::default());
        let id = {
            let mut clients = front.clients.borrow_mut();
            let session = clients.accept(peer.addr, peer.laddr, wall_ms(), &front.acl.borrow());
            session.io.fd = peer.fd;
            session.unix_socket = peer.is_unix;
            if front.shell.settings().server.client_default_resp == 3 {
                session.protocol = bongsu_protocol::resp::Protocol::Resp3;
            }
            session.id
        };
        front.outboxes.borrow_mut().insert(id, Rc::clone(&outbox));
        Self { front, id, outbox }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.front.outboxes.borrow_mut().remove(&self.id);
        let mut clients = self.front.clients.borrow_mut();
        if let Some(session) = clients.get_mut(self.id) {
            self.front.pubsub.borrow_mut().remove_client(session);
        }
        clients.remove(self.id);
    }
}

struct Connection<'a, S> {
    front: &'a Rc<Front>,
    id: ClientId,
    outbox: &'a Rc<Outbox>,
    reader: tokio::io::ReadHalf<S>,
    writer: tokio::io::WriteHalf<S>,
    batch: Batch,
    /// What is being written, from `sent` on.
    sending: Vec<u8>,
    sent: usize,
    needs_flush: bool,
    last_activity: Instant,
}

/// What ended a wait.
enum Step {
    Read(std::io::Result<usize>),
    Wrote(std::io::Result<usize>),
    Flushed(std::io::Result<()>),
    Answered(Vec<u8>),
    Changed,
    Closed,
}

impl<'a, S: AsyncRead + AsyncWrite> Connection<'a, S> {
    fn new(registration: &'a Registration, stream: S) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            front: &registration.front,
            id: registration.id,
            outbox: &registration.outbox,
            reader,
            writer,
            batch: Batch::default(),
            sending: Vec::new(),
            sent: 0,
            needs_flush: false,
            last_activity: Instant::now(),
        }
    }

    async fn run(mut self) {
        while !self.is_over() {
            let step = self.wait().await;
            let open = match step {
                Step::Read(result) => self.on_read(result),
                Step::Wrote(result) => self.on_written(result),
                Step::Flushed(result) => {
                    self.needs_flush = false;
                    result.is_ok()
                }
                Step::Answered(reply) => {
                    self.batch.finish(self.front, self.id, self.outbox, &reply);
                    self.batch.run(self.front, self.id, self.outbox);
                    true
                }
                Step::Changed => {
                    self.batch.run(self.front, self.id, self.outbox);
                    true
                }
                Step::Closed => {
                    self.note_overrun();
                    false
                }
            };
            if !open {
                return;
            }
        }
        // A peer that does not read its last replies must not keep the connection.
        let _ = tokio::time::timeout(FAREWELL, self.writer.shutdown()).await;
    }

    /// Whether everything is said.
    fn is_over(&self) -> bool {
        self.batch.ends() && self.outbox.unsent() == 0 && !self.needs_flush
    }

    async fn wait(&mut self) -> Step {
        if self.sent == self.sending.len() {
            self.sending.clear();
            self.sent = 0;
            self.outbox.take(&mut self.sending);
        }
        let unsent = self.sending.get(self.sent..).unwrap_or_default();
        let may_read = self.outbox.unsent() < UNSENT_BYTES_MAX && self.batch.may_read();
        let deadline = self.deadline();
        let inbox = self.batch.inbox(READ_BYTES);
        let pause_end = inbox.pause_end;
        tokio::select! {
            biased;
            () = self.outbox.closed() => Step::Closed,
            sent = send(&mut self.writer, unsent), if !unsent.is_empty() || self.needs_flush => sent,
            reply = wait_for(inbox.waiting) => Step::Answered(reply),
            read = self.reader.read_buf(inbox.bytes), if may_read => Step::Read(read),
            () = self.outbox.changed() => Step::Changed,
            () = self.front.pause_changed.notified(), if pause_end.is_some() => Step::Changed,
            () = sleep_until(pause_end.unwrap_or(self.last_activity)), if pause_end.is_some() => Step::Changed,
            () = sleep_until(deadline.unwrap_or(self.last_activity)), if deadline.is_some() => Step::Closed,
        }
    }

    /// A client that was ended because it did not read is worth a line, as in Redis.
    fn note_overrun(&self) {
        if self.outbox.exceeded_its_limit() {
            self.front.stats.output_buffer_disconnections.add(1);
            self.front
                .shell
                .log()
                .warning(format_args!("Client {} closed for overcoming of output buffer limits.", self.id));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        timeouts::deadline(self.front, self.id, self.outbox, self.last_activity, self.batch.is_waiting())
    }

    fn on_read(&mut self, result: std::io::Result<usize>) -> bool {
        let Ok(read @ 1..) = result else { return false };
        self.last_activity = Instant::now();
        let stats = &self.front.stats;
        stats.reads.add(1);
        stats.input_bytes.add(self.front.second(), read as u64);
        let limit = self.front.shell.settings().server.client_query_buffer_limit.0;
        self.batch.run(self.front, self.id, self.outbox);
        if self.batch.unread() as u64 > limit {
            self.front.stats.query_buffer_disconnections.add(1);
            self.front.shell.log().warning(format_args!(
                "Closing client {} that reached max query buffer length: {} bytes",
                self.id,
                self.batch.unread()
            ));
            return false;
        }
        true
    }

    fn on_written(&mut self, result: std::io::Result<usize>) -> bool {
        let Ok(written @ 1..) = result else { return false };
        self.sent += written;
        self.needs_flush = true;
        self.outbox.written(written);
        self.last_activity = Instant::now();
        self.front.stats.writes.add(1);
        self.front.stats.output_bytes.add(self.front.second(), written as u64);
        true
    }
}

/// Writes what there is, else flushes what was written.
async fn send<W: AsyncWrite + Unpin>(writer: &mut W, unsent: &[u8]) -> Step {
    if unsent.is_empty() { Step::Flushed(writer.flush().await) } else { Step::Wrote(writer.write(unsent).await) }
}

async fn wait_for(waiting: Option<&mut Waiting>) -> Vec<u8> {
    match waiting {
        Some(waiting) => waiting.await,
        None => std::future::pending().await,
    }
}
