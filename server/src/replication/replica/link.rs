//! The link to the master, from the first attempt to its end.

use std::os::fd::{AsFd as _, AsRawFd as _};

use bongsu_protocol::session::ClientRole;

use super::dial::{Dial, Target};
use super::failure::Failure;
use super::handshake::{Handshake, Introduction, Reaction};
use super::payload::Frame;
use super::sync::FullSync;
use super::{NOBODY, Stage};
use crate::config::Directive;
use crate::engine::{Engine, push_request};
use crate::net::conn::Conn;
use crate::net::poll::Ready;
use crate::replication::{MASTER, ReplicationId};

/// How long after one attempt the next one is made.
const RETRY_US: u64 = 1_000_000;

/// A link that lasted for so long is made again at once. One that breaks as soon as it stands would only keep both sides busy.
const LASTING_US: u64 = 100_000;

/// How often a master is told right after its data came, until it says something: it may have missed the first time.
const TELL_EARLY_EVERY_US: u64 = 100_000;

/// The longest that a master whose data were refused is left alone.
const REFUSED_RETRY_US_MAX: u64 = 60_000_000;

/// How often a master is told that this server is there, and how far.
const TELL_EVERY_US: u64 = 1_000_000;

/// The longest line before the stream; every one that means something is far shorter.
const LINE_BYTES_MAX: usize = 4096;

/// Bytes of the stream that are taken while data are being loaded, or while a pause holds them back. The rest waits on the other side, as it does with others.
const AHEAD_BYTES_MAX: usize = 8 * 1024 * 1024;

impl Engine {
    /// Something has happened on the link.
    pub(crate) fn note_master(&mut self, ready: &Ready) {
        let Some(following) = &mut self.following else { return };
        let Some(conn) = &mut following.conn else { return };
        conn.ended |= ready.ended;
        if matches!(following.stage, Stage::Connecting(_)) {
            conn.unread |= ready.writable || ready.ended;
            return;
        }
        conn.unread |= ready.readable;
        conn.flushing |= ready.writable && conn.is_full();
    }

    /// Something of the master waits to be read or run.
    pub(crate) fn is_master_waiting(&self) -> bool {
        let Some(following) = &self.following else { return false };
        let Some(conn) = &following.conn else { return false };
        conn.unread && self.wants_more_of(conn)
    }

    /// What the master sends can be taken now.
    pub(crate) fn wants_more_of(&self, conn: &Conn) -> bool {
        match self.following.as_ref().map(|following| &following.stage) {
            Some(Stage::Syncing(sync)) => sync.has_room() && (!sync.is_whole() || conn.input.len() < AHEAD_BYTES_MAX),
            Some(Stage::Idle) | None => false,
            Some(Stage::Streaming) if self.pause_mode().is_some() && conn.input.len() >= AHEAD_BYTES_MAX => false,
            // A disk that is behind makes the master wait, whose output is limited, instead of filling the memory here.
            Some(_) => self.aof.as_ref().is_none_or(|aof| !aof.is_overfull()),
        }
    }

    /// Does what is due: to be called every turn.
    pub(crate) fn tend_master(&mut self) {
        self.expire_own_keys();
        self.release_stream();
        if let Err(failure) = self.step() {
            self.lose_master(&failure);
        }
    }

    fn step(&mut self) -> Result<(), Failure> {
        let (now_us, timeout_us) = (self.clock.now_us, self.timeout_us());
        // What a file has to say about the stream is known once it is loaded.
        let has_place = self.loading.is_none() && !self.is_moving_in();
        let Some(following) = &mut self.following else { return Ok(()) };
        let (heard_us, told_us, since_us) = (following.heard_us, following.told_us, following.since_us);
        let is_silent = now_us.saturating_sub(heard_us) > timeout_us;
        let has_begun = following.is_linked() && heard_us <= since_us && now_us - since_us < TELL_EVERY_US;
        let is_told = now_us.saturating_sub(told_us) < if has_begun { TELL_EARLY_EVERY_US } else { TELL_EVERY_US };
        match &mut following.stage {
            Stage::Idle if now_us < following.next_try_us || !has_place => {}
            Stage::Idle => self.dial()?,
            Stage::Connecting(_) if now_us.saturating_sub(since_us) > timeout_us => {
                return Err(Failure::ConnectTimeout);
            }
            Stage::Connecting(_) => self.go_on_dialing()?,
            Stage::Talking(_) if is_silent => return Err(Failure::ConnectTimeout),
            Stage::Talking(_) => {}
            Stage::Syncing(sync) if is_silent && !sync.is_whole() => return Err(Failure::BulkTimeout),
            Stage::Syncing(_) => {
                if !is_told {
                    self.tell_master(b"\n");
                }
                self.go_on_syncing()?;
            }
            Stage::Streaming if is_silent => return Err(Failure::Silent),
            Stage::Streaming if !is_told => self.tell_offset(),
            Stage::Streaming => {}
        }
        self.flush_master()
    }

    /// `repl-timeout`.
    fn timeout_us(&self) -> u64 {
        self.config.size(Directive::ReplTimeout) as u64 * 1_000_000
    }

    fn dial(&mut self) -> Result<(), Failure> {
        let Some(following) = &mut self.following else { return Ok(()) };
        let target = Target {
            host: following.host.clone(),
            port: following.port,
            source: self.config.words(Directive::BindSourceAddr).parse().ok(),
            keepalive: self.limits.keepalive,
            tls: self.config.is_on(Directive::TlsReplication).then(|| self.config.tls_client_files()),
        };
        self.log.notice(format_args!("Connecting to MASTER {}:{}", target.host, target.port));
        following.next_try_us = self.clock.now_us + RETRY_US;
        following.since_us = self.clock.now_us;
        following.stage = Stage::Connecting(Box::new(Dial::begin(target, self.waker.clone())?));
        self.go_on_dialing()
    }

    fn go_on_dialing(&mut self) -> Result<(), Failure> {
        let Some(following) = &mut self.following else { return Ok(()) };
        let Stage::Connecting(dial) = &mut following.stage else { return Ok(()) };
        if let Some(conn) = &mut following.conn {
            if !std::mem::take(&mut conn.unread) {
                return Ok(());
            }
            match conn.stream().take_error().unwrap_or_else(Some) {
                None if !conn.ended => return self.begin_talking(),
                _ if dial.has_more() => following.conn = None,
                error => return Err(error.map_or(Failure::Lost, Failure::Connect)),
            }
        }
        let Some(stream) = dial.attempt()? else { return Ok(()) };
        self.listeners.watch().add_stream(&stream, MASTER).map_err(Failure::Connect)?;
        following.conn = Some(Conn::new(NOBODY, stream));
        Ok(())
    }

    fn begin_talking(&mut self) -> Result<(), Failure> {
        let text = |directive| Some(self.config.text(directive).to_vec()).filter(|text| !text.is_empty());
        let announced = self.config.integer(Directive::ReplicaAnnouncePort);
        let wanted = if self.config.is_on(Directive::TlsReplication) { "tls" } else { "tcp" };
        let port = u16::try_from(announced).ok().filter(|port| *port > 0).unwrap_or_else(|| self.instance.port(wanted));
        let now_us = self.clock.now_us;
        let Some(following) = &mut self.following else { return Ok(()) };
        let has = following.has_history.then(|| (self.history.id.clone(), self.history.offset));
        match &has {
            Some((id, offset)) => {
                let next = offset + 1;
                self.log.notice(format_args!("Trying a partial resynchronization (request {}:{next}).", id.as_str()));
            }
            None => self.log.notice("Nothing is known of any stream: asking for all data"),
        }
        let introduction = Introduction {
            user: text(Directive::Masteruser),
            password: text(Directive::Masterauth),
            port,
            ip: text(Directive::ReplicaAnnounceIp),
            has,
            hands_over: following.hands_over,
            dataset: self.dataset.lineage,
        };
        let (handshake, first) = Handshake::begin(introduction);
        following.stage = Stage::Talking(Box::new(handshake));
        (following.since_us, following.heard_us) = (now_us, now_us);
        self.tell_master(&first);
        self.flush_master()
    }

    /// Takes the next line of the master, or the data in what has arrived. False if there is nothing more to be taken.
    pub(crate) fn converse(&mut self, conn: &mut Conn) -> Result<bool, Failure> {
        let Some(following) = &mut self.following else { return Ok(false) };
        match &mut following.stage {
            Stage::Talking(handshake) => {
                let Some(line) = take_line(&mut conn.input)? else { return Ok(false) };
                let reaction = handshake.hear(&line)?;
                following.dataset = handshake.dataset;
                self.react(conn, reaction)?;
                Ok(true)
            }
            Stage::Syncing(sync) if sync.has_begun() => sync.take(&mut conn.input),
            Stage::Syncing(_) => {
                let Some(line) = take_line(&mut conn.input)? else { return Ok(false) };
                if let Some(frame) = Frame::parse(&line)? {
                    self.begin_taking(frame)?;
                }
                Ok(true)
            }
            Stage::Idle | Stage::Connecting(_) | Stage::Streaming => Ok(false),
        }
    }

    fn react(&mut self, conn: &mut Conn, reaction: Reaction) -> Result<(), Failure> {
        match reaction {
            Reaction::Listen => {}
            Reaction::Say(bytes) => conn.output.extend_from_slice(&bytes),
            Reaction::AskFull(bytes) => {
                self.log.notice("The master knows no PSYNC: asking for all data with SYNC");
                conn.output.extend_from_slice(&bytes);
                self.expect_data(None);
            }
            Reaction::Full(point) => self.expect_data(point),
            Reaction::Continue(renamed) => self.go_on_with_stream(conn, renamed),
        }
        Ok(())
    }

    fn expect_data(&mut self, point: Option<(ReplicationId, u64)>) {
        match &point {
            Some((id, offset)) => {
                self.log.notice(format_args!("Full resync from master: {}:{offset}", id.as_str()));
            }
            None => self.log.notice("Full resync from a master that does not say which stream is its own"),
        }
        if let Some(following) = &mut self.following {
            following.stage = Stage::Syncing(Box::new(FullSync::new(point)));
            following.told_us = self.clock.now_us;
        }
    }

    fn go_on_with_stream(&mut self, conn: &mut Conn, renamed: Option<ReplicationId>) {
        self.log.notice("Successful partial resynchronization with master.");
        if let Some(id) = renamed.filter(|id| *id != self.history.id) {
            self.log.notice(format_args!("Master replication ID changed to {}", id.as_str()));
            self.history.branch(id);
            self.dismiss_replicas();
        }
        let db = self.following.as_ref().map_or(0, |following| following.db);
        self.begin_stream(conn, db);
    }

    /// From now on the master's stream is applied.
    pub(super) fn begin_stream(&mut self, conn: &mut Conn, db: u32) {
        let (addr, laddr) = conn.stream().addresses();
        let now_ms = self.shard.now_ms;
        let session = self.clients.accept(addr, laddr, now_ms, &self.acl);
        session.role = ClientRole::Master;
        session.authenticated = true;
        // Of a database that there is not, no command of the stream could be run.
        let db = if (db as usize) < self.shard.databases() { db } else { 0 };
        session.db = db;
        self.history.note_selected(db);
        session.io.fd = i64::from(conn.stream().as_fd().as_raw_fd());
        conn.client = session.id;
        let Some(following) = &mut self.following else { return };
        following.client = Some(conn.client);
        following.db = db;
        following.stage = Stage::Streaming;
        following.has_history = true;
        following.hands_over = false;
        following.is_chosen = false;
        self.dataset.lineage = following.dataset.or(self.dataset.lineage);
        (following.refusals, following.refused) = (0, None);
        following.down_since_us = None;
        following.since_us = self.clock.now_us;
        following.owes = Some(self.history.offset);
        self.synced_with = Some((following.host.clone(), following.port));
    }

    /// The link is gone. It will be tried again.
    pub(crate) fn lose_master(&mut self, failure: &Failure) {
        self.log.warning(failure);
        let now_us = self.clock.now_us;
        let Some(following) = &mut self.following else { return };
        let has_lasted = now_us.saturating_sub(following.since_us) > LASTING_US;
        let at_once = following.is_linked() && has_lasted && !failure.spoils_stream();
        following.next_try_us = if at_once { now_us } else { now_us + RETRY_US };
        if failure.spoils_stream() {
            following.has_history = false;
        }
        if let Failure::Rejected(rejection) = failure {
            following.refused = Some(*rejection);
            let patience_us = RETRY_US << following.refusals.min(6);
            following.next_try_us = now_us + patience_us.min(REFUSED_RETRY_US_MAX);
            following.refusals += 1;
        }
        let is_declined = following.hands_over && matches!(failure, Failure::Unexpected(_));
        self.hang_up();
        if is_declined {
            self.abort_failover("Failover target rejected psync request");
        }
    }

    /// Appends to what is sent.
    pub(super) fn tell_master(&mut self, bytes: &[u8]) {
        let now_us = self.clock.now_us;
        let Some(following) = &mut self.following else { return };
        following.told_us = now_us;
        if let Some(conn) = &mut following.conn {
            conn.output.extend_from_slice(bytes);
        }
    }

    /// Tells the master how far this server is.
    pub(super) fn tell_offset(&mut self) {
        let bytes = acknowledgement(self.history.offset, self.history.durable());
        self.tell_master(&bytes);
    }

    /// Sends what waits to be sent.
    pub(crate) fn flush_master(&mut self) -> Result<(), Failure> {
        let Some(conn) = self.following.as_mut().and_then(|following| following.conn.as_mut()) else { return Ok(()) };
        let is_due = std::mem::take(&mut conn.flushing) || conn.unsent() > 0 && !conn.is_full();
        if is_due { conn.flush().map_err(|_| Failure::Lost) } else { Ok(()) }
    }

    /// Takes the link out, to read from it. It is to be put back.
    pub(crate) fn take_master(&mut self) -> Option<Conn> {
        let is_waiting = self.is_master_waiting();
        let following = self.following.as_mut().filter(|_| is_waiting)?;
        if matches!(following.stage, Stage::Connecting(_)) { None } else { following.conn.take() }
    }

    /// Puts the link back, or gives it up.
    pub(crate) fn put_back_master(&mut self, mut conn: Conn, heard: Result<(), Failure>) {
        let Some(following) = &mut self.following else { return };
        if let Some(offset) = following.owes.take() {
            conn.output.extend_from_slice(&acknowledgement(offset, self.history.durable()));
            following.told_us = self.clock.now_us;
        }
        following.conn = Some(conn);
        if let Err(failure) = heard.and_then(|()| self.flush_master()) {
            self.lose_master(&failure);
        }
    }

    /// Bytes of the master have arrived.
    pub(crate) fn note_heard(&mut self) {
        if let Some(following) = &mut self.following {
            following.heard_us = self.clock.now_us;
        }
    }
}

/// So many bytes of the stream are applied, and so many are on disk, if anything is.
fn acknowledgement(offset: u64, on_disk: Option<u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (offset, on_disk) = (offset.to_string(), on_disk.map(|on_disk| on_disk.to_string()));
    let mut argv = vec![&b"REPLCONF"[..], b"ACK", offset.as_bytes()];
    if let Some(on_disk) = &on_disk {
        argv.extend([&b"FACK"[..], on_disk.as_bytes()]);
    }
    push_request(&mut bytes, &argv);
    bytes
}

/// Takes a line out of what has arrived, without its end.
fn take_line(input: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
    let Some(end) = input.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n') else {
        return if input.len() < LINE_BYTES_MAX { Ok(None) } else { Err(Failure::EndlessLine) };
    };
    let mut line: Vec<u8> = input.drain(..=end).collect();
    line.pop();
    line.pop_if(|byte| *byte == b'\r');
    Ok(Some(line))
}
