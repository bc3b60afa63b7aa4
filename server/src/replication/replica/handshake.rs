//! What is said to a master before its stream begins.

use std::collections::VecDeque;

use bongsu_protocol::resp::{encode_command, parse_integer};

use super::failure::Failure;
use crate::dataset::{self, Lineage};
use crate::replication::ReplicationId;
use crate::version::REDIS_VERSION;

/// What this server tells of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Introduction {
    /// `masteruser`, if one is given.
    pub(crate) user: Option<Vec<u8>>,
    /// `masterauth`, if one is given.
    pub(crate) password: Option<Vec<u8>>,
    /// Where this server listens.
    pub(crate) port: u16,
    /// `replica-announce-ip`, if one is given.
    pub(crate) ip: Option<Vec<u8>>,
    /// The stream that it has the beginning of, and how many bytes of it.
    pub(crate) has: Option<(ReplicationId, u64)>,
    /// The master is to take over from this server, which it was a replica of.
    pub(crate) hands_over: bool,
    /// Which data it has, if they have a name.
    pub(crate) dataset: Option<Lineage>,
}

/// A conversation that has begun.
#[derive(Debug)]
pub(crate) struct Handshake {
    introduction: Introduction,
    /// What was asked and not answered yet.
    asked: VecDeque<Question>,
    /// Which data the master has, if it says so.
    pub(crate) dataset: Option<Lineage>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Question {
    Ping,
    Auth,
    Setting,
    Dataset,
    Psync,
}

/// What comes of a line of the master.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Reaction {
    /// More lines are to come.
    Listen,
    /// This is to be sent.
    Say(Vec<u8>),
    /// All data comes next, as of this offset of this stream. Masters of old do not say of which.
    Full(Option<(ReplicationId, u64)>),
    /// The same, and it has to be asked for with these bytes.
    AskFull(Vec<u8>),
    /// The stream goes on from where this server is, perhaps under another name.
    Continue(Option<ReplicationId>),
}

impl Handshake {
    /// Begins a conversation: the bytes to be sent first.
    pub(crate) fn begin(introduction: Introduction) -> (Self, Vec<u8>) {
        let asked = VecDeque::from([Question::Ping]);
        (Self { introduction, asked, dataset: None }, request(&[b"PING"]))
    }

    /// Takes a line, without its end.
    pub(crate) fn hear(&mut self, line: &[u8]) -> Result<Reaction, Failure> {
        // While a master prepares an answer it only shows that it is there.
        if line.is_empty() {
            return Ok(Reaction::Listen);
        }
        let is_error = line.first() == Some(&b'-');
        match self.asked.pop_front() {
            Some(Question::Ping) => self.introduce(line).map(Reaction::Say),
            Some(Question::Auth) if is_error => Err(Failure::Auth(shown(line))),
            Some(Question::Auth | Question::Setting) => Ok(self.ask_for_data()),
            Some(Question::Dataset) => {
                self.dataset = dataset::parse_line(line);
                Ok(self.ask_for_data())
            }
            Some(Question::Psync) => self.answer(line),
            None => Err(Failure::Unexpected(shown(line))),
        }
    }

    /// A master that wants a password says so, and is told one next.
    fn introduce(&mut self, line: &[u8]) -> Result<Vec<u8>, Failure> {
        const FINE: [&[u8]; 4] = [b"+", b"-NOAUTH", b"-NOPERM", b"-ERR operation not permitted"];
        if !FINE.iter().any(|start| line.starts_with(start)) {
            return Err(Failure::Ping(shown(line)));
        }
        let mut said = Vec::new();
        let mut ask = |question, argv: &[&[u8]]| {
            said.extend_from_slice(&request(argv));
            self.asked.push_back(question);
        };
        let own = &self.introduction;
        if let Some(password) = &own.password {
            match &own.user {
                Some(user) => ask(Question::Auth, &[b"AUTH", user, password]),
                None => ask(Question::Auth, &[b"AUTH", password]),
            }
        }
        let port = own.port.to_string();
        ask(Question::Setting, &[b"REPLCONF", b"listening-port", port.as_bytes()]);
        if let Some(ip) = &own.ip {
            ask(Question::Setting, &[b"REPLCONF", b"ip-address", ip]);
        }
        ask(Question::Setting, &[b"REPLCONF", b"capa", b"eof", b"capa", b"psync2"]);
        // Those who do not know it answer with an error, and that is all.
        ask(Question::Setting, &[b"REPLCONF", b"version", REDIS_VERSION.as_bytes()]);
        let [id, epoch] = dataset::words(own.dataset);
        ask(Question::Dataset, &[b"REPLCONF", dataset::ID_FIELD_OF_LINK, id.as_bytes(), epoch.as_bytes()]);
        Ok(said)
    }

    /// Once everything else is answered.
    fn ask_for_data(&mut self) -> Reaction {
        if !self.asked.is_empty() {
            return Reaction::Listen;
        }
        self.asked.push_back(Question::Psync);
        let own = &self.introduction;
        Reaction::Say(match &own.has {
            None => request(&[b"PSYNC", b"?", b"-1"]),
            Some((id, offset)) => {
                let next = (offset + 1).to_string();
                let mut argv = vec![&b"PSYNC"[..], id.as_str().as_bytes(), next.as_bytes()];
                if own.hands_over {
                    argv.push(b"FAILOVER");
                }
                request(&argv)
            }
        })
    }

    fn answer(&self, line: &[u8]) -> Result<Reaction, Failure> {
        let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        match words.next() {
            Some(b"+FULLRESYNC") => {
                let id = words.next().and_then(ReplicationId::parse);
                let offset = words.next().and_then(parse_integer).and_then(|n| u64::try_from(n).ok());
                match id.zip(offset) {
                    Some(point) => Ok(Reaction::Full(Some(point))),
                    None => Err(Failure::Unexpected(shown(line))),
                }
            }
            Some(b"+CONTINUE") if self.introduction.has.is_some() => match words.next() {
                None => Ok(Reaction::Continue(None)),
                Some(id) => match ReplicationId::parse(id) {
                    Some(id) => Ok(Reaction::Continue(Some(id))),
                    None => Err(Failure::Unexpected(shown(line))),
                },
            },
            Some(b"-NOMASTERLINK" | b"-LOADING") => Err(Failure::NotYet(shown(line))),
            // It does not know the command, and nobody hands over to such a master.
            _ if line.starts_with(b"-") && !self.introduction.hands_over => Ok(Reaction::AskFull(b"SYNC\r\n".to_vec())),
            _ => Err(Failure::Unexpected(shown(line))),
        }
    }
}

fn request(argv: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_command(&mut bytes, argv);
    bytes
}

/// A line for the log.
pub(crate) fn shown(line: &[u8]) -> String {
    /// Nothing that is worth reading is longer.
    const SHOWN_BYTES: usize = 256;
    String::from_utf8_lossy(&line[..line.len().min(SHOWN_BYTES)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    fn told(reaction: Result<Reaction, Failure>) -> String {
        match reaction.unwrap() {
            Reaction::Say(bytes) => String::from_utf8(bytes).unwrap().replace("\r\n", " "),
            other => format!("{other:?}"),
        }
    }

    /// A conversation up to the question for the stream.
    fn asked(introduction: Introduction, settings: usize) -> (Handshake, String) {
        let (mut handshake, _) = Handshake::begin(introduction);
        handshake.hear(b"+PONG").unwrap();
        for _ in 1..settings {
            assert_eq!(handshake.hear(b"-ERR what?").unwrap(), Reaction::Listen);
        }
        let last = told(handshake.hear(b"+OK"));
        (handshake, last)
    }

    #[test]
    fn a_password_comes_first_and_must_be_right() {
        let own = Introduction {
            user: Some(b"u".to_vec()),
            password: Some(b"p".to_vec()),
            port: 7,
            ip: Some(b"host".to_vec()),
            ..Introduction::default()
        };
        let (mut handshake, first) = Handshake::begin(own);
        assert_eq!(first, b"*1\r\n$4\r\nPING\r\n");
        let settings = told(handshake.hear(b"-NOAUTH Authentication required."));
        assert!(settings.starts_with("*3 $4 AUTH $1 u $1 p *3 $8 REPLCONF $14 listening-port $1 7 "), "{settings}");
        assert!(settings.contains("$10 ip-address $4 host *5 $8 REPLCONF $4 capa $3 eof $4 capa $6 psync2 "));
        assert!(matches!(handshake.hear(b"-WRONGPASS no"), Err(Failure::Auth(_))));
    }

    #[test]
    fn who_has_nothing_asks_for_everything() {
        let (mut handshake, last) = asked(Introduction::default(), 4);
        assert_eq!(last, "*3 $5 PSYNC $1 ? $2 -1 ");
        assert_eq!(handshake.hear(b"").unwrap(), Reaction::Listen);
        let full = handshake.hear(format!("+FULLRESYNC {ID} 12").as_bytes());
        // The empty line was no answer.
        assert_eq!(full.unwrap(), Reaction::Full(ReplicationId::parse(ID.as_bytes()).map(|id| (id, 12))));
    }

    #[test]
    fn who_has_something_asks_for_the_next_byte() {
        let has = ReplicationId::parse(ID.as_bytes()).map(|id| (id, 41));
        let (mut handshake, last) = asked(Introduction { has, hands_over: true, ..Introduction::default() }, 4);
        assert_eq!(last, format!("*4 $5 PSYNC $40 {ID} $2 42 $8 FAILOVER "));
        assert_eq!(handshake.hear(b"+CONTINUE").unwrap(), Reaction::Continue(None));
    }

    #[test]
    fn masters_that_cannot_now_are_asked_again_and_old_ones_otherwise() {
        for line in ["-NOMASTERLINK Can't SYNC", "-LOADING busy"] {
            let (mut handshake, _) = asked(Introduction::default(), 4);
            assert!(matches!(handshake.hear(line.as_bytes()), Err(Failure::NotYet(_))), "{line}");
        }
        let (mut handshake, _) = asked(Introduction::default(), 4);
        assert_eq!(handshake.hear(b"-ERR unknown command").unwrap(), Reaction::AskFull(b"SYNC\r\n".to_vec()));
    }

    #[test]
    fn a_master_may_say_which_data_it_has() {
        let lineage = Lineage { epoch: 7, ..Lineage::random() };
        let own = Introduction { dataset: Some(lineage), ..Introduction::default() };
        let (mut handshake, _) = Handshake::begin(own);
        let settings = told(handshake.hear(b"+PONG"));
        assert!(settings.contains(&format!("x-dataset $32 {} $1 7 ", lineage.id)), "{settings}");
        for _ in 0..3 {
            handshake.hear(b"+OK").unwrap();
        }
        told(handshake.hear(format!("+x-dataset {} 8", lineage.id).as_bytes()));
        assert_eq!(handshake.dataset, Some(Lineage { epoch: 8, ..lineage }));
    }

    #[test]
    fn nonsense_is_refused() {
        for line in ["+FULLRESYNC", "+FULLRESYNC x 1", "+FULLRESYNC ? -1", "+CONTINUE", "+OK", "$5"] {
            let (mut handshake, _) = asked(Introduction::default(), 4);
            assert!(handshake.hear(line.as_bytes()).is_err(), "{line}");
        }
        let (mut handshake, _) = Handshake::begin(Introduction::default());
        assert!(matches!(handshake.hear(b"-MISCONF no"), Err(Failure::Ping(_))));
    }
}
