//! What all connections share.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bongsu_protocol::acl::Acl;
use bongsu_protocol::command::CommandTable;
use bongsu_protocol::pubsub::{ChannelKind, PubSub, write_message};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::{ClientId, ClientRegistry};
use bongsu_sentinel_core::{Event, RunId};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::connection::Outbox;
use super::rename::Renames;
use super::stats::Stats;
use crate::shell::Shell;

/// The front's state. Its cells are never borrowed across a call of the shell, because publishing an event borrows them too.
pub(super) struct Front {
    pub(super) shell: Shell,
    pub(super) table: Arc<CommandTable>,
    pub(super) renames: Renames,
    pub(super) acl: RefCell<Acl>,
    pub(super) clients: RefCell<ClientRegistry>,
    pub(super) pubsub: RefCell<PubSub>,
    pub(super) outboxes: RefCell<HashMap<ClientId, Rc<Outbox>>>,
    pub(super) stats: Stats,
    /// Random and new in every process: `run_id` of `INFO`.
    pub(super) run_id: RunId,
    pub(super) started: Instant,
    /// Where the configuration was read from.
    pub(super) config_file: String,
    /// Lines of `INFO server` about the listeners.
    pub(super) listeners: Vec<String>,
    /// Connections whose TLS handshake is not finished; they count towards `maxclients`.
    pub(super) handshakes: Cell<usize>,
    /// Clients that wait for a disk, a vote or a name.
    pub(super) waiting: Cell<usize>,
    pub(super) pause_changed: Notify,
}

impl Front {
    pub(super) fn new(shell: Shell, acl: Acl, listeners: Vec<String>, config_file: String) -> Self {
        let renames = Renames::new(shell.settings().server.rename_command.iter());
        Self {
            table: Arc::clone(acl.table()),
            renames,
            acl: RefCell::new(acl),
            clients: RefCell::default(),
            pubsub: RefCell::default(),
            outboxes: RefCell::default(),
            stats: Stats::default(),
            run_id: random_run_id(),
            started: Instant::now(),
            config_file,
            listeners,
            handshakes: Cell::new(0),
            waiting: Cell::new(0),
            pause_changed: Notify::new(),
            shell,
        }
    }

    /// Seconds since the start, for rates.
    pub(super) fn second(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// Hands an event to everybody who listens to its name.
    pub(super) fn publish(&self, event: &Event) {
        let payload = event.payload();
        let channel = event.name.as_bytes();
        let clients = self.clients.borrow();
        let outboxes = self.outboxes.borrow();
        let limits = self.shell.settings().server.client_output_buffer_limit;
        self.pubsub.borrow().publish(channel, |id, pattern| {
            let (Some(session), Some(outbox)) = (clients.get(id), outboxes.get(&id)) else { return };
            outbox.append(&limits.pubsub, |bytes| {
                let mut out = Writer::new(bytes, session.protocol);
                write_message(ChannelKind::Plain, pattern, channel, payload.as_bytes(), &mut out);
            });
        });
    }

    /// Ends connections at once. Marking them in the registry is up to the caller.
    pub(super) fn close_all(&self, ids: &[ClientId]) {
        let outboxes = self.outboxes.borrow();
        for outbox in ids.iter().filter_map(|id| outboxes.get(id)) {
            outbox.close();
        }
    }
}

/// Milliseconds since 1970: what sessions and the access control log count in.
pub(super) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Fills `bytes` from the system's random numbers.
pub(super) fn fill_random(bytes: &mut [u8]) {
    rand::fill(bytes);
}

fn random_run_id() -> RunId {
    let mut bits = [0; 20];
    fill_random(&mut bits);
    RunId::from_bits(bits)
}
