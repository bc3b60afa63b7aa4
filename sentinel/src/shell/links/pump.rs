//! Readiness of all established links: one poll set of their own beside the runtime's.
//!
//! The runtime wakes a task for every socket that has something, which for thousands of heartbeats a second costs more than
//! serving them. Here ready links are served in batches, without a task each. While there are few links the poll set wakes
//! the runtime like any descriptor; when there are many, answers arrive all the time, and the pump looks at intervals.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::rc::{Rc, Weak};
use std::time::Duration;

use bongsu_sentinel_core::{LinkFailure, Time};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};
use tokio::sync::Notify;
use tokio::task::yield_now;

use super::conn::Conn;
use super::stream::Stream;
use super::{lost, receive};
use crate::shell::Shell;

/// From this number of connections on the pump looks at intervals.
const PACED_FROM: usize = 256;

/// The interval while there are only heartbeats, which may wait a little: it gathers dozens of them.
const CALM_PACE: Duration = Duration::from_millis(20);

/// The interval while somebody waits for answers: opinions, votes, changes of roles.
const BRISK_PACE: Duration = Duration::from_millis(1);

/// How long the pump stays brisk after a request that somebody waits for.
const BRISK: Duration = Duration::from_secs(1);

/// Events taken in one system call.
const EVENTS_MAX: usize = 1024;

const NO_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Polls of one turn: everybody else gets a turn after so many full batches.
const BATCHES_MAX: usize = 8;

/// Reads from one connection in one turn, so that a node that floods us cannot keep the others waiting.
const READS_MAX: usize = 16;

pub(super) struct Pump {
    epoll: Rc<OwnedFd>,
    events: RefCell<Vec<epoll::Event>>,
    slots: Rc<Slots>,
    brisk_until: Cell<Time>,
    hurry: Notify,
    /// Connections that had more to give than one turn takes.
    unfinished: RefCell<Vec<Rc<Conn>>>,
}

#[derive(Default)]
struct Slots {
    conns: RefCell<Vec<Weak<Conn>>>,
    free: RefCell<Vec<usize>>,
    used: Cell<usize>,
}

/// A connection's place in the poll set, given up when dropped.
pub(super) struct Slot {
    index: usize,
    slots: Rc<Slots>,
}

impl Pump {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: Rc::new(epoll::create(epoll::CreateFlags::CLOEXEC)?),
            events: RefCell::new(Vec::with_capacity(EVENTS_MAX)),
            slots: Rc::default(),
            brisk_until: Cell::default(),
            hurry: Notify::new(),
            unfinished: RefCell::default(),
        })
    }

    /// Serves this connection from now on.
    pub(super) fn add(&self, conn: &Rc<Conn>, stream: &Stream) -> io::Result<Slot> {
        use epoll::EventFlags as Flags;
        let slot = self.slots.take(Rc::downgrade(conn));
        let wanted = Flags::IN | Flags::OUT | Flags::RDHUP | Flags::ET;
        epoll::add(&self.epoll, stream.tcp(), epoll::EventData::new_u64(slot.index as u64), wanted)?;
        Ok(slot)
    }

    /// Somebody waits for answers.
    pub(super) fn hasten(&self, now: Time) {
        if self.brisk_until.replace(now + BRISK) <= now {
            self.hurry.notify_one();
        }
    }

    fn is_paced(&self) -> bool {
        self.slots.used.get() >= PACED_FROM
    }

    fn conn(&self, index: u64) -> Option<Rc<Conn>> {
        self.slots.conns.borrow().get(usize::try_from(index).ok()?)?.upgrade()
    }

    /// The poll set as a descriptor that is readable when a connection is ready.
    #[expect(deprecated, reason = "the successor is unsafe for descriptors that may be closed; this one is owned")]
    fn descriptor(&self) -> io::Result<AsyncFd<Rc<OwnedFd>>> {
        AsyncFd::with_interest(Rc::clone(&self.epoll), Interest::READABLE)
    }
}

impl Slots {
    fn take(self: &Rc<Self>, conn: Weak<Conn>) -> Slot {
        let mut conns = self.conns.borrow_mut();
        let index = self.free.borrow_mut().pop().unwrap_or_else(|| {
            conns.push(Weak::new());
            conns.len() - 1
        });
        conns[index] = conn;
        self.used.set(self.used.get() + 1);
        Slot { index, slots: Rc::clone(self) }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(conn) = self.slots.conns.borrow_mut().get_mut(self.index) {
            *conn = Weak::new();
        }
        self.slots.free.borrow_mut().push(self.index);
        self.slots.used.set(self.slots.used.get() - 1);
    }
}

/// Serves the connections for ever.
pub(in crate::shell) async fn drive(shell: Shell) {
    let pump = &shell.0.links.pump;
    let mut descriptor = None;
    loop {
        if !pump.unfinished.borrow().is_empty() {
            yield_now().await;
        } else if pump.is_paced() {
            // Without it the runtime is not woken by answers that nobody wants to hear of yet.
            descriptor = None;
            pause(&shell).await;
        } else if let Err(error) = wait(pump, &mut descriptor).await {
            shell.0.log.warning(format_args!("Links cannot be waited for, looking at intervals: {error}"));
            pause(&shell).await;
        }
        turn(&shell);
    }
}

async fn pause(shell: &Shell) {
    let pump = &shell.0.links.pump;
    let pace = if pump.brisk_until.get() > shell.now() { BRISK_PACE } else { CALM_PACE };
    tokio::select! {
        () = tokio::time::sleep(pace) => {}
        () = pump.hurry.notified() => {}
    }
}

async fn wait(pump: &Pump, descriptor: &mut Option<AsyncFd<Rc<OwnedFd>>>) -> io::Result<()> {
    let descriptor = match descriptor {
        Some(descriptor) => descriptor,
        None => descriptor.insert(pump.descriptor()?),
    };
    descriptor.readable().await?.clear_ready_matching(Ready::READABLE);
    Ok(())
}

/// Serves whatever is ready, then lets everything that came of it leave.
fn turn(shell: &Shell) {
    let pump = &shell.0.links.pump;
    for conn in pump.unfinished.take() {
        serve(shell, &conn, Readiness { readable: true, writable: false, ended: true });
    }
    let mut events = pump.events.borrow_mut();
    for _ in 0..BATCHES_MAX {
        events.clear();
        match epoll::wait(&pump.epoll, spare_capacity(&mut events), Some(&NO_WAIT)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => {
                shell.0.log.warning(format_args!("Links cannot be polled: {error}"));
                break;
            }
        }
        for event in events.iter() {
            if let Some(conn) = pump.conn(event.data.u64()) {
                serve(shell, &conn, Readiness::from(event.flags));
            }
        }
        if events.len() < EVENTS_MAX {
            break;
        }
    }
    drop(events);
    shell.settle();
}

#[derive(Clone, Copy)]
struct Readiness {
    readable: bool,
    writable: bool,
    /// The other side has ended the stream or the connection broke: no further event would tell of what is still to be
    /// read, nor of the end itself.
    ended: bool,
}

impl From<epoll::EventFlags> for Readiness {
    fn from(flags: epoll::EventFlags) -> Self {
        use epoll::EventFlags as Flags;
        let ended = flags.intersects(Flags::RDHUP | Flags::HUP | Flags::ERR);
        Self { readable: ended || flags.contains(Flags::IN), writable: flags.contains(Flags::OUT), ended }
    }
}

fn serve(shell: &Shell, conn: &Rc<Conn>, ready: Readiness) {
    let links = &shell.0.links;
    let wrote = if ready.writable { conn.flush(&mut links.spare.borrow_mut()) } else { Ok(()) };
    let read = if ready.readable { wrote.and_then(|()| read(shell, conn, ready.ended)) } else { wrote };
    if let Err(cause) = read {
        lost(shell, conn, cause);
        shell.drain();
    }
}

fn read(shell: &Shell, conn: &Rc<Conn>, ended: bool) -> Result<(), LinkFailure> {
    let mut input = shell.0.links.input.borrow_mut();
    for _ in 0..READS_MAX {
        let Some((got, emptied)) = conn.read(&mut input)? else { return Ok(()) };
        receive::received(shell, conn, input.get(..got).unwrap_or_default())?;
        if conn.is_shut() || (emptied && !ended) {
            return Ok(());
        }
    }
    shell.0.links.pump.unfinished.borrow_mut().push(Rc::clone(conn));
    Ok(())
}
