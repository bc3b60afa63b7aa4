//! `MULTI` and `EXEC`: requests that are kept, and run in one go.

use bongsu_protocol::acl::DeniedReason;
use bongsu_protocol::command::{CommandFlags, CommandId};
use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::{ClientId, Refusal};

use super::Engine;
use crate::replication::decides_role;

/// What a command needs to run while the data are not all there. A transaction needs it for each of its requests.
const PERMITS: CommandFlags = CommandFlags::STALE.with(CommandFlags::LOADING);

/// Requests that wait for `EXEC`.
#[derive(Default)]
pub(crate) struct Transaction {
    pub(crate) requests: Vec<(CommandId, Vec<Vec<u8>>)>,
    /// A request was refused, so that none will run.
    pub(crate) failed: bool,
    /// All flags of the requests.
    pub(crate) flags: CommandFlags,
    /// Those of [`PERMITS`] that a request does not have.
    pub(crate) lacking: CommandFlags,
    /// Bytes of the requests.
    pub(crate) bytes: usize,
}

impl Transaction {
    fn push(&mut self, id: CommandId, flags: CommandFlags, argv: &[&[u8]]) {
        let argv: Vec<Vec<u8>> = argv.iter().map(|arg| arg.to_vec()).collect();
        self.bytes += argv.iter().map(|arg| arg.capacity() + size_of::<Vec<u8>>()).sum::<usize>();
        self.flags = self.flags.with(flags);
        let permits = if argv.first().is_some_and(|name| decides_role(name)) { PERMITS } else { flags };
        self.lacking = self.lacking.with(PERMITS.without(permits));
        self.requests.push((id, argv));
    }
}

impl Engine {
    /// What was kept for the `EXEC` that this client has just asked for.
    fn planned(&self, client: ClientId) -> Option<&Transaction> {
        let planned = self.transactions.get(&client)?;
        let is_exec = self.clients.get(client)?.last_command.as_deref() == Some("exec");
        is_exec.then_some(planned)
    }

    /// The flags, for `EXEC` without what any of those that were kept lacks.
    pub(super) fn permits(&self, client: ClientId, flags: CommandFlags) -> CommandFlags {
        self.planned(client).map_or(flags, |planned| flags.without(planned.lacking))
    }

    /// The command has one of the flags, or it is `EXEC` and one of those that were kept has.
    pub(super) fn does(&self, client: ClientId, flags: CommandFlags, wanted: CommandFlags) -> bool {
        flags.intersects(wanted) || self.planned(client).is_some_and(|planned| planned.flags.intersects(wanted))
    }

    /// Keeps a request for `EXEC`.
    pub(super) fn queue(
        &mut self,
        client: ClientId,
        id: CommandId,
        flags: CommandFlags,
        argv: &[&[u8]],
        out: &mut Vec<u8>,
    ) {
        let transaction = self.transactions.entry(client).or_default();
        transaction.push(id, flags, argv);
        let Some(session) = self.clients.get_mut(client) else { return };
        session.queued = Some(transaction.requests.len());
        session.io.queued_requests = transaction.bytes;
        Writer::new(out, session.protocol).simple("QUEUED");
    }

    /// A request of a transaction was refused: `EXEC` will run none.
    pub(super) fn fail_transaction(&mut self, client: ClientId) {
        if self.clients.get(client).is_some_and(|session| session.queued.is_some()) {
            self.transactions.entry(client).or_default().failed = true;
        }
    }

    /// Begins a transaction.
    pub(crate) fn begin(&mut self, client: ClientId) {
        if let Some(session) = self.clients.get_mut(client) {
            session.queued = Some(0);
        }
    }

    /// What was kept, and is kept no more.
    pub(super) fn take_transaction(&mut self, client: ClientId) -> Transaction {
        self.transactions.remove(&client).unwrap_or_default()
    }

    /// Ends a transaction without running it.
    pub(crate) fn discard(&mut self, client: ClientId) -> Transaction {
        let transaction = self.take_transaction(client);
        self.watches.remove(client);
        if let Some(session) = self.clients.get_mut(client) {
            session.queued = None;
            session.dirty_transaction = false;
            session.io.queued_requests = 0;
            session.io.count(|totals| totals.watched = 0);
        }
        self.update_interest();
        transaction
    }

    /// Runs what was kept.
    pub(crate) fn exec(&mut self, client: ClientId, out: &mut Vec<u8>) {
        let protocol = self.protocol(client);
        let outdated = self.is_outdated(client);
        let transaction = self.discard(client);
        if transaction.failed {
            let text = "EXECABORT Transaction discarded because of previous errors.";
            return Writer::new(out, protocol).error(text);
        }
        if outdated {
            return Writer::new(out, protocol).null_array();
        }
        Writer::new(out, protocol).array(transaction.requests.len());
        self.in_transaction = true;
        for (id, argv) in &transaction.requests {
            let argv: Vec<&[u8]> = argv.iter().map(Vec::as_slice).collect();
            self.run_queued(client, *id, &argv, out);
        }
        self.in_transaction = false;
    }

    /// Permissions may have changed since the request was queued.
    fn run_queued(&mut self, client: ClientId, id: CommandId, argv: &[&[u8]], out: &mut Vec<u8>) {
        let (Some(session), Some(command)) = (self.clients.get(client), self.table.get(id)) else { return };
        let protocol = session.protocol;
        match session.admit_queued(&mut self.acl, command, argv, self.shard.now_ms) {
            Ok(()) => self.call(client, id, argv, false, out),
            Err(refusal) => {
                let before = out.len();
                Writer::new(out, protocol).error(outdated(&refusal));
                self.stats.error(&out[before..]);
            }
        }
    }

    /// A watched key has changed, or its time is over.
    fn is_outdated(&self, client: ClientId) -> bool {
        let over = |(db, key): &(usize, Vec<u8>)| {
            let expiry = self.shard.find(*db, key).and_then(|found| self.shard.db(*db).expiry_ms(found));
            expiry.is_some_and(|at| at <= self.shard.now_ms)
        };
        self.clients.get(client).is_some_and(|session| session.dirty_transaction)
            || self.watches.of(client).iter().any(|watched| !watched.was_over && over(&watched.key))
    }
}

/// The error of a request that could be queued and may not be run.
fn outdated(refusal: &Refusal) -> String {
    let Refusal::Denied { reason, .. } = refusal else { return refusal.to_string() };
    let reason = match reason {
        DeniedReason::Command => "no permission to execute the command or subcommand",
        DeniedReason::Key => "no permission to touch the specified keys",
        DeniedReason::Channel => "no permission to access one of the channels used as argument to the command",
    };
    format!(
        "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. \
         This command is no longer allowed for the following reason: {reason}"
    )
}
