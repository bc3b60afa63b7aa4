//! `CONFIG`.

use bongsu_protocol::command::{Categories, CommandFlags, CommandSpec, write_help};
use bongsu_protocol::resp::{Protocol, Writer};
use bongsu_protocol::session::{ClientId, Session};

use super::change::Rights;
use super::rewrite::Extent;
use super::value::Value;
use super::{Config, Directive};
use crate::commands::ServerCommand;
use crate::engine::Engine;

const READING: CommandFlags = CommandFlags::LOADING.with(CommandFlags::STALE);
const ADMIN: CommandFlags = READING.with(CommandFlags::ADMIN).with(CommandFlags::NOSCRIPT);

/// Where a proxy sends it, and what its replies are then.
const EVERYWHERE: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

const fn part(name: &'static str, arity: i32, flags: CommandFlags, about: [&'static str; 3]) -> CommandSpec {
    let [summary, since, complexity] = about;
    CommandSpec::new(name, arity, flags, Categories::NONE).about(summary, since, "server", complexity)
}

static PARTS: [CommandSpec; 5] = [
    part("get", -3, ADMIN, ["Show directives with their values", "2.0.0", "O(N) with N directives"]),
    part("help", 2, READING, ["Describe the subcommands", "5.0.0", "O(1)"]),
    part("resetstat", 2, ADMIN, ["Count from zero again", "2.0.0", "O(1)"]).tips(EVERYWHERE),
    part("rewrite", 2, ADMIN, ["Write the values of now into the configuration file", "2.8.0", "O(N)"])
        .tips(EVERYWHERE),
    part("set", -4, ADMIN, ["Change directives, all or none", "2.0.0", "O(N) with N directives"]).tips(EVERYWHERE),
];

/// The command.
pub(crate) static COMMANDS: &[ServerCommand] = &[ServerCommand {
    spec: CommandSpec::new("config", -2, CommandFlags::NONE, Categories::NONE)
        .about("Show and change how the server is set up", "2.0.0", "server", "Depends on the subcommand")
        .subcommands(&PARTS),
    run,
}];

const HELP: &[&str] = &[
    "GET <pattern>",
    "    Return parameters matching the glob-like <pattern> and their values.",
    "SET <directive> <value>",
    "    Set the configuration <directive> to <value>.",
    "RESETSTAT",
    "    Reset statistics reported by the INFO command.",
    "REWRITE",
    "    Rewrite the configuration file.",
];

fn run(engine: &mut Engine, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
    let protocol = engine.protocol(client);
    let mut reply = Writer::new(out, protocol);
    let [_, part, arguments @ ..] = argv else { return };
    let done = match part.to_ascii_lowercase().as_slice() {
        b"get" => return show(&engine.config, arguments, out, protocol),
        b"set" => set(engine, client, arguments),
        b"rewrite" => engine.rewrite_config(Extent::Changes),
        b"resetstat" => {
            engine.reset_stats();
            Ok(())
        }
        _ => return write_help(&mut reply, "CONFIG", HELP),
    };
    match done {
        Ok(()) => reply.simple("OK"),
        Err(error) => reply.error(error),
    }
}

fn show(config: &Config, patterns: &[&[u8]], out: &mut Vec<u8>, protocol: Protocol) {
    let mut reply = Writer::new(out, protocol);
    let found = config.matching(patterns);
    reply.map(found.len());
    for (name, value) in found {
        reply.bulk(name);
        reply.bulk(value);
    }
}

fn set(engine: &mut Engine, client: ClientId, arguments: &[&[u8]]) -> Result<(), String> {
    let (pairs, []) = arguments.as_chunks::<2>() else { return Err("ERR syntax error".to_owned()) };
    let is_local = engine.clients.get(client).is_some_and(is_local);
    let rights = Rights {
        protected: engine.config.permits(Directive::EnableProtectedConfigs, is_local),
        loading: engine.loading.is_some(),
    };
    let proposal = engine.config.propose(pairs, rights).map_err(|error| error.to_string())?;
    engine.configure(proposal).map_err(|error| error.to_string())
}

/// The client is on this machine.
pub(crate) fn is_local(session: &Session) -> bool {
    let host = session.addr.rsplit_once(':').map_or("", |(host, _)| host).trim_matches(['[', ']']);
    session.unix_socket || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.to_canonical().is_loopback())
}

impl Config {
    /// What `enable-debug-command` and its kin allow a client.
    pub(crate) fn permits(&self, guard: Directive, is_local: bool) -> bool {
        match self.value(guard) {
            Value::Choice(1) => true,
            Value::Choice(2) => is_local,
            _ => false,
        }
    }
}

impl Engine {
    /// Writes the configuration file anew.
    pub(crate) fn rewrite_config(&self, extent: Extent) -> Result<(), String> {
        let has_file = !self.config.text(Directive::Aclfile).is_empty();
        let users = if has_file { Vec::new() } else { self.acl.to_lines() };
        self.config.rewrite(&users, extent).map_err(|error| error.to_string())
    }
}
