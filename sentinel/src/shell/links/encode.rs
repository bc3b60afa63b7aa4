//! Requests as bytes, and what their replies will be.

use std::fmt::Write as _;
use std::net::IpAddr;

use bongsu_protocol::resp::{push_arg, start_command};
use bongsu_sentinel_core::{Addr, Epoch, GroupName, HELLO_CHANNEL, HelloOut, Request, RequestId, RunId};

use super::conn::Expect;
use crate::config::{Renames, Settings};
use crate::shell::options::{self, Credentials};

/// For how long the key of a write check lives: long after the last sentinel that writes it.
const CHECK_LIFETIME_MS: &str = "60000";

/// Commands by the names that the nodes of a group know.
pub(super) struct Words<'a>(Option<&'a Renames>);

impl<'a> Words<'a> {
    pub(super) fn new(settings: &'a Settings, group: Option<&GroupName>) -> Self {
        Self(group.and_then(|group| options::renames(settings, group.as_str())))
    }

    fn get(&self, command: &'static str) -> &'a [u8] {
        self.0.and_then(|renames| renames.get(command)).unwrap_or(command).as_bytes()
    }
}

/// What a request is filled in with.
pub(super) struct Context<'a> {
    pub(super) settings: &'a Settings,
    pub(super) words: Words<'a>,
    pub(super) my_id: RunId,
    pub(super) local_ip: Option<IpAddr>,
    pub(super) hostnames: bool,
}

/// The first requests of a connection.
pub(super) struct Handshake<'a> {
    pub(super) words: Words<'a>,
    pub(super) credentials: Option<Credentials<'a>>,
    pub(super) name: String,
    pub(super) hello: bool,
    pub(super) subscribe: bool,
}

type Push<'p> = &'p mut dyn FnMut(Expect);

/// `AUTH`, `HELLO 3`, `CLIENT SETNAME`, `SUBSCRIBE`, without waiting for replies: what follows is sent behind them.
/// `AUTH` stands alone because `HELLO ... AUTH` fails as a whole where `HELLO` is not known.
pub(super) fn handshake(out: &mut Vec<u8>, expect: Push<'_>, handshake: &Handshake<'_>) {
    let words = &handshake.words;
    match &handshake.credentials {
        Some(Credentials { user: Some(user), password }) => {
            command(out, &[words.get("AUTH"), user.as_bytes(), password]);
            expect(Expect::Ignored);
        }
        Some(Credentials { user: None, password }) => {
            command(out, &[words.get("AUTH"), password]);
            expect(Expect::Ignored);
        }
        None => {}
    }
    if handshake.hello {
        command(out, &[words.get("HELLO"), b"3"]);
        expect(Expect::Hello);
    }
    command(out, &[words.get("CLIENT"), b"SETNAME", handshake.name.as_bytes()]);
    expect(Expect::Ignored);
    if handshake.subscribe {
        subscribe(out, expect, words);
    }
}

pub(super) fn subscribe(out: &mut Vec<u8>, expect: Push<'_>, words: &Words<'_>) {
    command(out, &[words.get("SUBSCRIBE"), HELLO_CHANNEL.as_bytes()]);
    expect(Expect::Subscribe);
}

pub(super) fn unsubscribe(out: &mut Vec<u8>, expect: Push<'_>) {
    command(out, &[b"UNSUBSCRIBE", HELLO_CHANNEL.as_bytes()]);
    expect(Expect::Unsubscribe);
}

pub(super) fn request(
    out: &mut Vec<u8>,
    expect: Push<'_>,
    id: RequestId,
    request: &Request,
    context: &Context<'_>,
    scratch: &mut String,
) {
    let words = &context.words;
    match request {
        Request::Ping => {
            command(out, &[words.get("PING")]);
            expect(Expect::Ping(id));
        }
        Request::Info => {
            command(out, &[words.get("INFO")]);
            expect(Expect::Info(id));
        }
        Request::Hello(hello) => {
            scratch.clear();
            hello_message(scratch, hello, context);
            command(out, &[words.get("PUBLISH"), HELLO_CHANNEL.as_bytes(), scratch.as_bytes()]);
            expect(Expect::Plain(id));
        }
        Request::AskDown { addr, epoch, candidate } => {
            ask_down(out, addr, *epoch, candidate.as_ref(), context.hostnames);
            expect(Expect::Vote(id));
        }
        Request::Reconfigure { to, unpause } => {
            let commands = reconfigure(out, words, to.as_ref(), *unpause, context.hostnames);
            expect(Expect::Transaction { id, left: commands });
        }
        Request::Follow { to } => {
            follow(out, words, Some(to), context.hostnames);
            expect(Expect::Plain(id));
            // Rewriting the file and cutting the clients.
            (0..3).for_each(|_| expect(Expect::Ignored));
        }
        Request::PauseWrites { limit } => {
            command(out, &[words.get("CLIENT"), b"PAUSE", decimal(limit.as_millis()).as_bytes(), b"WRITE"]);
            expect(Expect::Plain(id));
        }
        Request::Unpause => {
            command(out, &[words.get("CLIENT"), b"UNPAUSE"]);
            expect(Expect::Plain(id));
        }
        Request::CutClients => {
            command(out, &[words.get("MULTI")]);
            cut_clients(out, words);
            command(out, &[words.get("EXEC")]);
            expect(Expect::Transaction { id, left: 4 });
        }
        Request::CheckWrites { key } => {
            let args = [key.as_str(), context.my_id.as_str(), "PX", CHECK_LIFETIME_MS].map(str::as_bytes);
            command(out, &[words.get("SET"), args[0], args[1], args[2], args[3]]);
            expect(Expect::Write(id));
        }
        Request::ScriptKill => {
            command(out, &[words.get("SCRIPT"), b"KILL"]);
            expect(Expect::Plain(id));
        }
    }
}

/// The eight tokens; our own address is that of `announce-ip` and `announce-port`, else of this connection and our listener.
fn hello_message(text: &mut String, hello: &HelloOut, context: &Context<'_>) {
    let settings = context.settings;
    let _ = match (&settings.announce_ip, context.local_ip) {
        (Some(ip), _) => write!(text, "{ip}"),
        (None, Some(ip)) => write!(text, "{ip}"),
        (None, None) => Ok(()),
    };
    let _ = write!(text, ",{},", options::announced_port(settings));
    text.push_str(context.my_id.as_str());
    let _ = write!(text, ",{},{},", hello.current_epoch, hello.group);
    push_host(text, &hello.master, context.hostnames);
    let _ = write!(text, ",{},{}", hello.master.port(), hello.config_epoch);
}

fn push_host(text: &mut String, addr: &Addr, hostnames: bool) {
    let _ = match addr.ip() {
        Some(ip) if !hostnames => write!(text, "{ip}"),
        _ => write!(text, "{}", addr.host()),
    };
}

/// The old name of the subcommand, which every sentinel knows.
fn ask_down(out: &mut Vec<u8>, addr: &Addr, epoch: Epoch, candidate: Option<&RunId>, hostnames: bool) {
    let (host, port, epoch) = (addr.shown_host(hostnames), decimal(addr.port()), decimal(epoch));
    let candidate = candidate.map_or("*", RunId::as_str);
    let args = ["SENTINEL", "is-master-down-by-addr", &host, &port, &epoch, candidate];
    command(out, &args.map(str::as_bytes));
}

/// Appends the transaction; gives the number of replies that it will have.
fn reconfigure(out: &mut Vec<u8>, words: &Words<'_>, to: Option<&Addr>, unpause: bool, hostnames: bool) -> u8 {
    command(out, &[words.get("MULTI")]);
    follow(out, words, to, hostnames);
    if unpause {
        command(out, &[words.get("CLIENT"), b"UNPAUSE"]);
    }
    command(out, &[words.get("EXEC")]);
    if unpause { 7 } else { 6 }
}

/// The role, for good, and the end of all clients that rely on another one. Four commands.
fn follow(out: &mut Vec<u8>, words: &Words<'_>, to: Option<&Addr>, hostnames: bool) {
    match to {
        Some(addr) => {
            let (host, port) = (addr.shown_host(hostnames), decimal(addr.port()));
            command(out, &[words.get("SLAVEOF"), host.as_bytes(), port.as_bytes()]);
        }
        None => command(out, &[words.get("SLAVEOF"), b"NO", b"ONE"]),
    }
    command(out, &[words.get("CONFIG"), b"REWRITE"]);
    cut_clients(out, words);
}

fn cut_clients(out: &mut Vec<u8>, words: &Words<'_>) {
    for kind in [b"normal", b"pubsub"] {
        command(out, &[words.get("CLIENT"), b"KILL", b"TYPE", kind]);
    }
}

fn command(out: &mut Vec<u8>, args: &[&[u8]]) {
    start_command(out, args.len());
    for arg in args {
        push_arg(out, arg);
    }
}

fn decimal(n: impl std::fmt::Display) -> String {
    n.to_string()
}
