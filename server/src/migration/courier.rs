//! Handing keys over to another server, on a thread of its own: it may take that server long to answer.

use std::time::Instant;

use bongsu_persist::dump;

use super::line::Line;
use crate::commands::PAYLOAD_VERSION;
use crate::engine::push_request;
use crate::net::outgoing::Target;

/// Requests are sent together as long as they have fewer bytes. What is sent and not answered yet must not be so much that both sides
/// wait for each other to read.
const BATCH_BYTES: usize = 64 * 1024;

/// Most requests that are sent together, for the same reason.
const BATCH_KEYS: usize = 256;

/// A key on its way.
pub(super) struct Parcel {
    pub(super) key: Vec<u8>,
    /// Its parts.
    pub(super) image: Vec<u8>,
    /// When its time is over.
    pub(super) expiry_ms: Option<u64>,
}

/// What is to be done.
pub(super) struct Errand {
    pub(super) target: Target,
    pub(super) db: i64,
    pub(super) replaces: bool,
    /// What `AUTH` is given.
    pub(super) credentials: Vec<Vec<u8>>,
    /// `rdbcompression`.
    pub(super) compression: bool,
    pub(super) parcels: Vec<Parcel>,
    /// The time at which the parcels were packed, in milliseconds of the epoch, and the same moment.
    pub(super) now_ms: u64,
    pub(super) packed: Instant,
}

/// Why not everything was handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// There is no connection.
    Connecting,
    /// It broke, or too much time went by.
    Writing,
    /// It broke, or no answer came in time.
    Reading,
    /// The other server does not want to: its words.
    Refused(String),
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Report {
    /// Keys that the other server has.
    pub(super) taken: Vec<Vec<u8>>,
    pub(super) trouble: Option<Trouble>,
}

impl Errand {
    /// Does it.
    pub(super) fn run(mut self) -> Report {
        let mut taken = Vec::new();
        let done = self.hand_over(&mut taken);
        Report { taken, trouble: done.err() }
    }

    fn hand_over(&mut self, taken: &mut Vec<Vec<u8>>) -> Result<(), Trouble> {
        let mut line = Line::open(&self.target).map_err(|_| Trouble::Connecting)?;
        self.introduce(&mut line)?;
        let mut refused = None;
        let mut parcels = std::mem::take(&mut self.parcels).into_iter().peekable();
        while parcels.peek().is_some() {
            let (mut bytes, mut sent) = (Vec::new(), Vec::new());
            while bytes.len() < BATCH_BYTES && sent.len() < BATCH_KEYS {
                let Some(parcel) = parcels.next() else { break };
                // What goes by itself meanwhile is not there any more.
                let Some(ttl_ms) = self.ttl_ms(&parcel) else { continue };
                match self.request(&parcel, ttl_ms, &mut bytes) {
                    Ok(()) => sent.push(parcel.key),
                    Err(error) => refused = refused.or(Some(error)),
                }
            }
            // What the other server said tells more than that it is not there any more.
            line.say(&bytes).map_err(|_| refused.take().unwrap_or(Trouble::Writing))?;
            for key in sent {
                let answer = line.hear().map_err(|_| refused.take().unwrap_or(Trouble::Reading))?;
                match refusal(&answer) {
                    None => taken.push(key),
                    Some(words) => refused = refused.or(Some(Trouble::Refused(words))),
                }
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// Says who is there, and which database is meant. If that is not to the other server's liking, it gets no key.
    fn introduce(&self, line: &mut Line) -> Result<(), Trouble> {
        let mut bytes = Vec::new();
        if !self.credentials.is_empty() {
            let credentials = self.credentials.iter().map(Vec::as_slice);
            push_request(&mut bytes, &std::iter::once(b"AUTH".as_slice()).chain(credentials).collect::<Vec<_>>());
        }
        push_request(&mut bytes, &[b"SELECT", self.db.to_string().as_bytes()]);
        line.say(&bytes).map_err(|_| Trouble::Writing)?;
        let answers = if self.credentials.is_empty() { 1 } else { 2 };
        for _ in 0..answers {
            let answer = line.hear().map_err(|_| Trouble::Reading)?;
            if let Some(words) = refusal(&answer) {
                return Err(Trouble::Refused(words));
            }
        }
        Ok(())
    }

    /// How long the key has to live; 0 is for ever. `None` if its time is over.
    fn ttl_ms(&self, parcel: &Parcel) -> Option<u64> {
        let Some(expiry_ms) = parcel.expiry_ms else { return Some(0) };
        let elapsed_ms = u64::try_from(self.packed.elapsed().as_millis()).unwrap_or(u64::MAX);
        expiry_ms.checked_sub(self.now_ms.saturating_add(elapsed_ms)).map(|ttl| ttl.max(1))
    }

    fn request(&self, parcel: &Parcel, ttl_ms: u64, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let mut payload = Vec::new();
        dump::encode(&parcel.image, self.compression, PAYLOAD_VERSION, &mut payload)
            .map_err(|error| Trouble::Refused(error.to_string()))?;
        let ttl = ttl_ms.to_string();
        let mut argv: Vec<&[u8]> = vec![b"RESTORE", &parcel.key, ttl.as_bytes(), &payload];
        if self.replaces {
            argv.push(b"REPLACE");
        }
        push_request(out, &argv);
        Ok(())
    }
}

/// The words of an answer that is none.
fn refusal(answer: &[u8]) -> Option<String> {
    match answer {
        [b'-', words @ ..] => Some(String::from_utf8_lossy(words).into_owned()),
        [b'+', ..] => None,
        _ => Some(format!("an answer that makes no sense: {}", answer.escape_ascii())),
    }
}
