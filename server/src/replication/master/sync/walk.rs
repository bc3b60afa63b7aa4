//! Images go on, a little after every turn.

use std::sync::mpsc::TryRecvError;

use bongsu_protocol::session::{ClientId, ClientType};

use super::super::replica::{Part, State};
use super::pace::own_us;
use super::worker::Made;
use super::{Payload, QUEUED_BYTES_MAX};
use crate::config::Directive;
use crate::engine::Engine;

/// What the thread is given in one piece, about.
const PIECE_BYTES: usize = 128 * 1024;

/// What is walked between two looks at the time: some ten microseconds.
const STEP_BYTES: usize = 16 * 1024;

/// What came of looking at a sync.
enum Progress {
    GoesOn,
    Failed(String),
}

impl Engine {
    /// Begins, continues and ends what is due.
    pub(in crate::replication::master) fn tend_syncs(&mut self) {
        self.master.syncs.has_moved = false;
        if self.master.syncs.all.is_empty() && !self.somebody_waits() {
            return;
        }
        self.begin_sync_if_due();
        self.join_late();
        for id in self.master.syncs.all.iter().map(|sync| sync.id).collect::<Vec<_>>() {
            if let Progress::Failed(reason) = self.continue_sync(id) {
                self.log.warning(format_args!("SYNC failed. There is no payload: {reason}"));
                self.receivers(id)
                    .iter()
                    .for_each(|client| self.drop_replica(*client, "replica whose payload cannot be made"));
                self.end_sync(id);
            } else if self.receivers(id).is_empty() {
                self.end_unwanted(id);
            }
        }
    }

    fn somebody_waits(&self) -> bool {
        self.master.replicas.iter().any(|replica| matches!(replica.state, State::Waits { .. }))
    }

    /// Replicas that have not been sent all of it.
    fn receivers(&self, id: u64) -> Vec<ClientId> {
        let receives =
            |replica: &&super::super::Replica| matches!(&replica.state, State::Receives(to) if to.sync == id);
        self.master.replicas.iter().filter(receives).map(|replica| replica.client).collect()
    }

    fn continue_sync(&mut self, id: u64) -> Progress {
        if let Progress::Failed(reason) = self.walk(id) {
            return Progress::Failed(reason);
        }
        let sent = self.master.replicas.iter().filter_map(|replica| match &replica.state {
            State::Receives(transfer) if transfer.sync == id => Some(transfer.sent),
            _ => None,
        });
        let sent = sent.min();
        loop {
            let Some(sync) = self.master.syncs.get_mut(id) else { return Progress::GoesOn };
            if let Some(sent) = sent {
                sync.payload.forget(sent);
            }
            if sync.payload.is_full() {
                break;
            }
            match sync.worker.made() {
                Ok(made) => {
                    if let Some(reason) = self.take_made(id, made) {
                        return Progress::Failed(reason);
                    }
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) if sync.is_complete() => break,
                Err(TryRecvError::Disconnected) => return Progress::Failed("its thread is gone".to_owned()),
            }
        }
        self.end_transfers(id);
        Progress::GoesOn
    }

    /// Writes more of the image, if it is time and the thread has room for it.
    fn walk(&mut self, id: u64) -> Progress {
        let delay_us = self.config.integer(Directive::RdbKeySaveDelay);
        let bytes_max = self.limits.output(ClientType::Replica).hard_bytes;
        let is_wanted = self.stats.commands > self.stats.commands_before_turn;
        let now_us = self.clock.advanced();
        let image_bytes = self.shard.image_bytes();
        let (offset, backlog_bytes) = (self.history.offset, self.config.size(Directive::ReplBacklogSize));
        // As much as is kept for those who come back does not make a replica slow.
        let behind_max = if bytes_max > 0 { bytes_max.max(backlog_bytes) } else { 0 };
        let Some(sync) = self.master.syncs.get_mut(id) else { return Progress::GoesOn };
        sync.worker.set_delay(delay_us);
        if !sync.is_walking {
            return Progress::GoesOn;
        }
        let is_late = sync.pace.is_late(offset.saturating_sub(sync.offset), backlog_bytes, behind_max);
        let step_us = sync.pace.step_us(now_us, is_wanted, is_late, image_bytes);
        self.walk_for(id, step_us);
        let Some(sync) = self.master.syncs.get_mut(id) else { return Progress::GoesOn };
        // What clients change meanwhile is kept as it was, for a thread that may be waiting for a slow replica.
        let kept = self.shard.image_bytes() + sync.worker.queued();
        let of_walk = QUEUED_BYTES_MAX + sync.step_bytes + sync.walked_bytes;
        if bytes_max > 0 && kept > bytes_max.saturating_add(of_walk) {
            return Progress::Failed("more waits to be encoded than client-output-buffer-limit allows".to_owned());
        }
        Progress::GoesOn
    }

    /// Walks for so many microseconds. The thread is given what there is, by whomever it was written.
    fn walk_for(&mut self, id: u64, step_us: u64) {
        let Some(sync) = self.master.syncs.get_mut(id) else { return };
        let (began_us, until_us) = (own_us(), self.clock.now_us + step_us);
        let mut walked_bytes = 0;
        loop {
            sync.has_room = sync.worker.queued() < QUEUED_BYTES_MAX;
            if !sync.has_room {
                break;
            }
            let is_time = self.clock.advanced() < until_us;
            if is_time {
                let before = self.shard.image_bytes();
                sync.is_walking = self.shard.continue_image(STEP_BYTES);
                let bytes = self.shard.image_bytes().saturating_sub(before);
                walked_bytes += bytes;
                sync.walked_bytes += bytes;
            }
            if !sync.is_walking || self.shard.image_bytes() >= PIECE_BYTES {
                let image = self.shard.take_image();
                if !image.is_empty() {
                    sync.step_bytes = std::mem::take(&mut sync.walked_bytes);
                    sync.worker.encode(image);
                }
            }
            if !sync.is_walking {
                sync.worker.finish();
            }
            if !sync.is_walking || !is_time {
                break;
            }
        }
        sync.pace.walked(own_us() - began_us, walked_bytes, self.shard.image_bytes());
    }

    /// Takes over what the thread has done. Gives the reason if it failed.
    fn take_made(&mut self, id: u64, made: Made) -> Option<String> {
        let now_us = self.clock.now_us;
        let sync = self.master.syncs.get_mut(id)?;
        match made {
            Made::Chunk(chunk) => sync.payload.push(chunk),
            Made::Complete(bytes) => {
                match &mut sync.payload {
                    Payload::Window { is_complete, .. } => {
                        *is_complete = true;
                        let count = self.receivers(id).len();
                        self.log.notice(format_args!(
                            "Diskless rdb transfer, done reading from pipe, {count} replicas still up."
                        ));
                    }
                    Payload::File { len } => *len = Some(bytes),
                }
                self.log.notice("Background RDB transfer terminated with success");
                if matches!(self.master.syncs.get(id)?.payload, Payload::File { .. }) {
                    self.begin_transfers(id, bytes);
                }
            }
            Made::Read(client, bytes) => {
                // It may be gone meanwhile.
                if let Some(replica) = self.master.get_mut(client)
                    && let State::Receives(transfer) = &mut replica.state
                {
                    transfer.part = Part { bytes, from: transfer.sent, is_asked: false };
                    transfer.moved_us = now_us;
                }
            }
            Made::Failed(failure) => return Some(failure.to_string()),
        }
        None
    }

    /// The length of the payload is known, so that it can be sent.
    fn begin_transfers(&mut self, id: u64, len: u64) {
        for client in self.receivers(id) {
            self.outbox.send(client, |out| out.extend_from_slice(format!("${len}\r\n").as_bytes()));
            self.ask_for_part(client);
        }
    }

    /// The thread reads the next part of a payload for a replica.
    pub(in crate::replication::master) fn ask_for_part(&mut self, client: ClientId) {
        let Some(replica) = self.master.replicas.iter_mut().find(|replica| replica.client == client) else { return };
        let State::Receives(transfer) = &mut replica.state else { return };
        let Some(sync) = self.master.syncs.all.iter().find(|sync| sync.id == transfer.sync) else { return };
        let Payload::File { len: Some(len) } = sync.payload else { return };
        let is_used_up = transfer.sent >= transfer.part.from + transfer.part.bytes.len() as u64;
        if is_used_up && !transfer.part.is_asked && transfer.sent < len {
            transfer.part = Part { bytes: Vec::new(), from: transfer.sent, is_asked: true };
            sync.worker.read(client, transfer.sent);
        }
    }

    /// Replicas that have been sent all of it are sent the stream, at once or when they are ready.
    fn end_transfers(&mut self, id: u64) {
        let Some((sync, len)) = self.master.syncs.get(id).and_then(|sync| Some((sync, sync.payload_len()?))) else {
            return;
        };
        let (is_marked, now_us) = (matches!(sync.payload, Payload::Window { .. }), self.clock.now_us);
        for replica in &mut self.master.replicas {
            let State::Receives(transfer) = &replica.state else { continue };
            if transfer.sync != id || transfer.sent < len {
                continue;
            }
            replica.heard_us = now_us;
            let name = replica.name();
            if replica.about.only_data {
                replica.state = State::HasData;
                self.log.notice(format_args!(
                    "RDB transfer completed, rdb only replica ({name}) should be disconnected asap"
                ));
            } else if is_marked {
                replica.state = State::Loads;
                self.log.notice(format_args!("Replica {name} has been sent everything, and loads it"));
            } else {
                replica.state = State::Online;
                self.log.notice(format_args!("Synchronization with replica {name} succeeded"));
            }
        }
        self.count_good_replicas();
    }

    /// Nobody is left who would be sent it.
    fn end_unwanted(&mut self, id: u64) {
        let is_cut_short = self.master.syncs.get(id).is_some_and(|sync| !sync.is_complete());
        if is_cut_short {
            self.log.warning("Diskless rdb transfer, last replica dropped, killing fork child.");
        }
        self.end_sync(id);
    }

    /// Nothing of what is on its way will arrive.
    pub(crate) fn abandon_syncs(&mut self) {
        for id in self.master.syncs.all.iter().map(|sync| sync.id).collect::<Vec<_>>() {
            self.end_sync(id);
        }
    }

    fn end_sync(&mut self, id: u64) {
        if self.master.syncs.get(id).is_some_and(|sync| sync.is_walking) {
            self.shard.abandon_image();
        }
        self.master.syncs.all.retain(|sync| sync.id != id);
    }
}
