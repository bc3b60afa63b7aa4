//! `MIGRATE`: keys go to another server, and are here no longer once it has them.
//!
//! The loop only packs the keys; the other server is talked to on a thread. Until it is done the keys stay what they are: requests that
//! name one of them wait, as do those that write to keys which they do not name. So nothing is written here that the other server does
//! not get, nobody reads here what has been changed there already, and everybody else goes on. A key may still go by itself, which
//! changes nothing: it goes there at the same time.

mod courier;
mod line;
mod request;

use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Instant;

use bongsu_protocol::resp::Writer;
use bongsu_protocol::session::ClientId;

use crate::config::Directive;
use crate::engine::Engine;
use crate::net::outgoing::Target;
use courier::{Errand, Parcel, Report, Trouble};
pub(crate) use request::Request;

/// Each has a thread, and holds what it sends.
const UNDER_WAY_MAX: usize = 16;

const NO_KEY: &str = "NOKEY";
const ON_REPLICA: &str = "ERR MIGRATE cannot be used with replica instances";
const ROLE_CHANGED: &str =
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
const NOT_CONNECTED: &str = "IOERR error or timeout connecting to the client";

/// Keys that are on their way.
#[derive(Default)]
pub(crate) struct Migrations(Vec<Migration>);

struct Migration {
    client: ClientId,
    db: usize,
    /// The keys that nobody may touch.
    keys: Vec<Vec<u8>>,
    /// The keys stay here, too, and nobody has to wait.
    copies: bool,
    report: Receiver<Report>,
}

impl Migrations {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn is_full(&self) -> bool {
        self.0.len() >= UNDER_WAY_MAX
    }

    /// Keys are on their way that others have to wait for.
    pub(crate) fn bar_anybody(&self) -> bool {
        self.0.iter().any(|migration| !migration.copies)
    }

    /// The key is on its way.
    pub(crate) fn bars(&self, db: usize, key: &[u8]) -> bool {
        let theirs = self.0.iter().filter(|migration| !migration.copies && migration.db == db);
        theirs.flat_map(|migration| &migration.keys).any(|barred| barred == key)
    }
}

impl Engine {
    /// Begins to hand keys over. The client gets its reply when the other server has answered.
    pub(crate) fn migrate(&mut self, client: ClientId, argv: &[&[u8]], request: Request, out: &mut Vec<u8>) {
        let protocol = self.protocol(client);
        if self.is_replica() {
            return Writer::new(out, protocol).error(ON_REPLICA);
        }
        let db = self.clients.get(client).map_or(0, |session| session.db as usize);
        let parcels = self.pack(db, argv.get(request.keys.clone()).unwrap_or_default());
        if parcels.is_empty() {
            return Writer::new(out, protocol).simple(NO_KEY);
        }
        if self.migrations.is_full() {
            return self.wait_for_migrations(client, argv);
        }
        let (copies, keys) = (request.copies, parcels.iter().map(|parcel| parcel.key.clone()).collect());
        let errand = self.errand(request, parcels);
        let (told, report) = channel();
        let waker = self.waker.clone();
        let work = move || {
            // If nobody listens any more, nobody wants to know.
            let _ = told.send(errand.run());
            waker.wake();
        };
        match std::thread::Builder::new().name("bongsu-migrate".to_owned()).spawn(work) {
            Ok(_) => {
                self.migrations.0.push(Migration { client, db, keys, copies, report });
                self.block_for_handover(client, argv);
            }
            Err(_) => Writer::new(out, protocol).error(NOT_CONNECTED),
        }
    }

    /// Those of the keys that are there.
    fn pack(&self, db: usize, keys: &[&[u8]]) -> Vec<Parcel> {
        let mut parcels: Vec<Parcel> = Vec::new();
        for key in keys {
            let Some(found) = self.shard.find(db, key) else { continue };
            let expiry_ms = self.shard.db(db).expiry_ms(found);
            let mut image = Vec::new();
            if expiry_ms.is_none_or(|at| at > self.shard.now_ms) && self.shard.image_of(db, key, &mut image) {
                parcels.push(Parcel { key: key.to_vec(), image, expiry_ms });
            }
        }
        parcels
    }

    fn errand(&self, request: Request, parcels: Vec<Parcel>) -> Errand {
        let target = Target {
            host: request.host,
            // Nobody is ever found at port 0.
            port: std::str::from_utf8(&request.port).ok().and_then(|port| port.parse().ok()).unwrap_or(0),
            timeout: request.timeout,
            source: self.config.words(Directive::BindSourceAddr).parse().ok(),
            tls: self.config.is_on(Directive::TlsCluster).then(|| self.config.tls_client_files()),
        };
        Errand {
            target,
            db: request.db,
            replaces: request.replaces,
            credentials: request.credentials,
            compression: self.config.is_on(Directive::Rdbcompression),
            parcels,
            now_ms: self.shard.now_ms,
            packed: Instant::now(),
        }
    }

    /// Looks whether other servers have answered.
    pub(crate) fn tend_migrations(&mut self) {
        // Nothing may change during a pause, and so nothing may go.
        if self.migrations.is_empty() || self.pause_mode().is_some() {
            return;
        }
        let mut ended = Vec::new();
        self.migrations.0.retain_mut(|migration| {
            let report = match migration.report.try_recv() {
                Ok(report) => report,
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => Report { taken: Vec::new(), trouble: Some(Trouble::Reading) },
            };
            ended.push((migration.client, migration.db, migration.copies, report));
            false
        });
        if ended.is_empty() {
            return;
        }
        for (client, db, copies, report) in ended {
            let reply = if self.is_replica() && !copies {
                Err(ROLE_CHANGED.to_owned())
            } else {
                if !copies {
                    self.remove_handed_over(client, db, &report.taken);
                }
                report.trouble.map_or(Ok(()), |trouble| Err(describe(trouble)))
            };
            self.end_handover(client, reply);
        }
        self.resume_after_migrations();
    }
}

/// The error line.
fn describe(trouble: Trouble) -> String {
    match trouble {
        Trouble::Connecting => NOT_CONNECTED.to_owned(),
        Trouble::Writing => "IOERR error or timeout writing to target instance".to_owned(),
        Trouble::Reading => "IOERR error or timeout reading to target instance".to_owned(),
        Trouble::Refused(words) => format!("ERR Target instance replied with error: {words}"),
    }
}
