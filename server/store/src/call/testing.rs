//! Running commands in tests, as a loop would.

use bongsu_protocol::resp::{Protocol, Writer};

use super::{Call, Caller, Done, Effects};
use crate::commands;
use crate::random::Random;
use crate::shard::Shard;

/// A shard and what its last command did.
pub(crate) struct Bench {
    pub(crate) shard: Shard,
    pub(crate) effects: Effects,
    pub(crate) caller: Caller,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let mut shard = Shard::new(16, Random::new([1, 2, 3, 4]));
        shard.now_ms = 1_700_000_000_000;
        let interest = super::Interest { events: u16::MAX, changed: true, ready: true };
        let effects = Effects { interest, ..Effects::default() };
        let caller = Caller {
            may_wait: true,
            no_touch: false,
            is_master: false,
            is_script: false,
            reads_all_keys: true,
            reply_bytes_max: usize::MAX,
        };
        Self { shard, effects, caller }
    }

    /// Runs a command given as words in quotes or without; the reply as RESP2 writes it, line ends as spaces.
    pub(crate) fn run(&mut self, line: &str) -> String {
        let words = bongsu_protocol::conf::split_words(line.as_bytes()).expect("words");
        let out = self.run_words(words).unwrap_or_else(|| panic!("{line}: too few words, or too many"));
        String::from_utf8_lossy(&out).trim_end().replace("\r\n", " ")
    }

    /// Runs a command, and gives the bytes of the reply; `None` if it does not take so many words.
    pub(crate) fn run_words(&mut self, mut words: Vec<Vec<u8>>) -> Option<Vec<u8>> {
        words[0].make_ascii_lowercase();
        let argv: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        let command = commands::all().find(|c| c.spec.name.as_bytes() == argv[0]).expect("a command");
        self.effects.clear();
        if !command.spec.accepts(argv.len()) {
            return None;
        }
        let mut out = Vec::new();
        let reply = Writer::new(&mut out, Protocol::Resp2);
        let first_hash = argv.get(1).map(|key| self.shard.hasher().hash(key));
        let effects = &mut self.effects;
        let mut call =
            Call { shard: &mut self.shard, db: 0, argv: &argv, first_hash, reply, effects, caller: self.caller };
        match (command.run)(&mut call) {
            Ok(Done::Replied) => {}
            Ok(Done::Wait(_)) => call.reply.simple("(waits)"),
            Ok(Done::CutOff) => {
                out.clear();
                Writer::new(&mut out, Protocol::Resp2).simple("(cut off)");
            }
            Err(fault) => call.reply.error(fault.line().as_bytes()),
        }
        Some(out)
    }

    /// Runs commands one by one and compares replies.
    #[track_caller]
    pub(crate) fn check(&mut self, script: &[(&str, &str)]) {
        for (line, reply) in script {
            assert_eq!(self.run(line), *reply, "{line}");
        }
    }

    /// Names of the events of the last command.
    pub(crate) fn events(&self) -> Vec<&'static str> {
        self.effects.events.iter().map(|event| event.name).collect()
    }

    /// What replicas are told of the last command, as words, if it is not the command as it came.
    pub(crate) fn told(&self) -> Vec<String> {
        let super::Propagation::Instead(commands) = &self.effects.propagation else { return Vec::new() };
        let text = |command: &Vec<Vec<u8>>| {
            command.iter().map(|w| String::from_utf8_lossy(w).into_owned()).collect::<Vec<_>>().join(" ")
        };
        commands.iter().map(text).collect()
    }
}
