//! Links to data nodes and to peer sentinels.
//!
//! A link is one command channel and, towards data nodes, one pub/sub channel, and one for writes where a master's are checked. Where the node speaks RESP3 both share one
//! connection; with RESP2 the pub/sub channel needs a second one.
//!
//! # Why not a client library
//! A failure detector must see when a connection dies and why (refused, reset, closed, silent), must not have its requests
//! retried, and sends three requests to each of thousands of nodes every few seconds. Client libraries hide the first,
//! do the second, and pay a task switch and several allocations for each reply. Here a request is bytes in a buffer, the
//! buffers of all links are flushed once per step of the core, and an idle link holds no buffer at all.

mod answer;
mod conn;
mod dial;
mod encode;
mod failure;
mod info;
mod pump;
mod receive;
mod serve;
mod stream;
mod table;
mod tls;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use bongsu_sentinel_core::{Addr, Channel, GroupId, GroupName, Input, LinkFailure, LinkId, Request, RequestId, Time};
use tokio::sync::Semaphore;

use super::{Shell, options};
use crate::config::Settings;
use conn::{Conn, Expect};
use encode::Words;
use pump::Pump;
use table::Table;

pub(super) use pump::drive;
pub(super) use tls::check as check_tls;

/// Connections being established at the same time. Enough to reach nine thousand nodes in a few seconds; bounded so that
/// neither we nor a rebooted host see a storm.
const DIALS_MAX: usize = 512;

/// The same for nodes that the last attempt did not reach, each of which takes the whole time that an attempt may take. They
/// wait among themselves: a lost rack must not keep us from those that are there.
const UNREACHABLE_DIALS_MAX: usize = 1024;

/// Bytes that one read takes at most; the buffer is shared by all links.
const READ_BYTES: usize = 64 * 1024;

/// Write buffers kept for reuse. A step of the core rarely writes to more links than this.
const SPARE_BUFFERS: usize = 64;

pub(super) struct Links {
    pump: Pump,
    table: RefCell<Table>,
    dirty: RefCell<Vec<Rc<Conn>>>,
    /// Connections on which sending failed.
    failed: RefCell<Vec<(Rc<Conn>, LinkFailure)>>,
    spare: RefCell<Vec<Vec<u8>>>,
    input: RefCell<Box<[u8]>>,
    scratch: RefCell<String>,
    dials: Semaphore,
    unreachable_dials: Semaphore,
    malformed: Cell<u64>,
    tls: tls::TlsClient,
    /// Whether any group renames a command; `None` after the settings changed.
    renames: Cell<Option<bool>>,
}

struct Link {
    to: Addr,
    /// The group whose credentials apply; `None` for a peer.
    group: Option<GroupName>,
    dialect: Dialect,
    /// The last attempt to connect got no answer.
    unreachable: bool,
    command: Option<Rc<Conn>>,
    pubsub: PubSub,
    write: Option<Rc<Conn>>,
    /// The last reply to `INFO` and when it came.
    info: Option<(Time, Rc<[u8]>)>,
}

/// What the node is known to speak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dialect {
    Unknown,
    Resp2,
    Resp3,
}

/// Where the pub/sub channel is.
enum PubSub {
    /// Not asked for.
    Off,
    /// Asked for; it depends on the command connection's `HELLO` where it goes.
    Waiting,
    /// On the command connection.
    Shared,
    /// On a connection of its own.
    Own(Rc<Conn>),
}

impl Links {
    /// # Errors
    /// The system gives no poll set.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            pump: Pump::new()?,
            table: RefCell::default(),
            dirty: RefCell::default(),
            failed: RefCell::default(),
            spare: RefCell::default(),
            input: RefCell::new(vec![0; READ_BYTES].into_boxed_slice()),
            scratch: RefCell::default(),
            dials: Semaphore::new(DIALS_MAX),
            unreachable_dials: Semaphore::new(UNREACHABLE_DIALS_MAX),
            malformed: Cell::new(0),
            tls: tls::TlsClient::default(),
            renames: Cell::new(None),
        })
    }

    /// The host names that links lead to.
    pub(super) fn names(&self) -> HashSet<String> {
        self.table.borrow().values().filter(|link| link.to.is_name()).map(|link| link.to.host().to_owned()).collect()
    }

    pub(super) fn info_cache(&self, now: Time, link: LinkId) -> Option<(Duration, Rc<[u8]>)> {
        let table = self.table.borrow();
        let (at, text) = table.get(link)?.info.as_ref()?;
        Some((now.since(*at), Rc::clone(text)))
    }

    pub(super) fn malformed_hellos(&self) -> u64 {
        self.malformed.get()
    }

    /// Ends a connection that is not wanted any more, after what was still to be said to the node: the end of a write pause, say.
    fn bid_farewell(&self, conn: &Conn) {
        // It is ended, whether or not that could be sent.
        let _ = conn.flush(&mut self.spare.borrow_mut());
        conn.shut();
    }

    fn flush(&self) {
        loop {
            let Some(conn) = self.dirty.borrow_mut().pop() else { return };
            let sent = conn.flush(&mut self.spare.borrow_mut());
            if let Err(cause) = sent {
                self.failed.borrow_mut().push((conn, cause));
            }
        }
    }

    /// The names by which the nodes of a group know commands. Nearly no configuration renames any, and looking a group up
    /// for each of thousands of heartbeats is felt.
    fn words<'a>(&self, settings: &'a Settings, group: Option<&GroupName>) -> Words<'a> {
        let renames = self.renames.get().unwrap_or_else(|| {
            let any = options::has_renames(settings);
            self.renames.set(Some(any));
            any
        });
        Words::new(settings, group.filter(|_| renames))
    }

    /// The settings are about to change.
    pub(super) fn forget_settings(&self) {
        self.renames.set(None);
    }

    fn mark_dirty(&self, conn: &Rc<Conn>) {
        if conn.mark_dirty() {
            self.dirty.borrow_mut().push(Rc::clone(conn));
        }
    }

    /// Lets `write` append requests to the connection's output.
    fn write(&self, conn: &Rc<Conn>, write: impl FnOnce(&mut Vec<u8>, &mut dyn FnMut(Expect))) {
        conn.write(&mut self.spare.borrow_mut(), write);
        self.mark_dirty(conn);
    }
}

pub(super) fn connect(shell: &Shell, id: LinkId, channel: Channel, to: Addr, group: Option<GroupId>) {
    let links = &shell.0.links;
    let group = group.and_then(|group| shell.0.groups.name(shell, group));
    let mut table = links.table.borrow_mut();
    let link = table.get_or_insert_with(id, || Link::new(to.clone(), group.clone()));
    if !link.to.same_place(&to) {
        link.dialect = Dialect::Unknown;
        link.unreachable = false;
    }
    link.to = to;
    link.group = group;
    match channel {
        Channel::Command => {
            if let Some(old) = link.command.take() {
                old.shut();
            }
            link.command = Some(serve::open(shell, id, Channel::Command, link));
        }
        Channel::PubSub => link.subscribe(shell, id),
        Channel::Write => {
            if let Some(old) = link.write.take() {
                old.shut();
            }
            link.write = Some(serve::open(shell, id, Channel::Write, link));
        }
    }
}

pub(super) fn close(shell: &Shell, id: LinkId, channel: Channel) {
    let links = &shell.0.links;
    let mut table = links.table.borrow_mut();
    let Some(link) = table.get_mut(id) else { return };
    match channel {
        Channel::Command => {
            if let Some(conn) = link.command.take() {
                links.bid_farewell(&conn);
            }
            if link.pubsub.depends_on_command() {
                link.pubsub = PubSub::Off;
                let input = Input::Disconnected { link: id, channel: Channel::PubSub, cause: LinkFailure::Requested };
                shell.0.inbox.borrow_mut().push_back(input);
            }
        }
        Channel::PubSub => match std::mem::replace(&mut link.pubsub, PubSub::Off) {
            PubSub::Own(conn) => conn.shut(),
            PubSub::Shared => {
                if let Some(conn) = &link.command {
                    conn.set_listening(false);
                    links.write(conn, encode::unsubscribe);
                }
            }
            PubSub::Off | PubSub::Waiting => {}
        },
        Channel::Write => {
            if let Some(conn) = link.write.take() {
                conn.shut();
            }
        }
    }
}

pub(super) fn drop_link(shell: &Shell, id: LinkId) {
    let link = shell.0.links.table.borrow_mut().remove(id);
    if let Some(link) = link {
        link.command.inspect(|conn| shell.0.links.bid_farewell(conn));
        if let PubSub::Own(conn) = link.pubsub {
            conn.shut();
        }
        if let Some(conn) = link.write {
            conn.shut();
        }
    }
}

/// Puts a request into the link's output. Without a connection it is dropped: the core was told, or is about to be.
pub(super) fn send(shell: &Shell, id: LinkId, request_id: RequestId, request: &Request) {
    let links = &shell.0.links;
    let table = links.table.borrow();
    let Some(link) = table.get(id) else { return };
    let channel = if matches!(request, Request::CheckWrites { .. }) { &link.write } else { &link.command };
    let Some(conn) = channel.as_ref().filter(|conn| conn.is_open()) else { return };
    let settings = shell.settings();
    let words = links.words(&settings, link.group.as_ref());
    let core = shell.0.core.borrow();
    let (my_id, hostnames) = (core.my_id(), core.announce_hostnames());
    let context = encode::Context { settings: &settings, words, my_id, local_ip: conn.local_ip(), hostnames };
    let mut scratch = links.scratch.borrow_mut();
    if !matches!(request, Request::Ping | Request::Info | Request::Hello(_) | Request::CheckWrites { .. }) {
        links.pump.hasten(shell.now());
    }
    links.write(conn, |out, expect| encode::request(out, expect, request_id, request, &context, &mut scratch));
}

/// Writes what the links have gathered, one system call each. True if a connection was found broken, about which the core
/// has been told.
pub(super) fn flush(shell: &Shell) -> bool {
    let links = &shell.0.links;
    links.flush();
    let failed = links.failed.take();
    for (conn, cause) in &failed {
        lost(shell, conn, *cause);
    }
    !failed.is_empty()
}

/// A connection ended by itself: tells the core about the channels that it carried. [`Shell::drain`] must follow.
fn lost(shell: &Shell, conn: &Rc<Conn>, cause: LinkFailure) {
    if conn.is_shut() {
        return;
    }
    conn.shut();
    let mut channels = Vec::with_capacity(2);
    if let Some(link) = shell.0.links.table.borrow_mut().get_mut(conn.link) {
        link.unreachable = cause == LinkFailure::Unreachable;
        match conn.channel {
            Channel::Command => {
                link.command = None;
                channels.push(Channel::Command);
                if link.pubsub.depends_on_command() {
                    link.pubsub = PubSub::Off;
                    channels.push(Channel::PubSub);
                }
            }
            Channel::PubSub => {
                link.pubsub = PubSub::Off;
                channels.push(Channel::PubSub);
            }
            Channel::Write => {
                link.write = None;
                channels.push(Channel::Write);
            }
        }
        if link.to.is_name() {
            shell.0.resolver.want(link.to.host(), &shell.0.log);
        }
    }
    for channel in channels {
        shell.feed(shell.now(), Input::Disconnected { link: conn.link, channel, cause });
    }
}

/// What became of `HELLO 3` on a command connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum HelloAnswer {
    Accepted,
    /// The node does not know it, or this user may not use it: not worth asking again.
    Unsupported,
    /// Refused this time.
    Refused,
}

fn on_hello_answer(shell: &Shell, conn: &Rc<Conn>, answer: HelloAnswer) {
    conn.set_resp3(answer == HelloAnswer::Accepted);
    let mut table = shell.0.links.table.borrow_mut();
    let Some(link) = table.get_mut(conn.link) else { return };
    link.dialect = match answer {
        HelloAnswer::Accepted => Dialect::Resp3,
        HelloAnswer::Unsupported => Dialect::Resp2,
        HelloAnswer::Refused => link.dialect,
    };
    if matches!(link.pubsub, PubSub::Waiting) {
        link.subscribe(shell, conn.link);
    }
}

impl Link {
    fn new(to: Addr, group: Option<GroupName>) -> Self {
        Self {
            to,
            group,
            dialect: Dialect::Unknown,
            unreachable: false,
            command: None,
            pubsub: PubSub::Off,
            write: None,
            info: None,
        }
    }

    fn subscribe(&mut self, shell: &Shell, id: LinkId) {
        if let PubSub::Own(old) = &self.pubsub {
            old.shut();
        }
        self.pubsub = match &self.command {
            Some(conn) if conn.awaits_hello() => PubSub::Waiting,
            Some(conn) if conn.is_resp3() => {
                let settings = shell.settings();
                let words = Words::new(&settings, self.group.as_ref());
                shell.0.links.write(conn, |out, expect| encode::subscribe(out, expect, &words));
                PubSub::Shared
            }
            _ => PubSub::Own(serve::open(shell, id, Channel::PubSub, self)),
        };
    }
}

impl PubSub {
    const fn depends_on_command(&self) -> bool {
        matches!(self, Self::Waiting | Self::Shared)
    }
}
