//! From RDB to the parts of an image.

mod error;
mod key;
mod single;
mod small;
mod source;
mod text;

use std::io::Read;

use super::code::{CHECKSUM_SINCE, opcode};
pub use error::{Error, Fault};
pub(crate) use key::Keys;
pub(crate) use single::read_value;
use source::Source;

/// Version of Redis' line of the format up to which everything that can be kept is read.
pub const VERSION_MAX: u32 = 12;

/// The one version of Valkey's own line that is read.
pub const VERSION_VALKEY: u32 = 80;

/// How to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Elements of small collections are looked through for duplicates (`sanitize-dump-payload`). Whether they are what they should be
    /// otherwise is always checked. Duplicates in large collections are found by whoever puts them together.
    pub distinct: bool,
    /// The checksum is worth the time (`rdbchecksum`).
    pub checksum: bool,
    /// An image is handed out when it has about so many bytes.
    pub batch_bytes: usize,
}

impl Options {
    /// Enough keys for each batch to be worth handing over, and few enough to stay in a near cache.
    pub const BATCH_BYTES: usize = 256 << 10;
}

impl Default for Options {
    fn default() -> Self {
        Self { distinct: false, checksum: true, batch_bytes: Self::BATCH_BYTES }
    }
}

/// What the checksum says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is none, or nobody wanted to know.
    Unknown,
    /// The bytes are those that were written.
    Good,
    /// They are not.
    Bad {
        /// What is written at the end.
        written: u64,
        /// What the bytes come to.
        computed: u64,
    },
}

/// What comes out of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A field about the snapshot itself.
    Aux {
        /// Its name.
        name: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
    },
    /// A database is going to have about so many keys.
    Sizes {
        /// The database.
        db: u32,
        /// Its keys.
        keys: u64,
        /// Those with an expiry.
        expiries: u64,
    },
    /// The code of a library of functions.
    Function(Vec<u8>),
    /// Parts of an image. Collections may go on in the next ones.
    Parts(Vec<u8>),
    /// A key was left out because its collection has no elements.
    EmptyKey {
        /// The database.
        db: u32,
        /// The key.
        key: Vec<u8>,
    },
    /// There is no more.
    End {
        /// What the checksum says.
        checksum: Verdict,
    },
}

/// Reads a snapshot, as much at a time as an event needs.
#[derive(Debug)]
pub struct Decoder<R> {
    source: Source<R>,
    options: Options,
    keys: Keys,
    /// The version of the format, once it is known.
    version: Option<u32>,
    /// An opcode whose event has to wait for the keys before it.
    held: Option<u8>,
    has_ended: bool,
}

impl<R: Read> Decoder<R> {
    /// Of what `read` gives. No other buffer is needed around it.
    pub fn new(read: R, options: Options) -> Self {
        let keys = Keys::new(options.distinct, options.batch_bytes);
        Self { source: Source::new(read), options, keys, version: None, held: None, has_ended: false }
    }

    /// Bytes consumed: where the next event begins, apart from keys that are read ahead.
    pub fn offset(&self) -> u64 {
        self.source.offset()
    }

    /// The version of the format, once the header has been read.
    pub fn version(&self) -> Option<u32> {
        self.version
    }

    /// Takes a batch back, to be filled again.
    pub fn recycle(&mut self, batch: Vec<u8>) {
        self.keys.recycle(batch);
    }

    /// The reader, and what was read from it beyond the end.
    pub fn into_rest(self) -> (R, Vec<u8>) {
        self.source.into_rest()
    }

    /// The next event; nothing behind the end. After an error there is nothing that makes sense.
    pub fn next_event(&mut self) -> Result<Option<Event>, Error> {
        if self.has_ended {
            return Ok(None);
        }
        let event = self.step();
        event
            .map(Some)
            .map_err(|fault| Error::new(self.source.offset(), self.keys.current(), self.keys.current_kind(), fault))
    }

    fn step(&mut self) -> Result<Event, Fault> {
        if self.version.is_none() {
            self.header()?;
        }
        loop {
            if let Some(key) = self.keys.take_empty_key() {
                return Ok(Event::EmptyKey { db: self.keys.db(), key });
            }
            if self.keys.is_full() {
                return Ok(Event::Parts(self.keys.take_batch()));
            }
            if self.keys.is_within() {
                self.keys.element(&mut self.source)?;
                continue;
            }
            let code = match self.held.take() {
                Some(code) => code,
                None => self.source.byte()?,
            };
            if gives_event(code) && self.keys.has_batch() {
                self.held = Some(code);
                return Ok(Event::Parts(self.keys.take_batch()));
            }
            if let Some(event) = self.record(code)? {
                return Ok(event);
            }
        }
    }

    /// Reads what an opcode or a type begins.
    fn record(&mut self, code: u8) -> Result<Option<Event>, Fault> {
        let source = &mut self.source;
        match code {
            opcode::EXPIRY_MS => self.keys.expires_at_ms(i64::from_le_bytes(source.array()?)),
            opcode::EXPIRY_SECONDS => self.keys.expires_at_seconds(i32::from_le_bytes(source.array()?)),
            opcode::IDLE => self.keys.was_idle(text::length(source)?),
            opcode::FREQUENCY => self.keys.has_frequency(source.byte()?),
            opcode::SELECT_DB => self.keys.select(text::length(source)?)?,
            opcode::SLOT_INFO => {
                for _ in 0..3 {
                    text::length(source)?;
                }
            }
            opcode::RESIZE_DB => {
                let (keys, expiries) = (text::length(source)?, text::length(source)?);
                return Ok(Some(Event::Sizes { db: self.keys.db(), keys, expiries }));
            }
            opcode::AUX => {
                let (name, value) = (self.keys.string(source)?, self.keys.string(source)?);
                return Ok(Some(Event::Aux { name, value }));
            }
            opcode::FUNCTION => return Ok(Some(Event::Function(self.keys.string(source)?))),
            opcode::END => return self.end().map(Some),
            kind => self.keys.key(kind, source)?,
        }
        Ok(None)
    }

    fn header(&mut self) -> Result<(), Fault> {
        let magic: [u8; 9] = self.source.array()?;
        let (digits, is_valkey) = match &magic {
            [b'R', b'E', b'D', b'I', b'S', digits @ ..] => (&digits[..], false),
            [b'V', b'A', b'L', b'K', b'E', b'Y', digits @ ..] => (&digits[..], true),
            _ => return Err(Fault::Magic),
        };
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(Fault::Magic);
        }
        let version = digits.iter().fold(0, |version, digit| version * 10 + u32::from(digit - b'0'));
        let is_read = if is_valkey { version == VERSION_VALKEY } else { (1..=VERSION_MAX).contains(&version) };
        if !is_read {
            return Err(Fault::Version(version));
        }
        self.version = Some(version);
        if version < CHECKSUM_SINCE || !self.options.checksum {
            self.source.forget_sum();
        }
        Ok(())
    }

    fn end(&mut self) -> Result<Event, Fault> {
        let computed = self.source.take_sum();
        let mut written = 0;
        if self.version >= Some(CHECKSUM_SINCE) {
            written = u64::from_le_bytes(self.source.array()?);
        }
        let checksum = match computed {
            Some(computed) if written != 0 && written == computed => Verdict::Good,
            Some(computed) if written != 0 => Verdict::Bad { written, computed },
            _ => Verdict::Unknown,
        };
        self.has_ended = true;
        Ok(Event::End { checksum })
    }
}

/// What stands in the way of keys being collected.
fn gives_event(code: u8) -> bool {
    matches!(code, opcode::RESIZE_DB | opcode::AUX | opcode::FUNCTION | opcode::END)
}
