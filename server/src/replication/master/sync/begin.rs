//! An image begins for replicas that wait.

use std::collections::VecDeque;
use std::io;

use bongsu_persist::rdb::encode::{Encoder, Version};
use bongsu_protocol::session::ClientId;

use super::super::replica::{Introduction, Part, Replica, State, Transfer};
use super::pace::Pace;
use super::worker::{Plan, Target, Worker};
use super::{Payload, Sync};
use crate::config::Directive;
use crate::engine::Engine;
use crate::entropy;
use crate::persistence::sizes_of;

/// Length of what is at the end of a payload whose length is not told.
const MARK_LEN: usize = 40;

/// The first version that reads RDB version 11.
const READS_V11: [u32; 3] = [7, 2, 0];

/// Replicas that are sent the same payload.
struct Group {
    clients: Vec<ClientId>,
    version: Version,
    without_keys: bool,
    /// The end of the payload is marked; otherwise its length is told before it.
    is_marked: bool,
}

impl Engine {
    /// Begins an image if replicas wait for one that will not be joined by others, and none is under way.
    pub(super) fn begin_sync_if_due(&mut self) {
        if self.has_image() || self.is_incomplete() {
            return;
        }
        let Some(group) = self.next_group() else { return };
        if let Err(error) = self.begin_sync(&group) {
            self.log.warning(format_args!("BGSAVE for replication failed: {error}"));
            group.clients.iter().for_each(|client| self.drop_replica(*client, "replica for which there is no payload"));
        }
    }

    /// Who is sent the next image, if that is due.
    fn next_group(&self) -> Option<Group> {
        let waits = |replica: &&Replica| matches!(replica.state, State::Waits { .. });
        let first = self.master.replicas.iter().find(waits)?;
        let without_keys = first.about.without_keys;
        let all: Vec<&Replica> = self.master.replicas.iter().filter(waits).collect();
        let all: Vec<&Replica> = all.into_iter().filter(|one| one.about.without_keys == without_keys).collect();
        let is_marked =
            self.config.is_on(Directive::ReplDisklessSync) && all.iter().all(|replica| replica.about.takes_eof);
        if is_marked {
            let delay_us = self.config.size(Directive::ReplDisklessSyncDelay) as u64 * 1_000_000;
            let count_max = self.config.size(Directive::ReplDisklessSyncMaxReplicas);
            let waited_us = all.iter().filter_map(|replica| match replica.state {
                State::Waits { since_us } => Some(self.clock.now_us - since_us),
                _ => None,
            });
            let is_full = count_max > 0 && all.len() >= count_max;
            if !is_full && waited_us.max().is_none_or(|waited_us| waited_us < delay_us) {
                return None;
            }
        }
        let version = all.iter().map(|replica| version_for(&replica.about)).min().unwrap_or_default();
        Some(Group { clients: all.iter().map(|replica| replica.client).collect(), version, without_keys, is_marked })
    }

    fn begin_sync(&mut self, group: &Group) -> io::Result<()> {
        let mut mark = None;
        let target = if group.is_marked {
            let letters = new_mark();
            mark = Some(letters.clone());
            Target::Loop(letters.into_bytes())
        } else {
            Target::File(self.config.dir().to_owned())
        };
        let images = if group.without_keys {
            Vec::new()
        } else {
            self.shard.begin_image().map_err(|error| io::Error::other(error.to_string()))?
        };
        // What comes after the image says itself which database it is for. The stream of a replica is not its own to say so in.
        if !self.is_replica() {
            self.history.select_anew();
        }
        let encoder = Encoder::new(self.rdb_format(group.version), sizes_of(&images));
        let plan = Plan { encoder, fields: self.rdb_aux(false), target };
        let worker = Worker::start(plan, self.waker.clone());
        let worker = worker.inspect_err(|_| {
            if !group.without_keys {
                self.shard.abandon_image();
            }
        })?;
        self.master.syncs.last_id += 1;
        let payload = match mark {
            Some(_) => Payload::Window { from: 0, chunks: VecDeque::new(), len: 0, is_complete: false },
            None => Payload::File { len: None },
        };
        let sync = Sync {
            id: self.master.syncs.last_id,
            offset: self.history.offset,
            version: group.version,
            without_keys: group.without_keys,
            worker,
            is_walking: !group.without_keys,
            has_room: true,
            pace: Pace::new(self.clock.now_us, self.used_bytes()),
            walked_bytes: 0,
            step_bytes: 0,
            payload,
        };
        if group.without_keys {
            sync.worker.finish();
        }
        let (id, offset) = (sync.id, sync.offset);
        self.master.syncs.all.push(sync);
        let target = if mark.is_some() { "replicas sockets" } else { "disk" };
        self.log.notice(format_args!("Starting BGSAVE for SYNC with target: {target}"));
        for client in &group.clients {
            self.join_sync(*client, id, offset);
            if let Some(mark) = &mark {
                self.outbox.send(*client, |out| out.extend_from_slice(format!("$EOF:{mark}\r\n").as_bytes()));
            }
        }
        Ok(())
    }

    /// Replicas that came late are sent what goes to a file, too, if all that comes after it is there.
    pub(super) fn join_late(&mut self) {
        let joinable: Vec<(u64, u64, Version, bool)> = (self.master.syncs.all.iter())
            .filter(|sync| matches!(sync.payload, Payload::File { len: None }))
            .map(|sync| (sync.id, sync.offset, sync.version, sync.without_keys))
            .collect();
        for (id, offset, version, without_keys) in joinable {
            let suits = |replica: &&Replica| {
                matches!(replica.state, State::Waits { .. })
                    && replica.about.without_keys == without_keys
                    && version_for(&replica.about) >= version
            };
            let is_there = self.history.backlog.as_ref().is_some_and(|backlog| backlog.holds(offset + 1));
            let late: Vec<ClientId> = self.master.replicas.iter().filter(suits).map(|replica| replica.client).collect();
            for client in late.into_iter().filter(|_| is_there) {
                self.join_sync(client, id, offset);
            }
        }
    }

    fn join_sync(&mut self, client: ClientId, id: u64, offset: u64) {
        let now_us = self.clock.now_us;
        let Some(replica) = self.master.get_mut(client) else { return };
        replica.state = State::Receives(Transfer { sync: id, sent: 0, part: Part::default(), moved_us: now_us });
        replica.next = offset + 1;
        if !replica.about.is_old {
            let line = format!("+FULLRESYNC {} {offset}\r\n", self.history.id.as_str());
            self.outbox.send(client, |out| out.extend_from_slice(line.as_bytes()));
        }
    }
}

/// What a replica reads. Those that do not tell their version may be old.
fn version_for(about: &Introduction) -> Version {
    match about.version {
        Some(version) if version >= READS_V11 => Version::V11,
        _ => Version::V10,
    }
}

/// What will not occur in a payload: nobody can guess it.
fn new_mark() -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut bytes = [0; MARK_LEN];
    entropy::fill(&mut bytes);
    bytes.iter().map(|byte| char::from(DIGITS[usize::from(byte % 16)])).collect()
}
