//! From a request to its handler.

use std::rc::Rc;

use bongsu_protocol::command::{Command, CommandError, handle_command};
use bongsu_protocol::resp::{Protocol, Writer};
use bongsu_protocol::session::{ClientId, Refusal, handle_hello, handle_ping, handle_quit, handle_reset};
use bongsu_sentinel_core::{HELLO_CHANNEL, Hello};

use super::connection::Waiting;
use super::state::wall_ms;
use super::{Front, access, bongsu, brand, reports, sentinel, shutdown};

/// What became of a request.
pub(super) enum Outcome {
    /// Its reply is written.
    Done,
    /// Its reply is still to come.
    Wait(Waiting),
}

/// One admitted request.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) front: &'a Rc<Front>,
    pub(super) id: ClientId,
    /// All arguments; the command table has accepted their number.
    pub(super) argv: &'a [&'a [u8]],
    pub(super) protocol: Protocol,
    pub(super) now_ms: u64,
}

impl<'a> Call<'a> {
    /// The subcommand in lower case.
    pub(super) fn subcommand(&self) -> Vec<u8> {
        self.argv.get(1).map(|name| name.to_ascii_lowercase()).unwrap_or_default()
    }

    /// What follows the subcommand.
    pub(super) fn arguments(&self) -> &'a [&'a [u8]] {
        self.argv.get(2..).unwrap_or_default()
    }
}

/// Runs one request of `id` and writes its reply to `replies`, unless it must wait.
pub(super) fn run(front: &Rc<Front>, id: ClientId, argv: &[&[u8]], replies: &mut Vec<u8>) -> Outcome {
    front.stats.commands.add(front.second(), 1);
    let protocol = front.clients.borrow().get(id).map(|session| session.protocol).unwrap_or_default();
    let mut named;
    let argv = match front.renames.resolve(argv.first().copied().unwrap_or_default()) {
        Some(name) => {
            named = argv.to_vec();
            if let Some(first) = named.first_mut() {
                *first = name;
            }
            &named[..]
        }
        None => {
            Writer::new(replies, protocol).error(CommandError::unknown(argv).to_string());
            return Outcome::Done;
        }
    };
    let now_ms = wall_ms();
    let command = match front.table.resolve(argv) {
        Ok(command) => command,
        Err(error) => {
            Writer::new(replies, protocol).error(error.to_string());
            return Outcome::Done;
        }
    };
    if let Err(refusal) = admit(front, id, command, argv, now_ms) {
        Writer::new(replies, protocol).error(refusal.to_string());
        return Outcome::Done;
    }
    handle(Call { front, id, argv, protocol, now_ms }, command, replies)
}

fn admit(front: &Front, id: ClientId, command: &Command, argv: &[&[u8]], now_ms: u64) -> Result<(), Refusal> {
    let mut clients = front.clients.borrow_mut();
    let Some(session) = clients.get_mut(id) else { return Err(Refusal::NotAuthenticated) };
    session.last_command = Some(command.full_name.clone());
    let admitted = session.admit(&mut front.acl.borrow_mut(), command, argv, now_ms);
    if let Err(Refusal::Denied { text, .. }) = &admitted {
        let counter =
            if text.contains("channel") { &front.stats.denied_channels } else { &front.stats.denied_commands };
        counter.add(1);
    }
    admitted
}

fn handle(call: Call<'_>, command: &Command, replies: &mut Vec<u8>) -> Outcome {
    let front = call.front;
    let top = command.container.unwrap_or(command.spec).name;
    if top == "hello" || top == "reset" {
        greet(call, top, replies);
        return Outcome::Done;
    }
    let out = &mut Writer::new(replies, call.protocol);
    match top {
        "bongsu" => return bongsu::handle(call, out),
        "sentinel" => return sentinel::handle(call, out),
        "acl" => return access::handle_acl(call, out),
        "auth" => access::handle_auth(call, out),
        "client" => access::handle_client(call, out),
        "command" => handle_command(&front.table, call.argv, out),
        "info" => reports::write_info(front, call.argv.get(1..).unwrap_or_default(), out),
        "role" => reports::write_role(front, out),
        "publish" => publish(call, out),
        "shutdown" => shutdown::shutdown(&front.shell, call.argv.get(1..).unwrap_or_default(), out),
        _ => handle_own(call, top, out),
    }
    Outcome::Done
}

/// Commands about the connection alone.
fn handle_own(call: Call<'_>, name: &str, out: &mut Writer<'_>) {
    let mut clients = call.front.clients.borrow_mut();
    let Some(session) = clients.get_mut(call.id) else { return };
    let mut pubsub = call.front.pubsub.borrow_mut();
    let names = call.argv.get(1..).unwrap_or_default();
    match name {
        "ping" => handle_ping(session, call.argv, out),
        "quit" => handle_quit(session, out),
        "subscribe" => pubsub.subscribe(session, names, out),
        "unsubscribe" => pubsub.unsubscribe(session, names, out),
        "psubscribe" => pubsub.psubscribe(session, names, out),
        "punsubscribe" => pubsub.punsubscribe(session, names, out),
        _ => out.error("ERR this command has no handler"),
    }
}

/// Commands that may change the protocol version of their own reply.
fn greet(call: Call<'_>, name: &str, replies: &mut Vec<u8>) {
    let front = call.front;
    let mut clients = front.clients.borrow_mut();
    let Some(session) = clients.get_mut(call.id) else { return };
    let mut acl = front.acl.borrow_mut();
    if name == "reset" {
        return handle_reset(session, &acl, &mut [&mut *front.pubsub.borrow_mut()], replies);
    }
    let identity = brand::identity();
    handle_hello(session, &mut acl, identity, call.argv, call.now_ms, replies);
    if replies.starts_with(b"-WRONGPASS") {
        front.stats.denied_logins.add(1);
    }
}

/// `PUBLISH` hands a hello message over; nothing else may be published, and the message reaches no subscriber. A message that
/// makes no sense is dropped, as it would be if it came through a data node.
fn publish(call: Call<'_>, out: &mut Writer<'_>) {
    let (Some(channel), Some(message)) = (call.argv.get(1), call.argv.get(2)) else { return };
    if *channel != HELLO_CHANNEL.as_bytes() {
        return out.error("ERR Only HELLO messages are accepted by Sentinel instances.");
    }
    if let Some(Ok(hello)) = std::str::from_utf8(message).ok().map(Hello::parse) {
        call.front.shell.hello(hello);
    }
    out.integer(1);
}
