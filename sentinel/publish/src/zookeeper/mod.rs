//! ZooKeeper 3.4 and later.
//!
//! A client of its own for five requests: what there is as a crate brings a second runtime for asynchronous code and more packages
//! than the rest of this one. Each read begins with `sync`, so that a follower shows what the leader had; a write is one `multi` of
//! `setData` with versions, and `create` where nothing was. All nodes are persistent, so records outlive all sentinels. SASL is
//! not spoken.
//!
//! A version begins at 0 again when a node is deleted and made anew. A write that was decided before somebody did so may
//! succeed after it; whoever reads next sees the older epoch and writes again.

mod errors;
mod jute;
mod request;
mod session;
mod settings;

use errors::Code;
use session::Session;
pub use settings::{ZooKeeperAcl, ZooKeeperSettings, ZooKeeperUser};

use crate::keyvalue::{Change, Entry, KeyValue, Keys, Prefix, Store};
use crate::net::{Dialer, Effect, Endpoint, Failed, Idle, Turns};
use crate::{SettingsError, TargetError, Written};

/// Records in ZooKeeper.
pub type ZooKeeper = KeyValue<ZooKeeperStore>;

/// A client of a ZooKeeper ensemble.
pub struct ZooKeeperStore {
    turns: Turns,
    dialer: Dialer,
    user: Option<ZooKeeperUser>,
    chroot: Option<Prefix>,
    acl: ZooKeeperAcl,
    idle: Idle<Session>,
}

impl ZooKeeper {
    /// Connects to nobody yet.
    ///
    /// # Errors
    /// The settings do not fit together, or the files of TLS cannot be used.
    pub fn new(settings: ZooKeeperSettings) -> Result<Self, SettingsError> {
        settings.check()?;
        let ZooKeeperSettings { endpoints, tls, user, chroot, acl, layout, patience } = settings;
        let dialer = Dialer::new(&endpoints, tls, patience)?;
        let turns = Turns::new(endpoints);
        Ok(Self::over(ZooKeeperStore { turns, dialer, user, chroot, acl, idle: Idle::new() }, layout))
    }
}

impl Store for ZooKeeperStore {
    async fn fetch(&self, keys: &Keys) -> Result<Vec<Option<Entry>>, TargetError> {
        self.with_session(Effect::Read, async |session| self.read(session, keys).await).await
    }

    async fn swap(&self, changes: &[Change]) -> Result<Written, TargetError> {
        self.with_session(Effect::Write, async |session| self.write(session, changes).await).await
    }
}

impl ZooKeeperStore {
    /// Does something in a session with one server after the other.
    async fn with_session<T>(
        &self,
        effect: Effect,
        work: impl AsyncFn(&mut Session) -> Result<T, TargetError>,
    ) -> Result<T, TargetError> {
        let attempt = async |at: usize, endpoint: &Endpoint| {
            if let Some(mut session) = self.take_idle(at).await {
                match self.dialer.within_request(endpoint, work(&mut session)).await {
                    Ok(value) => return Ok(self.keep(at, session, value)),
                    // The server may have ended the session at this moment: a read is worth another one.
                    Err(TargetError::Unreachable { .. }) if effect == Effect::Read => {}
                    Err(error) => return Err(Failed::sent(effect, error)),
                }
            }
            let open = Session::open(&self.dialer, endpoint, self.user.as_ref());
            let mut session = self.dialer.within_connect(endpoint, open).await.map_err(Failed::unsent)?;
            let value = self.dialer.within_request(endpoint, work(&mut session)).await;
            Ok(self.keep(at, session, value.map_err(|error| Failed::sent(effect, error))?))
        };
        self.turns.take(attempt).await
    }

    async fn take_idle(&self, at: usize) -> Option<Session> {
        let mut session = self.idle.take(at)?;
        session.is_usable().await.then_some(session)
    }

    fn keep<T>(&self, at: usize, session: Session, value: T) -> T {
        let idle_max = session.idle_max();
        self.idle.put(at, session, idle_max);
        value
    }

    fn path(&self, key: &str) -> String {
        match &self.chroot {
            Some(chroot) => format!("/{}/{key}", chroot.as_str()),
            None => format!("/{key}"),
        }
    }

    async fn read(&self, session: &mut Session, keys: &Keys) -> Result<Vec<Option<Entry>>, TargetError> {
        let synced = session.ask(request::SYNC, &request::sync(&self.path(keys.record()))).await?;
        synced.map_err(|code| code.typed(session.who()))?;
        let mut entries = Vec::with_capacity(Keys::MAX);
        for key in keys.all() {
            entries.push(get(session, &self.path(key)).await?);
        }
        if let (Some(chroot), true) = (&self.chroot, entries.iter().all(Option::is_none)) {
            let root = format!("/{}", chroot.as_str());
            if get(session, &root).await?.is_none() {
                return Err(missing(session, &root));
            }
        }
        Ok(entries)
    }

    async fn write(&self, session: &mut Session, changes: &[Change]) -> Result<Written, TargetError> {
        let message = request::multi(changes, |key| self.path(key), self.acl);
        let mut has_parents = false;
        loop {
            let failure = match session.ask(request::MULTI, &message).await? {
                Ok(answer) => {
                    let failure = request::multi_failure(&answer, changes.len());
                    failure.map_err(|error| session.nonsense(error))?
                }
                Err(code) => Some((0, code)),
            };
            let Some((at, code)) = failure else { return Ok(Written::Done) };
            let is_fresh = changes.first().is_some_and(|record| record.seen.is_none());
            match code {
                // The first is the record, which only lacks a parent if it is to be created.
                Code::NO_NODE if at == 0 && is_fresh && !has_parents => {
                    self.create_parents(session, changes).await?;
                    has_parents = true;
                }
                Code::NO_NODE | Code::BAD_VERSION | Code::NODE_EXISTS => return Ok(Written::Lost),
                code => return Err(code.typed(session.who())),
            }
        }
    }

    /// Creates what is missing above the record. Whether another does so at the same time does not matter.
    async fn create_parents(&self, session: &mut Session, changes: &[Change]) -> Result<(), TargetError> {
        let record = changes.first().map_or("", |change| change.key.as_str());
        for (at, _) in record.match_indices('/') {
            let path = self.path(&record[..at]);
            match session.ask(request::CREATE, &request::create(&path, &[], self.acl)).await? {
                Ok(_) | Err(Code::NODE_EXISTS) => {}
                Err(Code::NO_NODE) => return Err(missing(session, &path)),
                // Servers look for permission to create before they look whether there is anything to create.
                Err(code) => {
                    if get(session, &path).await?.is_none() {
                        return Err(code.typed(session.who()));
                    }
                }
            }
        }
        Ok(())
    }
}

async fn get(session: &mut Session, path: &str) -> Result<Option<Entry>, TargetError> {
    match session.ask(request::GET_DATA, &request::get_data(path)).await? {
        Ok(answer) => request::data(&answer).map(Some).map_err(|error| session.nonsense(error)),
        Err(Code::NO_NODE) => Ok(None),
        Err(code) => Err(code.typed(session.who())),
    }
}

fn missing(session: &Session, path: &str) -> TargetError {
    let reason = format!("'{}' cannot be created: what is above it does not exist", path.escape_debug());
    TargetError::NotResponsible { who: session.who().to_owned(), reason }
}
