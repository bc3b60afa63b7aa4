//! A keyspace and its replica, and what must be true of them after each command.

use std::collections::BTreeSet;

use bongsu_protocol::command::CommandFlags;
use bongsu_protocol::resp::{Protocol, ReplyDecoder, ReplyLimits, Writer};
use bongsu_store::call::{Call, Caller, Done, Effects, Interest, Propagation};
use bongsu_store::commands::{self, DataCommand};
use bongsu_store::eviction::Policy;
use bongsu_store::maintenance::Sweep;
use bongsu_store::random::Random;
use bongsu_store::shard::Shard;

use super::choices::Choices;
use super::view::{self, Name, View};
use super::words;

/// Databases that commands run in; one more is only reached by `MOVE`, `COPY` and `SWAPDB`.
const DATABASES: usize = 3;

/// Longest string, so that no run takes much memory.
const STRING_BYTES_MAX: usize = 32 * 1024;

/// Elements that are asked for again and again fill replies up to so many bytes.
const REPLY_BYTES_MAX: usize = 4096;

/// Strings that are compared element by element with one another are not longer.
const COMPARED_BYTES_MAX: usize = 1000;

/// What a command gave.
struct Ran {
    reply: Vec<u8>,
    ended: Ended,
}

#[derive(PartialEq, Eq, Debug)]
enum Ended {
    Replied,
    Waits,
    CutOff,
    Failed,
}

/// A keyspace, its replica, and what happened to them.
pub(crate) struct World {
    primary: Shard,
    replica: Shard,
    effects: Effects,
    before: View,
    sweep: Sweep,
    history: Vec<String>,
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.history.iter().for_each(|line| eprintln!("{line}"));
        }
    }
}

fn shard(seed: u64) -> Shard {
    let mut shard = Shard::new(DATABASES + 1, Random::new([seed, 2, 3, 4]));
    shard.now_ms = 1_700_000_000_000;
    shard.settings.string_max_bytes = STRING_BYTES_MAX;
    shard
}

fn run(shard: &mut Shard, effects: &mut Effects, db: usize, argv: &[&[u8]], caller: Caller, protocol: Protocol) -> Ran {
    let name = argv[0].to_ascii_lowercase();
    let command = commands::all().find(|command| command.spec.name.as_bytes() == name).expect("a command of the table");
    assert!(command.spec.accepts(argv.len()), "arity");
    effects.clear();
    let mut out = Vec::new();
    let reply = Writer::new(&mut out, protocol);
    let first_hash = argv.get(1).map(|key| shard.hasher().hash(key));
    let result = (command.run)(&mut Call { shard, db, argv, first_hash, reply, effects, caller });
    let ended = match result {
        Ok(Done::Replied) => Ended::Replied,
        Ok(Done::Wait(wait)) => {
            assert!(!wait.keys.is_empty());
            Ended::Waits
        }
        Ok(Done::CutOff) => Ended::CutOff,
        Err(fault) => {
            assert!(out.is_empty(), "a command that fails has replied");
            Writer::new(&mut out, protocol).error(fault.line().as_bytes());
            Ended::Failed
        }
    };
    Ran { reply: out, ended }
}

impl World {
    /// Without keys.
    pub(crate) fn new() -> Self {
        let (primary, mut replica) = (shard(1), shard(9));
        replica.may_expire = false;
        let interest = Interest { events: u16::MAX, changed: true, ready: true };
        let effects = Effects { interest, ..Effects::default() };
        Self { primary, replica, effects, before: View::new(), sweep: Sweep::default(), history: Vec::new() }
    }

    /// Something happens.
    ///
    /// # Panics
    /// If something is not as it must be.
    pub(crate) fn step(&mut self, choices: &mut Choices<'_>) {
        match choices.below(24) {
            20 => {
                let ms = choices.of(&[1, 100, 1000, 10_000, 1_000_000]);
                self.primary.now_ms += ms;
                self.replica.now_ms += ms;
                self.history.push(format!("({ms} ms pass)"));
            }
            21 => self.expire_some(),
            22 => self.change_settings(choices),
            23 => self.evict(),
            _ => self.command(choices),
        }
    }

    /// What is counted as it goes is what is there.
    ///
    /// # Panics
    /// If it is not.
    pub(crate) fn audit(&self) {
        assert_eq!(self.primary.audit(), None);
        assert_eq!(self.replica.audit(), None);
    }

    fn expire_some(&mut self) {
        self.effects.clear();
        self.primary.expire_some(&mut self.sweep, &mut self.effects);
        self.history.push("(keys expire)".to_owned());
        self.maintained();
    }

    fn evict(&mut self) {
        self.effects.clear();
        let (policy, expiring) = (self.primary.settings.policy, self.before.values().any(|value| value.0.is_some()));
        let may_evict = if policy.is_volatile() { expiring } else { !self.before.is_empty() };
        if policy == Policy::NoEviction {
            return;
        }
        self.history.push(format!("(a key goes by {policy:?})"));
        assert_eq!(self.primary.evict(&mut self.effects), may_evict);
        self.maintained();
    }

    /// Keys went by themselves, and nothing else happened.
    fn maintained(&mut self) {
        let gone: BTreeSet<Name> = self.effects.expired.iter().cloned().collect();
        let now = view::of(&self.primary);
        assert_eq!(view::differing(&self.before, &now), gone);
        self.replicate(0, None);
        self.before = now;
    }

    fn change_settings(&mut self, choices: &mut Choices<'_>) {
        let settings = &mut self.primary.settings;
        let entries = choices.of(&[128, 0, 1, 3, 512]);
        let value = choices.of(&[64, 0, 1, 5]);
        settings.list_max_listpack_size = choices.of(&[-2, 1, 3, -1, -5]);
        settings.hash_max_listpack_entries = entries;
        settings.hash_max_listpack_value = value;
        settings.set_max_intset_entries = choices.of(&[512, 0, 2]);
        settings.set_max_listpack_entries = entries;
        settings.set_max_listpack_value = value;
        settings.zset_max_listpack_entries = entries;
        settings.zset_max_listpack_value = value;
        settings.hll_sparse_max_bytes = choices.of(&[3000, 0, 30, 16000]);
        settings.policy = choices.of(&[
            Policy::NoEviction,
            Policy::AllKeysLru,
            Policy::AllKeysLfu,
            Policy::AllKeysRandom,
            Policy::VolatileLru,
            Policy::VolatileLfu,
            Policy::VolatileRandom,
            Policy::VolatileTtl,
        ]);
        // The encoding of these is part of the string.
        self.replica.settings.hll_sparse_max_bytes = settings.hll_sparse_max_bytes;
        self.history.push(format!("({settings:?})"));
        drop(self.primary.take_garbage());
    }

    fn command(&mut self, choices: &mut Choices<'_>) {
        let (command, words) = words::request(choices, self.primary.now_ms);
        let argv: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        if self.takes_too_long(&argv) {
            return;
        }
        let caller = Caller {
            may_wait: choices.below(2) == 0,
            no_touch: choices.once_in(8),
            is_master: false,
            is_script: choices.once_in(8),
            reads_all_keys: !choices.once_in(8),
            reply_bytes_max: REPLY_BYTES_MAX,
        };
        let protocol = choices.of(&[Protocol::Resp2, Protocol::Resp3]);
        let db = if choices.once_in(4) { choices.below(DATABASES) } else { 0 };
        let shown: Vec<String> = argv.iter().map(|word| word.escape_ascii().to_string()).collect();
        self.history.push(format!("{db}: {shown:?}"));
        let ran = run(&mut self.primary, &mut self.effects, db, &argv, caller, protocol);
        check_reply(&ran);
        let now = view::of(&self.primary);
        self.check_effects(command, &ran.ended, &now);
        self.replicate(db, Some(&argv));
        let on_replica = view::of(&self.replica);
        if let Some(name) = view::differing(&now, &on_replica).first() {
            panic!("{name:?} is {:?}, and on the replica {:?}", now.get(name), on_replica.get(name));
        }
        self.before = now;
    }

    fn takes_too_long(&self, argv: &[&[u8]]) -> bool {
        let is_long = |key: &&[u8]| {
            let value = self.before.get(&(0, key.to_vec()));
            value
                .is_some_and(|value| matches!(&value.1, view::Content::String(text) if text.len() > COMPARED_BYTES_MAX))
        };
        argv[0] == b"lcs" && argv.iter().any(is_long)
    }

    /// What a command changed is what it says that it changed.
    fn check_effects(&self, command: &DataCommand, ended: &Ended, now: &View) {
        let effects = &self.effects;
        let gone: BTreeSet<Name> = effects.expired.iter().cloned().collect();
        let differing: BTreeSet<Name> = view::differing(&self.before, now).difference(&gone).cloned().collect();
        let changes = !differing.is_empty();
        let only_reads = command.spec.flags.contains(CommandFlags::READONLY)
            && !command.spec.flags.contains(CommandFlags::MAY_REPLICATE);
        if only_reads || *ended != Ended::Replied {
            assert_eq!(differing, BTreeSet::new(), "something changed");
            assert_eq!(effects.dirty, 0, "a change is counted");
            assert!(effects.ready.is_empty() && effects.flushed.is_empty() && effects.swapped.is_empty());
        }
        assert!(effects.dirty > 0 || !changes, "a change is not counted: {differing:?}");
        let told: BTreeSet<Name> = effects.changed.iter().cloned().collect();
        let replaced: BTreeSet<usize> = effects.flushed.iter().chain(&effects.swapped).copied().collect();
        let untold: Vec<&Name> =
            differing.iter().filter(|name| !told.contains(*name) && !replaced.contains(&name.0)).collect();
        assert!(untold.is_empty(), "watchers are not told of {untold:?}");
    }

    /// The replica is told of what happened.
    fn replicate(&mut self, db: usize, argv: Option<&[&[u8]]>) {
        let mut commands: Vec<(usize, Vec<Vec<u8>>)> = Vec::new();
        for (db, key) in &self.effects.expired {
            commands.push((*db, vec![b"DEL".to_vec(), key.clone()]));
        }
        match &self.effects.propagation {
            _ if self.effects.dirty == 0 => {}
            Propagation::Nothing => {}
            Propagation::AsItCame | Propagation::Always => {
                commands.extend(argv.map(|argv| (db, argv.iter().map(|word| word.to_vec()).collect())));
            }
            Propagation::Instead(instead) => commands.extend(instead.iter().map(|command| (db, command.clone()))),
        }
        let caller = Caller {
            may_wait: false,
            no_touch: false,
            is_master: true,
            is_script: false,
            reads_all_keys: true,
            reply_bytes_max: usize::MAX,
        };
        let mut effects = Effects::default();
        for (db, command) in commands {
            let argv: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
            let ran = run(&mut self.replica, &mut effects, db, &argv, caller, Protocol::Resp2);
            assert_eq!(
                ran.ended,
                Ended::Replied,
                "the replica cannot run {:?}",
                command.concat().escape_ascii().to_string()
            );
        }
    }
}

/// A reply is one reply; who waits has none yet, and one that is cut off is none.
fn check_reply(ran: &Ran) {
    if ran.ended == Ended::CutOff {
        assert!(ran.reply.len() > REPLY_BYTES_MAX);
        return;
    }
    if ran.ended == Ended::Waits {
        assert!(ran.reply.is_empty(), "something is written");
        return;
    }
    let decoded = ReplyDecoder::new(ReplyLimits::default()).decode(&ran.reply).expect("a reply");
    let used = decoded.map(|(_, used)| used);
    assert_eq!(used, Some(ran.reply.len()), "{}", ran.reply.escape_ascii());
}
