//! Running requests: from the arguments of a client to the bytes of a reply.

use std::sync::Arc;

use bongsu_protocol::acl::{Acl, Dialect};
use bongsu_protocol::command::CommandTable;
use bongsu_protocol::resp::{Protocol, Writer};
use bongsu_protocol::session::{ClientId, ClientRegistry};
use bongsu_store::call::{Call, Caller, Done, Effects, Handler, Otherwise};
use bongsu_store::commands;
use bongsu_store::random::Random;
use bongsu_store::shard::Shard;

use crate::commands::{self as server_commands, ServerHandler};

/// Number of databases, the default of `databases`.
const DATABASES: usize = 16;

/// Everything that requests can reach.
pub(crate) struct Engine {
    pub(crate) shard: Shard,
    pub(crate) clients: ClientRegistry,
    pub(crate) acl: Acl,
    pub(crate) table: Arc<CommandTable>,
    /// What commands do, by their ids.
    runs: Vec<Option<Run>>,
    effects: Effects,
}

/// What a command does.
#[derive(Clone, Copy)]
enum Run {
    /// Something with the keyspace.
    Data(Handler),
    /// Something with the server or the connection.
    Server(ServerHandler),
}

impl Engine {
    pub(crate) fn new(seed: Random) -> Self {
        let data = commands::all().map(|command| (&command.spec, Run::Data(command.run)));
        let server = server_commands::COMMANDS.iter().map(|command| (&command.spec, Run::Server(command.run)));
        let all: Vec<_> = data.chain(server).collect();
        let table = Arc::new(CommandTable::of(all.iter().map(|(spec, _)| *spec)));
        let mut runs = vec![None; table.len()];
        for (spec, run) in all {
            if let Some(known) = table.by_full_name(spec.name.as_bytes()) {
                runs[known.id.index()] = Some(run);
            }
        }
        Self {
            shard: Shard::new(DATABASES, seed),
            clients: ClientRegistry::default(),
            acl: Acl::new(Arc::clone(&table), Dialect::default()),
            table,
            runs,
            effects: Effects::default(),
        }
    }

    /// Runs one request.
    pub(crate) fn run(&mut self, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
        let before = out.len();
        self.execute(client, argv, out);
        if let Some(session) = self.clients.get_mut(client) {
            if !session.sends_reply() {
                out.truncate(before);
            }
            session.end_request();
        }
    }

    fn execute(&mut self, client: ClientId, argv: &[&[u8]], out: &mut Vec<u8>) {
        let Some(session) = self.clients.get_mut(client) else { return };
        let command = match self.table.resolve(argv) {
            Ok(command) => command,
            Err(error) => return Writer::new(out, session.protocol).error(error.to_string()),
        };
        if let Err(refusal) = session.admit(&mut self.acl, command, argv, self.shard.now_ms) {
            return Writer::new(out, session.protocol).error(refusal.to_string());
        }
        match self.runs.get(command.id.index()).copied().flatten() {
            Some(Run::Data(run)) => {
                let caller = Caller { may_wait: false, no_touch: session.no_touch, is_master: false };
                let (db, reply) = (session.db as usize, Writer::new(out, session.protocol));
                self.call(run, db, argv, caller, reply);
            }
            Some(Run::Server(run)) => run(self, client, argv, out),
            None => Writer::new(out, session.protocol).error("ERR this command has no handler"),
        }
    }

    fn call(&mut self, run: Handler, db: usize, argv: &[&[u8]], caller: Caller, reply: Writer<'_>) {
        self.effects.clear();
        let mut call = Call { shard: &mut self.shard, db, argv, reply, effects: &mut self.effects, caller };
        match run(&mut call) {
            Ok(Done::Replied) => {}
            // Who may not wait is answered at once.
            Ok(Done::Wait(wait)) => match wait.otherwise {
                Otherwise::NullArray => call.reply.null_array(),
                Otherwise::Null => call.reply.null(),
            },
            Err(fault) => call.reply.error(fault.line().as_bytes()),
        }
    }

    /// The version of the protocol that a client speaks.
    pub(crate) fn protocol(&self, client: ClientId) -> Protocol {
        self.clients.get(client).map_or(Protocol::Resp2, |session| session.protocol)
    }

    /// The connection is to be closed once its replies are sent.
    pub(crate) fn is_over(&self, client: ClientId) -> bool {
        self.clients.get(client).is_none_or(|session| session.close_now || session.close_after_reply)
    }
}
