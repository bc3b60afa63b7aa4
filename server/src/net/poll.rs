//! Readiness of sockets.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

/// Events taken in one system call. The rest comes in the next turn.
const EVENTS_MAX: usize = 1024;

/// What is ready on a socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    /// What the socket was added as.
    pub(crate) token: u64,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// The other side has ended the stream, or the connection broke. No further event tells of what is still to be read.
    pub(crate) ended: bool,
}

/// Adds listeners to a set of sockets. Those that are closed leave it by themselves.
pub(crate) struct Watch(OwnedFd);

impl Watch {
    /// Adds a listener, which is told of for as long as it is readable.
    pub(crate) fn add(&self, listener: impl AsFd, token: u64) -> io::Result<()> {
        Ok(epoll::add(&self.0, listener, epoll::EventData::new_u64(token), epoll::EventFlags::IN)?)
    }

    /// Adds a connection, as [`Poll::add`] does.
    pub(crate) fn add_stream(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        Ok(epoll::add(&self.0, socket, epoll::EventData::new_u64(token), stream_events())?)
    }

    /// Whether a listener is told of.
    pub(crate) fn set(&self, listener: impl AsFd, token: u64, on: bool) -> io::Result<()> {
        let wanted = if on { epoll::EventFlags::IN } else { epoll::EventFlags::empty() };
        Ok(epoll::modify(&self.0, listener, epoll::EventData::new_u64(token), wanted)?)
    }
}

fn stream_events() -> epoll::EventFlags {
    use epoll::EventFlags as Flags;
    Flags::IN | Flags::OUT | Flags::RDHUP | Flags::ET
}

/// A set of sockets. They are told of once when they become ready (edge-triggered).
pub(crate) struct Poll {
    set: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Poll {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { set: epoll::create(epoll::CreateFlags::CLOEXEC)?, events: Vec::with_capacity(EVENTS_MAX) })
    }

    /// Adds a connection.
    pub(crate) fn add(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        Ok(epoll::add(&self.set, socket, epoll::EventData::new_u64(token), stream_events())?)
    }

    /// For those who add sockets at other times.
    pub(crate) fn watch(&self) -> io::Result<Watch> {
        Ok(Watch(self.set.try_clone()?))
    }

    /// Waits until something is ready, or the time is over.
    pub(crate) fn wait(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.events.clear();
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        match epoll::wait(&self.set, spare_capacity(&mut self.events), limit.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The last wait found something.
    pub(crate) fn has_any(&self) -> bool {
        !self.events.is_empty()
    }

    /// What the last wait found.
    pub(crate) fn ready(&self) -> impl Iterator<Item = Ready> + '_ {
        use epoll::EventFlags as Flags;
        self.events.iter().map(|event| {
            let flags = event.flags;
            let ended = flags.intersects(Flags::RDHUP | Flags::HUP | Flags::ERR);
            Ready {
                token: event.data.u64(),
                readable: ended || flags.contains(Flags::IN),
                writable: flags.contains(Flags::OUT),
                ended,
            }
        })
    }
}
