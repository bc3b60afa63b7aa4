//! What a command did besides replying: what the loop has to tell replicas, the append-only file, watchers and subscribers.

/// A class of keyspace events, as a letter of `notify-keyspace-events`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum EventClass {
    /// `g`: commands of all types.
    Generic = 1 << 0,
    /// `$`: strings.
    String = 1 << 1,
    /// `l`: lists.
    List = 1 << 2,
    /// `s`: sets.
    Set = 1 << 3,
    /// `h`: hashes.
    Hash = 1 << 4,
    /// `z`: sorted sets.
    Zset = 1 << 5,
    /// `x`: keys whose time is over.
    Expired = 1 << 6,
    /// `e`: keys that had to go because memory was short.
    Evicted = 1 << 7,
    /// `t`: streams.
    Stream = 1 << 8,
    /// `m`: look-ups of keys that are not there.
    Miss = 1 << 9,
    /// `n`: new keys.
    New = 1 << 10,
}

/// A keyspace event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyEvent {
    /// The database.
    pub db: usize,
    /// Its class.
    pub class: EventClass,
    /// Its name, such as `lpush`.
    pub name: &'static str,
    /// The key.
    pub key: Vec<u8>,
}

/// What replicas and the append-only file are to be told of a command.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Propagation {
    /// The command as it came, if it changed anything.
    #[default]
    AsItCame,
    /// The command as it came, even if it changed nothing: elsewhere it may.
    Always,
    /// Nothing.
    Nothing,
    /// These commands instead, which have the same effect wherever and whenever they run.
    Instead(Vec<Vec<Vec<u8>>>),
}

/// What the loop wants to know. Nothing else is gathered, because most of the time nobody wants to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Interest {
    /// Classes of events to gather: bits of [`EventClass`].
    pub events: u16,
    /// Gather the names of changed keys.
    pub changed: bool,
    /// Gather the names of keys that somebody may be waiting for.
    pub ready: bool,
}

/// Gathered while a command runs; emptied and used again for the next.
#[derive(Debug, Default)]
pub struct Effects {
    /// What to gather.
    pub interest: Interest,
    /// Changes, as `rdb_changes_since_last_save` counts them. Zero: the command changed nothing, and is not propagated.
    pub dirty: u64,
    /// What to tell replicas.
    pub propagation: Propagation,
    /// Keys that went by themselves, with their databases: their time was over, or memory was short. Replicas are told of each before
    /// the command itself.
    pub expired: Vec<(usize, Vec<u8>)>,
    /// Events, in order.
    pub events: Vec<KeyEvent>,
    /// Keys that changed, for watchers and for clients that cache.
    pub changed: Vec<(usize, Vec<u8>)>,
    /// Lists, sorted sets and streams that may have something for those who wait.
    pub ready: Vec<(usize, Vec<u8>)>,
    /// Databases that were emptied.
    pub flushed: Vec<usize>,
    /// Databases whose keys have all become others.
    pub swapped: Vec<usize>,
}

impl Effects {
    /// Forgets the last command.
    pub fn clear(&mut self) {
        self.dirty = 0;
        if self.propagation != Propagation::AsItCame {
            self.propagation = Propagation::AsItCame;
        }
        self.expired.clear();
        self.events.clear();
        self.changed.clear();
        self.ready.clear();
        self.flushed.clear();
        self.swapped.clear();
    }

    /// Publishes an event, if anybody listens.
    #[inline]
    pub fn event(&mut self, class: EventClass, name: &'static str, db: usize, key: &[u8]) {
        if self.interest.events & class as u16 != 0 {
            self.events.push(KeyEvent { db, class, name, key: key.to_vec() });
        }
    }

    /// A key changed.
    #[inline]
    pub fn change(&mut self, db: usize, key: &[u8]) {
        if self.interest.changed {
            self.changed.push((db, key.to_vec()));
        }
    }

    /// A key may have something for those who wait.
    #[inline]
    pub fn ready(&mut self, db: usize, key: &[u8]) {
        if self.interest.ready {
            self.ready.push((db, key.to_vec()));
        }
    }

    /// Replicas are told this instead of the command, if it changed anything.
    pub fn instead(&mut self, command: Vec<Vec<u8>>) {
        match &mut self.propagation {
            Propagation::Instead(commands) => commands.push(command),
            other => *other = Propagation::Instead(vec![command]),
        }
    }

    /// Replicas are told that the key is gone, whose value is freed by somebody who has time if `lazily`.
    pub fn gone_instead(&mut self, key: &[u8], lazily: bool) {
        let name: &[u8] = if lazily { b"UNLINK" } else { b"DEL" };
        self.instead(vec![name.to_vec(), key.to_vec()]);
    }
}
