//! Applying the master's stream, a request at a time.

use bongsu_protocol::session::{ClientId, ClientRole};

use super::failure::Failure;
use crate::config::Directive;
use crate::engine::{Engine, Shutdown};

/// Bytes of a transaction. All of it has to be kept until its end is there; a master cannot have run a larger one, because it keeps
/// transactions in memory, too, and no client's requests may take that much.
const TRANSACTION_BYTES_MAX: usize = 2 * 1024 * 1024 * 1024;

/// Kept of buffers for what comes next. More than this was needed once only.
const KEPT_BYTES: usize = 64 * 1024;

impl Engine {
    /// Runs a request of the master's stream, which is these bytes of it.
    pub(crate) fn obey_stream(&mut self, argv: &[&[u8]], hash: Option<u64>, bytes: &[u8]) -> Result<(), Failure> {
        if !starts_as_array(bytes) {
            return Err(Failure::Inline);
        }
        let Some(following) = &mut self.following else { return Err(Failure::Killed) };
        let Some(client) = following.client else { return Err(Failure::Killed) };
        match argv {
            // What is asked of replicas: all but this is said to masters.
            [name, what, ..] if name.eq_ignore_ascii_case(b"REPLCONF") => {
                if what.eq_ignore_ascii_case(b"GETACK") {
                    following.owes = Some(self.history.offset);
                }
            }
            _ => {
                let mut replies = std::mem::take(&mut following.replies);
                let goes_on = self.run_hashed(client, argv, hash, &mut replies);
                if replies.first() == Some(&b'-') {
                    self.complain_of_master(argv, &replies);
                }
                replies.clear();
                replies.shrink_to(KEPT_BYTES);
                match &mut self.following {
                    Some(following) if goes_on => following.replies = replies,
                    _ => return Err(Failure::Killed),
                }
            }
        }
        self.advance(client, bytes)
    }

    /// The stream waits, because a pause holds back whatever changes data.
    pub(crate) fn holds_stream(&mut self) -> bool {
        let is_paused = self.pause_mode().is_some();
        if let Some(following) = &mut self.following {
            following.is_held |= is_paused;
        }
        is_paused
    }

    /// What a pause has held back is applied once it is over.
    pub(super) fn release_stream(&mut self) {
        let is_paused = self.pause_mode().is_some();
        let Some(following) = self.following.as_mut().filter(|following| following.is_held && !is_paused) else {
            return;
        };
        following.is_held = false;
        if let Some(conn) = &mut following.conn {
            (conn.behind, conn.unread) = (true, true);
        }
    }

    /// Bytes between requests, which ask for nothing.
    pub(crate) fn pass(&mut self, bytes: &[u8]) {
        match &mut self.following {
            Some(following) if !following.open.is_empty() => following.open.extend_from_slice(bytes),
            _ => self.history.follow(bytes),
        }
    }

    /// These bytes have been applied. Those of a transaction have once its end has.
    fn advance(&mut self, client: ClientId, bytes: &[u8]) -> Result<(), Failure> {
        let session = self.clients.get(client).filter(|session| session.role == ClientRole::Master);
        let (Some(session), Some(following)) = (session, &mut self.following) else { return Err(Failure::Killed) };
        if session.queued.is_some() {
            following.open.extend_from_slice(bytes);
            let is_short = following.open.len() <= TRANSACTION_BYTES_MAX;
            return if is_short { Ok(()) } else { Err(Failure::TransactionTooLong(TRANSACTION_BYTES_MAX)) };
        }
        following.db = session.db;
        self.history.note_selected(session.db);
        if !following.open.is_empty() {
            self.history.follow(&following.open);
            following.open.clear();
            following.open.shrink_to(KEPT_BYTES);
        }
        self.history.follow(bytes);
        Ok(())
    }

    /// What the master did could not be done here: the data are not the same any more.
    pub(crate) fn complain_of_master(&mut self, argv: &[&[u8]], reply: &[u8]) {
        self.stats.unexpected_error_replies += 1;
        let line = reply.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let (error, name) = (String::from_utf8_lossy(line), argv.first().copied().unwrap_or_default());
        let name = String::from_utf8_lossy(name).to_lowercase();
        self.log.warning(format_args!(
            "== CRITICAL == This replica is sending an error to its master: '{error}' after processing the command '{name}'"
        ));
        if self.config.words(Directive::PropagationErrorBehavior).starts_with("panic") {
            self.log.warning("The data differ from those of the master: the end, as propagation-error-behavior says");
            self.shutdown = Some(Shutdown { now: true, force: true, ..Shutdown::default() });
        }
    }
}

/// Everything a master says is an array of something, perhaps behind empty lines.
fn starts_as_array(bytes: &[u8]) -> bool {
    let empty = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    matches!(bytes.get(empty..), Some([b'*', b'1'..=b'9', ..]))
}
