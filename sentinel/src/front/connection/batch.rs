//! The requests of a connection: parsed from what was read, run in order, answered in order.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use bongsu_protocol::resp::{ProtocolError, RequestLimits, RequestParser};
use bongsu_protocol::session::{ClientId, PauseMode};
use tokio::time::Instant;

use super::{INBOX_KEPT_BYTES, Outbox};
use crate::config::BufferLimit;
use crate::front::Front;
use crate::front::dispatch::{self, Outcome};
use crate::front::state::wall_ms;

/// An answer that is not there yet, as bytes of the wire.
pub(in crate::front) type Waiting = Pin<Box<dyn Future<Output = Vec<u8>>>>;

/// Unread bytes and the request in progress.
#[derive(Default)]
pub(super) struct Batch {
    inbox: Vec<u8>,
    parser: RequestParser,
    waiting: Option<Waiting>,
    pause_end: Option<Instant>,
    ends: bool,
    /// Replies of the batch being run; kept for its capacity.
    replies: Vec<u8>,
}

/// What the connection's task waits for on behalf of the batch.
pub(super) struct Inbox<'a> {
    pub(super) bytes: &'a mut Vec<u8>,
    pub(super) waiting: Option<&'a mut Waiting>,
    /// Until when requests are held back (`CLIENT PAUSE`).
    pub(super) pause_end: Option<Instant>,
}

impl Batch {
    pub(super) fn inbox(&mut self, room: usize) -> Inbox<'_> {
        if self.inbox.is_empty() {
            self.inbox.shrink_to(INBOX_KEPT_BYTES);
        }
        self.inbox.reserve(room);
        Inbox { bytes: &mut self.inbox, waiting: self.waiting.as_mut(), pause_end: self.pause_end }
    }

    /// Whether no request will be run any more.
    pub(super) fn ends(&self) -> bool {
        self.ends
    }

    /// Whether more bytes are of use: a connection that ends takes none.
    pub(super) fn may_read(&self) -> bool {
        !self.ends
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.is_some() || self.pause_end.is_some()
    }

    pub(super) fn unread(&self) -> usize {
        self.inbox.len()
    }

    /// The answer that was waited for is here.
    pub(super) fn finish(&mut self, front: &Rc<Front>, id: ClientId, outbox: &Outbox, reply: &[u8]) {
        self.waiting = None;
        front.waiting.set(front.waiting.get().saturating_sub(1));
        let limit = limit(front, id);
        let mut clients = front.clients.borrow_mut();
        let Some(session) = clients.get_mut(id) else { return };
        count_error(front, reply);
        if session.sends_reply() {
            outbox.append(&limit, |bytes| bytes.extend_from_slice(reply));
        }
        session.end_request();
        self.ends |= session.close_after_reply;
    }

    /// Runs every complete request, up to one that must wait.
    pub(super) fn run(&mut self, front: &Rc<Front>, id: ClientId, outbox: &Outbox) {
        if self.waiting.is_some() || self.ends || self.inbox.is_empty() {
            return;
        }
        let mut consumed = 0;
        while let Some(used) = self.run_one(front, id, outbox, consumed) {
            consumed += used;
            if self.waiting.is_some() || self.ends {
                break;
            }
        }
        self.inbox.drain(..consumed.min(self.inbox.len()));
        if self.ends {
            self.inbox.clear();
        }
        note_figures(front, id, outbox, self.inbox.len(), self.inbox.capacity());
    }

    /// Runs the request at `start`; gives the bytes used up, or `None` if there is nothing to run.
    fn run_one(&mut self, front: &Rc<Front>, id: ClientId, outbox: &Outbox, start: usize) -> Option<usize> {
        self.pause_end = pause_end(front);
        if self.pause_end.is_some() {
            return None;
        }
        let limits = request_limits(front, id)?;
        let rest = self.inbox.get(start..)?;
        let progress = match self.parser.parse(rest, &limits) {
            Ok(progress) => progress,
            Err(error) => {
                refuse(front, id, outbox, error);
                self.ends = true;
                return None;
            }
        };
        let consumed = progress.consumed;
        let Some(request) = progress.request else { return (consumed > 0).then_some(consumed) };
        let argv: Vec<&[u8]> = request.iter().collect();
        self.replies.clear();
        let outcome = dispatch::run(front, id, &argv, &mut self.replies);
        // The limit depends on what the request has made of the client.
        let limit = limit(front, id);
        let mut clients = front.clients.borrow_mut();
        let session = clients.get_mut(id)?;
        match outcome {
            Outcome::Done => {
                count_error(front, &self.replies);
                if session.sends_reply() {
                    outbox.append(&limit, |bytes| bytes.extend_from_slice(&self.replies));
                }
                session.end_request();
            }
            Outcome::Wait(waiting) => {
                front.waiting.set(front.waiting.get() + 1);
                self.waiting = Some(waiting);
            }
        }
        self.ends |= session.close_after_reply && self.waiting.is_none();
        Some(consumed)
    }
}

fn limit(front: &Front, id: ClientId) -> BufferLimit {
    let limits = front.shell.settings().server.client_output_buffer_limit;
    let subscribed = front.clients.borrow().get(id).is_some_and(|session| session.subscriptions.any());
    if subscribed { limits.pubsub } else { limits.normal }
}

fn request_limits(front: &Front, id: ClientId) -> Option<RequestLimits> {
    let unauthenticated = !front.clients.borrow().get(id)?.authenticated;
    Some(RequestLimits { unauthenticated, ..RequestLimits::default() })
}

/// When requests may be run again. A pause of writes concerns none of a sentinel's commands.
fn pause_end(front: &Front) -> Option<Instant> {
    let now = wall_ms();
    let pause = front.clients.borrow().pause_at(now).filter(|pause| pause.mode == PauseMode::All)?;
    Some(Instant::now() + std::time::Duration::from_millis(pause.until_ms - now))
}

/// Tells a client that breaks the protocol, which ends the connection.
fn refuse(front: &Front, id: ClientId, outbox: &Outbox, error: ProtocolError) {
    front.stats.error_replies.add(1);
    front.shell.log().verbose(format_args!("Closing client {id}: {error}"));
    outbox.append(&limit(front, id), |bytes| bytes.extend_from_slice(format!("-ERR {error}\r\n").as_bytes()));
}

fn count_error(front: &Front, reply: &[u8]) {
    if reply.first() == Some(&b'-') {
        front.stats.error_replies.add(1);
    }
}

fn note_figures(front: &Front, id: ClientId, outbox: &Outbox, unread: usize, capacity: usize) {
    if let Some(session) = front.clients.borrow_mut().get_mut(id) {
        session.last_interaction_ms = wall_ms();
        let io = &mut session.io;
        io.query_buffer = unread;
        io.query_buffer_free = capacity.saturating_sub(unread);
        io.reply_list = outbox.unsent();
        io.total = capacity + outbox.unsent();
    }
}
