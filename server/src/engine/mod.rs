//! Running requests: from the arguments of a client to the bytes of a reply, and to everybody else who is concerned.

mod blocked;
mod blocking;
mod clock;
mod ending;
mod execute;
mod feed;
mod handover;
mod histogram;
mod latency;
mod memory;
mod outbox;
mod publish;
mod rates;
mod secrets;
mod settle;
mod shutdown;
mod slowlog;
mod stats;
mod tracking;
mod transaction;
mod turn;
mod watch;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bongsu_process::log::Log;
use bongsu_protocol::acl::{Acl, Dialect};
use bongsu_protocol::command::CommandTable;
use bongsu_protocol::pubsub::{ChannelKind, PubSub};
use bongsu_protocol::resp::{Protocol, ProtocolError, Writer};
use bongsu_protocol::session::{ClientId, ClientRegistry};
use bongsu_store::call::{Effects, Handler};
use bongsu_store::commands;
use bongsu_store::random::Random;
use bongsu_store::shard::Shard;

use crate::commands::{self as server_commands, PayloadHandler, ServerHandler};
use crate::config::{Config, Directive};
use crate::daemon::oom_score::OomScore;
use crate::dataset::Dataset;
use crate::helpers::Helpers;
use crate::imaging::Imaging;
use crate::info::Instance;
use crate::limits::Limits;
use crate::migration::Migrations;
use crate::net::listeners::Listeners;
use crate::net::wake::Waker;
use crate::persistence::Snapshots;
use crate::persistence::aof::{Aof, Files, Rewrites};
use crate::persistence::loading::{Loaded, Loading};
use crate::replication::{Following, History, Master, ReplicationId};
use blocked::Blocked;
pub(crate) use blocked::Copies;
pub(crate) use blocking::NO_LOG;
use clock::Clock;
pub(crate) use ending::{End, Ending};
pub(crate) use execute::PREFETCH_MAX;
pub(crate) use feed::{Feed, Reader, push_request};
pub(crate) use histogram::Histogram;
pub(crate) use latency::{Delays, LatencyMonitor};
pub(crate) use memory::SWEEP_PAUSE_US;
use memory::{Memory, Sweeper};
use outbox::Outbox;
pub(crate) use publish::Notify;
use rates::Rates;
pub(crate) use shutdown::Shutdown;
pub(crate) use slowlog::SlowLog;
pub(crate) use stats::CommandStats;
use stats::Stats;
use tracking::TrackingTable;
use transaction::Transaction;
use watch::Watches;

/// Everything that requests can reach.
pub(crate) struct Engine {
    pub(crate) shard: Shard,
    pub(crate) clients: ClientRegistry,
    pub(crate) acl: Acl,
    pub(crate) table: Arc<CommandTable>,
    pub(crate) clock: Clock,
    pub(crate) stats: Stats,
    pub(crate) rates: Rates,
    pub(crate) slowlog: SlowLog,
    pub(crate) latency: LatencyMonitor,
    pub(crate) memory: Memory,
    pub(crate) instance: Instance,
    pub(crate) outbox: Outbox,
    pub(crate) pubsub: PubSub,
    pub(crate) sharded_pubsub: PubSub,
    pub(crate) watches: Watches,
    pub(crate) blocked: Blocked,
    pub(crate) tracking: TrackingTable,
    pub(crate) notify: Notify,
    /// Clients that see every request.
    pub(crate) monitors: Vec<ClientId>,
    /// Changes since the start.
    pub(crate) changes: u64,
    /// Connections that waited and may go on with what they sent meanwhile.
    pub(crate) woken: Vec<ClientId>,
    /// Connections that are to be closed, whatever they are doing.
    pub(crate) closing: Vec<ClientId>,
    /// How it is set up.
    pub(crate) config: Config,
    pub(crate) limits: Limits,
    pub(crate) log: Log,
    pub(crate) listeners: Listeners,
    /// Ends the loop's wait, for other threads.
    pub(crate) waker: Waker,
    pub(crate) oom_score: OomScore,
    /// The file with the users (`aclfile`).
    pub(crate) acl_file: Option<PathBuf>,
    /// The server is to end.
    pub(crate) shutdown: Option<Shutdown>,
    /// It will, as soon as replicas have what they miss.
    pub(crate) ending: Option<Ending>,
    /// `maxmemory`, in bytes; 0 is no limit.
    pub(crate) memory_max: usize,
    /// How much may be in use before a request runs, because it was when the limit was set, and not all of it has gone yet. In bytes.
    memory_tolerated: usize,
    /// Memory of connections, in bytes.
    pub(crate) connection_bytes: usize,
    pub(crate) sweeper: Sweeper,
    /// What tests want otherwise.
    pub(crate) switches: Switches,
    /// More has to go than could in the time that a request has.
    is_evicting: bool,
    pub(crate) helpers: Helpers,
    /// When this turn began, in microseconds since the start.
    pub(crate) turn_begun_us: u64,
    transactions: HashMap<ClientId, Transaction>,
    pub(crate) in_transaction: bool,
    /// Until when the client waits whose request is being run again.
    again_until: Option<Option<u64>>,
    /// What commands do, by their ids.
    runs: Vec<Option<Run>>,
    pub(crate) effects: Effects,
    /// What replicas and the append-only file are to be told.
    pub(crate) feed: Feed,
    /// The append-only file, if there is one.
    pub(crate) aof: Option<Aof>,
    /// The files of the append-only log.
    pub(crate) log_files: Option<Files>,
    pub(crate) rewrites: Rewrites,
    pub(crate) snapshots: Snapshots,
    /// The image of all data that is under way.
    pub(crate) imaging: Option<Imaging>,
    /// What was saved is being loaded.
    pub(crate) loading: Option<Loading>,
    pub(crate) last_loaded: Loaded,
    /// Why the append-only file could not be written.
    pub(crate) log_failure: Option<String>,
    /// When it was last looked whether something has to be saved, in microseconds since the start.
    pub(crate) files_looked_at_us: u64,
    /// The server cannot go on, for this reason.
    pub(crate) fatal: Option<String>,
    /// The stream of changes that these data come from.
    pub(crate) history: History,
    /// Which data these are.
    pub(crate) dataset: Dataset,
    /// Those who are told of it.
    pub(crate) master: Master,
    /// The master whose replica this server is; none of a master.
    pub(crate) following: Option<Box<Following>>,
    /// The master whose data were taken over last.
    pub(crate) synced_with: Option<(String, u16)>,
    /// Keys on their way to other servers.
    pub(crate) migrations: Migrations,
    /// The hash of the first argument of the request that is about to run.
    first_hash: Option<u64>,
}

/// What tests want otherwise than everybody else.
#[derive(Clone, Copy, Default)]
pub(crate) struct Switches {
    /// Nothing is done by itself.
    pub(crate) rests: bool,
    /// Keys whose time is over go only when somebody asks for them.
    pub(crate) expires_lazily: bool,
    /// Payloads with a wrong checksum are restored.
    pub(crate) skips_checksums: bool,
}

/// What a command does.
#[derive(Clone, Copy)]
enum Run {
    /// Something with the keyspace.
    Data(Handler),
    /// Something with the keyspace, also with keys that the arguments do not tell.
    Roaming(Handler),
    /// Something with the keyspace, by way of payloads.
    Payload(PayloadHandler),
    /// Something with the server or the connection.
    Server(ServerHandler),
}

fn document(table: &mut CommandTable) -> io::Result<()> {
    for synopses in [commands::SYNOPSES, server_commands::SYNOPSES] {
        table.document(synopses).map_err(|line| io::Error::other(format!("no synopsis of a command: {line}")))?;
    }
    Ok(())
}

/// All commands under their names here.
pub(crate) fn command_table(config: &Config) -> io::Result<Arc<CommandTable>> {
    known_commands(config).map(|(table, _)| table)
}

/// All commands under their names here, and what they do by their ids.
fn known_commands(config: &Config) -> io::Result<(Arc<CommandTable>, Vec<Option<Run>>)> {
    let data = commands::all().map(|command| {
        let roams = command.spec.hides_keys();
        (&command.spec, if roams { Run::Roaming(command.run) } else { Run::Data(command.run) })
    });
    let payloads = server_commands::payload_commands().map(|command| (&command.spec, Run::Payload(command.run)));
    let server = server_commands::all().map(|command| (&command.spec, Run::Server(command.run)));
    let all: Vec<_> = data.chain(payloads).chain(server).collect();
    let mut table = CommandTable::of(all.iter().map(|(spec, _)| *spec));
    table.set_absent(server_commands::ABSENT);
    document(&mut table)?;
    for (old, new) in config.renames() {
        table.rename(old, new);
    }
    let by_name: HashMap<&str, Run> = all.iter().map(|(spec, run)| (spec.name, *run)).collect();
    // A container does what its subcommands do.
    let run_of = |command: &bongsu_protocol::command::Command| {
        by_name.get(command.container.unwrap_or(command.spec).name).copied()
    };
    let runs = table.iter().map(run_of).collect();
    Ok((Arc::new(table), runs))
}

impl Engine {
    pub(crate) fn new(config: Config, log: Log, listeners: Listeners, waker: Waker, seed: Random) -> io::Result<Self> {
        let (table, runs) = known_commands(&config)?;
        let (clock, shard) = (Clock::new(), Shard::new(config.size(Directive::Databases), seed));
        let (memory, started_ms) = (Memory::new(shard.heap_bytes()), clock.wall_ms());
        let mut engine = Self {
            shard,
            clients: ClientRegistry::default(),
            acl: Acl::new(Arc::clone(&table), Dialect::Redis72),
            instance: Instance::new(started_ms),
            clock,
            stats: Stats::new(table.len()),
            rates: Rates::default(),
            slowlog: SlowLog::default(),
            latency: LatencyMonitor::default(),
            memory,
            outbox: Outbox::default(),
            pubsub: PubSub::new(ChannelKind::Plain),
            sharded_pubsub: PubSub::new(ChannelKind::Sharded),
            watches: Watches::default(),
            blocked: Blocked::default(),
            tracking: TrackingTable::default(),
            notify: Notify::default(),
            monitors: Vec::new(),
            changes: 0,
            woken: Vec::new(),
            closing: Vec::new(),
            acl_file: config.path(Directive::Aclfile),
            limits: Limits::of(&config),
            log,
            listeners,
            waker,
            oom_score: OomScore::default(),
            config,
            shutdown: None,
            ending: None,
            memory_max: 0,
            memory_tolerated: usize::MAX,
            connection_bytes: 0,
            sweeper: Sweeper::default(),
            switches: Switches::default(),
            is_evicting: false,
            helpers: Helpers::start()?,
            turn_begun_us: 0,
            transactions: HashMap::new(),
            in_transaction: false,
            again_until: None,
            table,
            runs,
            effects: Effects::default(),
            feed: Feed::default(),
            aof: None,
            log_files: None,
            rewrites: Rewrites::default(),
            snapshots: Snapshots::new(started_ms / 1000),
            imaging: None,
            loading: None,
            last_loaded: Loaded::default(),
            log_failure: None,
            files_looked_at_us: 0,
            fatal: None,
            history: History::new(ReplicationId::random()),
            dataset: Dataset::default(),
            master: Master::default(),
            following: None,
            synced_with: None,
            migrations: Migrations::default(),
            first_hash: None,
        };
        engine.apply_all();
        engine.follow_as_configured();
        Ok(engine)
    }

    /// Everything of a connection that is gone.
    pub(crate) fn forget(&mut self, client: ClientId) {
        self.leave_everything(client);
        self.lose_replica(client);
        self.clients.remove(client);
    }

    /// A connection listens, waits, watches, caches and plans nothing any more.
    pub(crate) fn leave_everything(&mut self, client: ClientId) {
        self.take_transaction(client);
        self.watches.remove(client);
        self.blocked.remove(client);
        self.tracking.remove(client);
        self.monitors.retain(|monitor| *monitor != client);
        if let Some(session) = self.clients.get_mut(client) {
            session.blocked = false;
            session.paused = false;
            session.io.queued_requests = 0;
            session.io.count(|totals| totals.watched = 0);
            self.pubsub.remove_client(session);
            self.sharded_pubsub.remove_client(session);
        }
        self.update_interest();
    }

    /// A pause has begun or ended, or this server has become a master or a replica. Keys do not go by themselves while clients may
    /// not change anything, nor where a master says when they go.
    pub(crate) fn update_pause(&mut self) {
        let is_own = self.following.is_none() && self.loading.is_none();
        self.shard.may_expire = is_own && self.pause_mode().is_none();
    }

    /// The version of the protocol that a client speaks.
    pub(crate) fn protocol(&self, client: ClientId) -> Protocol {
        self.clients.get(client).map_or(Protocol::Resp2, |session| session.protocol)
    }

    /// The client has proved who it is, or need not.
    pub(crate) fn is_authenticated(&self, client: ClientId) -> bool {
        self.clients.get(client).is_some_and(|session| session.is_authenticated(&self.acl))
    }

    /// What a client has sent makes no sense, so that nobody knows where its next request begins: it is told so, and it is over.
    pub(crate) fn break_off(&mut self, client: ClientId, error: &ProtocolError, out: &mut Vec<u8>) {
        let Some(session) = self.clients.get_mut(client) else { return };
        session.close_after_reply = true;
        Writer::new(out, session.protocol).error(format!("ERR {error}"));
    }

    /// The connection is to be closed once its replies are sent.
    pub(crate) fn is_over(&self, client: ClientId) -> bool {
        self.clients.get(client).is_none_or(|session| session.close_now || session.close_after_reply)
    }

    /// No request of this connection is to be run now: it is over, or waits, or the server ends, so that nothing more would be kept.
    #[inline]
    pub(crate) fn holds(&self, client: ClientId) -> bool {
        let is_ending = self.shutdown.is_some() || self.fatal.is_some();
        is_ending
            || self
                .clients
                .get(client)
                .is_none_or(|session| session.blocked || session.close_now || session.close_after_reply)
    }
}
