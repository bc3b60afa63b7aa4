//! Reading a master's data into databases that nobody sees yet.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

use bongsu_persist::rdb::decode::{Decoder, Error, Event, Options, Verdict};
use bongsu_store::image::{Admission, AdmissionOptions, Malformed, NotAdmitted, Part, Reader};
use bongsu_store::shard::Shard;

use crate::key_delay::KeyDelay;

/// Why the data of a master cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Format(#[from] Error),
    #[error("the checksum is {computed:016x} and should be {written:016x}")]
    Checksum { written: u64, computed: u64 },
    #[error("a key cannot be kept: {0}")]
    Key(#[from] NotAdmitted),
    #[error("{0}")]
    Image(#[from] Malformed),
    #[error("the snapshot does not end")]
    NoEnd,
    #[error("nobody wants them any more")]
    Unwanted,
}

/// What the loop tells a thread that reads.
#[derive(Default, Debug)]
pub(super) struct Orders {
    /// Nobody wants the data any more.
    is_stopped: AtomicBool,
    /// `key-load-delay`.
    delay: KeyDelay,
}

impl Orders {
    /// The thread is to end.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Another delay for each key.
    pub(super) fn set_delay(&self, delay_us: i64) {
        self.delay.set(delay_us);
    }

    /// Goes on to the next keys, so many, unless the thread is to end.
    fn pass(&self, keys: u64) -> Result<(), LoadError> {
        let is_stopped = || self.is_stopped.load(Ordering::Relaxed);
        if self.delay.pass(keys, is_stopped) { Ok(()) } else { Err(LoadError::Unwanted) }
    }
}

/// How data are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trust {
    /// Elements of small collections are looked through for duplicates (`sanitize-dump-payload`).
    pub(super) is_little: bool,
    /// A checksum that is there must be right (`rdbchecksum`).
    pub(super) checks_sum: bool,
}

impl Trust {
    fn options(self) -> Options {
        Options { distinct: self.is_little, checksum: self.checks_sum, ..Options::default() }
    }
}

/// What was read.
enum Taken<'a> {
    /// A database is going to have so many keys.
    Sizes(u32, u64),
    /// Some parts of an image.
    Parts(&'a [Part<'a>]),
}

fn keys_in(parts: &[Part<'_>]) -> u64 {
    parts.iter().filter(|part| matches!(part, Part::Head(_))).count() as u64
}

/// What the field of a snapshot is called that names the database which the stream behind it goes on in.
const STREAM_DB: &[u8] = b"repl-stream-db";

/// Reads everything into the databases. Gives the database that the stream behind it goes on in: a master that is a replica itself
/// passes on what its own master says, which does not name it again. If reading fails, what the databases hold means nothing.
pub(super) fn load(source: impl Read, trust: Trust, orders: &Orders, into: &mut Shard) -> Result<u32, LoadError> {
    // When keys go is for the master to say, even if their time is over.
    let options = AdmissionOptions { keeps_expired: true, ..AdmissionOptions::default() };
    let mut admission = Admission::new(options);
    read(source, trust, |taken| match taken {
        Taken::Sizes(db, keys) if (db as usize) < into.databases() => {
            into.db_mut(db as usize).expect(keys);
            Ok(())
        }
        Taken::Sizes(..) => Ok(()),
        Taken::Parts(parts) => {
            orders.pass(keys_in(parts))?;
            into.announce(parts);
            Ok(parts.iter().try_for_each(|part| into.admit(part, &mut admission))?)
        }
    })
}

/// Reads everything for these databases and keeps nothing: the number of keys. What they would refuse is an error here already, as far
/// as it can be told without the keys before.
pub(super) fn verify(source: impl Read, trust: Trust, orders: &Orders, target: &Shard) -> Result<u64, LoadError> {
    let mut keys = 0;
    read(source, trust, |taken| {
        if let Taken::Parts(parts) = taken {
            keys += keys_in(parts);
            parts.iter().try_for_each(|part| target.inspect(part))?;
        }
        orders.pass(0)
    })?;
    Ok(keys)
}

fn read(
    source: impl Read,
    trust: Trust,
    mut take: impl FnMut(Taken<'_>) -> Result<(), LoadError>,
) -> Result<u32, LoadError> {
    let mut decoder = Decoder::new(source, trust.options());
    let mut db = 0;
    loop {
        match decoder.next_event()? {
            Some(Event::Parts(parts)) => {
                let (mut reader, mut few) = (Reader::new(&parts), Vec::new());
                while reader.next_few(&mut few)? {
                    take(Taken::Parts(&few))?;
                }
                decoder.recycle(parts);
            }
            Some(Event::End { checksum: Verdict::Bad { written, computed }, .. }) => {
                return Err(LoadError::Checksum { written, computed });
            }
            Some(Event::End { .. }) => return Ok(db),
            Some(Event::Aux { name, value }) if name == STREAM_DB => {
                // None is told as -1; the stream names it then.
                db = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
            }
            Some(Event::Sizes { db, keys, .. }) => take(Taken::Sizes(db, keys))?,
            // There are no functions here, and nothing else says anything that matters.
            Some(Event::Aux { .. } | Event::Function(_) | Event::EmptyKey { .. }) => {}
            None => return Err(LoadError::NoEnd),
        }
    }
}

#[cfg(test)]
mod tests {
    use bongsu_store::random::Random;

    use super::*;

    /// A snapshot of one key, without a checksum.
    const ONE_KEY: &[u8] = b"REDIS0010\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0";

    #[test]
    fn who_is_not_wanted_any_more_reads_no_further_key() {
        let (trust, orders) = (Trust { is_little: true, checks_sum: true }, Orders::default());
        let mut shard = Shard::new(1, Random::new([1, 2, 3, 4]));
        assert_eq!(verify(ONE_KEY, trust, &orders, &shard).unwrap(), 1);
        assert_eq!(load(ONE_KEY, trust, &orders, &mut shard).unwrap(), 0);
        assert_eq!(shard.db(0).len(), 1);
        orders.stop();
        assert!(matches!(verify(ONE_KEY, trust, &orders, &shard), Err(LoadError::Unwanted)));
        let mut shard = shard.empty_like();
        assert!(matches!(load(ONE_KEY, trust, &orders, &mut shard), Err(LoadError::Unwanted)));
        assert_eq!(shard.db(0).len(), 0);
    }

    #[test]
    fn what_would_be_refused_is_no_data() {
        let (trust, orders) = (Trust { is_little: false, checks_sum: true }, Orders::default());
        let shard = Shard::new(2, Random::new([1, 2, 3, 4]));
        let of = |db: u8, key: &[u8]| [b"REDIS0010\xfe", &[db][..], key, b"\xff\0\0\0\0\0\0\0\0"].concat();
        let check = |bytes: &[u8]| verify(bytes, trust, &orders, &shard).map_err(|error| error.to_string());
        assert_eq!(check(&of(1, b"\x00\x01k\x01v")), Ok(1));
        assert_eq!(check(&of(2, b"\x00\x01k\x01v")).unwrap_err(), "a key cannot be kept: there is no database 2");
        // A small hash with the same field twice.
        let twice = b"\x10\x01k\x11\x11\0\0\0\x04\0\x81f\x02\x01\x01\x81f\x02\x02\x01\xff";
        assert_eq!(check(&of(0, twice)).unwrap_err(), "a key cannot be kept: an element that is there twice");
    }
}
