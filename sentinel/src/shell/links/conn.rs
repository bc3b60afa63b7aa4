//! One connection: its socket, what waits to be written, and what the next replies mean.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::IpAddr;

use bongsu_protocol::resp::ReplyDecoder;
use bongsu_sentinel_core::{Channel, LinkFailure, LinkId, RequestId};
use tokio::task::AbortHandle;

use super::SPARE_BUFFERS;
use super::failure::of_io;
use super::pump::Slot;
use super::stream::Stream;

/// Unsent bytes that a connection may gather. The core keeps few requests in flight, so a node that lets this much pile up
/// reads nothing any more.
const OUT_BYTES_MAX: usize = 1024 * 1024;

/// Write buffers that grew beyond this are not kept for reuse.
const SPARE_BYTES_MAX: usize = 16 * 1024;

/// What the next reply answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Expect {
    /// `AUTH`, `CLIENT SETNAME`: whatever comes is fine.
    Ignored,
    /// `HELLO 3`.
    Hello,
    /// `SUBSCRIBE`.
    Subscribe,
    /// `UNSUBSCRIBE`.
    Unsubscribe,
    /// `PING`.
    Ping(RequestId),
    /// `INFO`.
    Info(RequestId),
    /// A command that is answered by success or an error.
    Plain(RequestId),
    /// `SENTINEL is-master-down-by-addr`.
    Vote(RequestId),
    /// `SET` of the key that writes are checked with.
    Write(RequestId),
    /// A transaction of which this many replies are still to come, that of `EXEC` included.
    Transaction {
        /// The request.
        id: RequestId,
        /// Replies to come.
        left: u8,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Dialing,
    Open,
    Shut,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hello {
    NotSent,
    Awaited,
    Resp2,
    Resp3,
}

pub(super) struct Conn {
    pub(super) link: LinkId,
    pub(super) channel: Channel,
    state: Cell<State>,
    hello: Cell<Hello>,
    /// The pub/sub channel of this connection is confirmed and wanted.
    listening: Cell<bool>,
    dirty: Cell<bool>,
    local_ip: Cell<Option<IpAddr>>,
    /// More has gathered than a connection may hold.
    overflowed: Cell<bool>,
    stream: RefCell<Option<(Stream, Slot)>>,
    out: RefCell<Out>,
    pub(super) expected: RefCell<VecDeque<Expect>>,
    pub(super) decoder: RefCell<ReplyDecoder>,
    /// The beginning of a reply whose end has not arrived.
    pub(super) tail: RefCell<Vec<u8>>,
    /// The first error inside the present transaction.
    pub(super) trouble: RefCell<Option<String>>,
    /// What establishes the connection.
    task: RefCell<Option<AbortHandle>>,
}

#[derive(Default)]
struct Out {
    bytes: Vec<u8>,
    sent: usize,
}

impl Conn {
    pub(super) fn new(link: LinkId, channel: Channel, says_hello: bool) -> Self {
        Self {
            link,
            channel,
            state: Cell::new(State::Dialing),
            hello: Cell::new(if says_hello { Hello::Awaited } else { Hello::NotSent }),
            listening: Cell::new(false),
            dirty: Cell::new(false),
            local_ip: Cell::new(None),
            overflowed: Cell::new(false),
            stream: RefCell::default(),
            out: RefCell::default(),
            expected: RefCell::default(),
            decoder: RefCell::default(),
            tail: RefCell::default(),
            trouble: RefCell::default(),
            task: RefCell::default(),
        }
    }

    pub(super) fn set_task(&self, task: AbortHandle) {
        self.task.replace(Some(task));
    }

    /// The connection is established.
    pub(super) fn install(&self, stream: Stream, slot: Slot) {
        self.local_ip.set(stream.local_ip());
        self.stream.replace(Some((stream, slot)));
        self.task.take();
        self.state.set(State::Open);
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.get() == State::Open
    }

    pub(super) fn is_shut(&self) -> bool {
        self.state.get() == State::Shut
    }

    pub(super) fn says_hello(&self) -> bool {
        self.hello.get() != Hello::NotSent
    }

    pub(super) fn awaits_hello(&self) -> bool {
        self.hello.get() == Hello::Awaited
    }

    pub(super) fn is_resp3(&self) -> bool {
        self.hello.get() == Hello::Resp3
    }

    pub(super) fn set_resp3(&self, accepted: bool) {
        self.hello.set(if accepted { Hello::Resp3 } else { Hello::Resp2 });
    }

    pub(super) fn is_listening(&self) -> bool {
        self.listening.get()
    }

    pub(super) fn set_listening(&self, yes: bool) {
        self.listening.set(yes);
    }

    /// Our own address on this connection.
    pub(super) fn local_ip(&self) -> Option<IpAddr> {
        self.local_ip.get()
    }

    /// Closes the socket and forgets everything that was under way. Nothing is reported afterwards.
    pub(super) fn shut(&self) {
        self.state.set(State::Shut);
        self.stream.replace(None);
        self.out.take();
        self.expected.take();
        self.tail.take();
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// True if the connection was not dirty before.
    pub(super) fn mark_dirty(&self) -> bool {
        !self.dirty.replace(true)
    }

    pub(super) fn write(&self, spare: &mut Vec<Vec<u8>>, write: impl FnOnce(&mut Vec<u8>, &mut dyn FnMut(Expect))) {
        let mut out = self.out.borrow_mut();
        if out.bytes.capacity() == 0 {
            out.bytes = spare.pop().unwrap_or_default();
        }
        let mut expected = self.expected.borrow_mut();
        write(&mut out.bytes, &mut |expect| expected.push_back(expect));
        if out.bytes.len() - out.sent > OUT_BYTES_MAX {
            self.overflowed.set(true);
        }
    }

    /// Writes what is gathered as far as the socket takes it; the rest goes when the socket is writable again.
    pub(super) fn flush(&self, spare: &mut Vec<Vec<u8>>) -> Result<(), LinkFailure> {
        self.dirty.set(false);
        if self.overflowed.get() {
            return Err(LinkFailure::Unreachable);
        }
        let mut stream = self.stream.borrow_mut();
        let Some((stream, _)) = stream.as_mut() else { return Ok(()) };
        let mut out = self.out.borrow_mut();
        while out.sent < out.bytes.len() {
            match stream.write(&out.bytes[out.sent..]) {
                Ok(0) => return Err(LinkFailure::Closed),
                Ok(n) => out.sent += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(of_io(&error)),
            }
        }
        if !out.bytes.is_empty() {
            out.recycle(spare);
        }
        match stream.push() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(of_io(&error)),
            _ => Ok(()),
        }
    }

    /// Reads once. The number of bytes, and whether that has emptied the socket; `None` if there was nothing.
    pub(super) fn read(&self, into: &mut [u8]) -> Result<Option<(usize, bool)>, LinkFailure> {
        let mut stream = self.stream.borrow_mut();
        let Some((stream, _)) = stream.as_mut() else { return Ok(None) };
        loop {
            return match stream.read(into) {
                Ok(0) => Err(LinkFailure::Closed),
                Ok(n) => Ok(Some((n, stream.is_emptied_by(n, into.len())))),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
                Err(error) => Err(of_io(&error)),
            };
        }
    }
}

impl Out {
    /// Gives the buffer back: an idle connection holds none.
    fn recycle(&mut self, spare: &mut Vec<Vec<u8>>) {
        let mut bytes = std::mem::take(&mut self.bytes);
        self.sent = 0;
        if spare.len() < SPARE_BUFFERS && bytes.capacity() <= SPARE_BYTES_MAX {
            bytes.clear();
            spare.push(bytes);
        }
    }
}
