//! RDB files.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::SystemTime;

use bongsu_persist::rdb::decode::{Decoder, Error, Event, Fault, Options, Verdict};
use bongsu_persist::rdb::type_name;
use bongsu_store::image::{Part, Reader};

use super::Stop;

/// The first version of the format with a checksum.
const CHECKSUM_SINCE: u32 = 5;

/// What has been seen of a file.
#[derive(Default)]
struct Seen {
    db: Option<u32>,
    keys: u64,
    expiries: u64,
    already_expired: u64,
    empty_keys: u64,
    functions: u64,
    version: Option<u32>,
}

/// Reads a file to its end and tells what is in it.
pub(super) fn check_file(out: &mut dyn Write, path: &Path) -> Result<(), Stop> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => check(out, &name, file).map(|_| ()),
        Err(error) => {
            writeln!(out, "Cannot open file {name}: {error}")?;
            Err(Stop::Unsound)
        }
    }
}

/// Reads an RDB file to its end and tells what is in it. The reader, what was read from it beyond that, and where that begins.
pub(super) fn check<R: Read>(out: &mut dyn Write, name: &str, read: R) -> Result<(R, Vec<u8>, u64), Stop> {
    writeln!(out, "[offset 0] Checking RDB file {name}")?;
    // A batch for each key: what is wrong comes right behind the keys that were read before it.
    let mut decoder = Decoder::new(read, Options { distinct: true, checksum: true, batch_bytes: 1 });
    let mut seen = Seen::default();
    let now_ms = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as u64);
    loop {
        let event = match decoder.next_event() {
            Ok(Some(event)) => event,
            Ok(None) => break,
            Err(error) => {
                seen.version = decoder.version();
                return seen.failed(out, &error);
            }
        };
        seen.version = decoder.version();
        let offset = decoder.offset();
        match event {
            Event::Aux { name, value } => {
                writeln!(out, "[offset {offset}] AUX FIELD {} = '{}'", name.escape_ascii(), value.escape_ascii())?;
            }
            Event::Sizes { db, .. } => seen.select(out, offset, db)?,
            Event::Parts(batch) => {
                seen.parts(out, offset, &batch, now_ms)?;
                decoder.recycle(batch);
            }
            Event::Function(_) => seen.functions += 1,
            Event::End { checksum, .. } => seen.checksum(out, offset, checksum)?,
            Event::EmptyKey { .. } => seen.empty_keys += 1,
        }
    }
    let offset = decoder.offset();
    writeln!(out, "[offset {offset}] \\o/ RDB looks OK! \\o/")?;
    seen.tell(out)?;
    let (read, read_ahead) = decoder.into_rest();
    Ok((read, read_ahead, offset))
}

impl Seen {
    fn select(&mut self, out: &mut dyn Write, offset: u64, db: u32) -> Result<(), Stop> {
        if self.db.replace(db) != Some(db) {
            writeln!(out, "[offset {offset}] Selecting DB ID {db}")?;
        }
        Ok(())
    }

    fn parts(&mut self, out: &mut dyn Write, offset: u64, batch: &[u8], now_ms: u64) -> Result<(), Stop> {
        for part in Reader::new(batch) {
            let Ok(Part::Head(head)) = part else { continue };
            self.select(out, offset, head.db)?;
            self.keys += 1;
            self.expiries += u64::from(head.expiry_ms.is_some());
            self.already_expired += u64::from(head.expiry_ms.is_some_and(|ms| ms < now_ms));
        }
        Ok(())
    }

    fn checksum(&self, out: &mut dyn Write, offset: u64, checksum: Verdict) -> Result<(), Stop> {
        match checksum {
            Verdict::Good => writeln!(out, "[offset {offset}] Checksum OK")?,
            Verdict::Unknown if self.version < Some(CHECKSUM_SINCE) => {}
            Verdict::Unknown => {
                writeln!(out, "[offset {offset}] RDB file was saved with checksum disabled: no check performed.")?
            }
            Verdict::Bad { written, computed } => {
                writeln!(out, "--- RDB ERROR DETECTED ---\n[offset {offset}] RDB CRC error")?;
                writeln!(out, "[additional info] While doing: check-sum")?;
                writeln!(out, "[additional info] {written:016x} is written, the bytes come to {computed:016x}")?;
                self.tell(out)?;
                return Err(Stop::Unsound);
            }
        }
        Ok(())
    }

    /// Says what is wrong and where.
    fn failed<T>(&self, out: &mut dyn Write, error: &Error) -> Result<T, Stop> {
        let what = match &error.fault {
            Fault::Magic => "Wrong signature trying to load DB from file".to_owned(),
            Fault::Version(version) => format!("Can't handle RDB format version {version}"),
            Fault::Unknown(code) => format!("Invalid object type: {code}"),
            Fault::Truncated => "Unexpected EOF reading RDB file".to_owned(),
            fault => fault.to_string(),
        };
        let doing = match (&error.key, error.kind, self.version) {
            (Some(_), ..) => "read-object-value",
            (None, Some(_), _) => "read-key",
            (None, None, Some(_)) => "read-type",
            (None, None, None) => "start",
        };
        writeln!(out, "--- RDB ERROR DETECTED ---\n[offset {}] {what}", error.offset)?;
        writeln!(out, "[additional info] While doing: {doing}")?;
        if let Some(key) = &error.key {
            writeln!(out, "[additional info] Reading key '{}'", key.escape_ascii())?;
        }
        if let Some(kind) = error.kind {
            writeln!(out, "[additional info] Reading type {kind} ({})", type_name(kind))?;
        }
        self.tell(out)?;
        Err(Stop::Unsound)
    }

    fn tell(&self, out: &mut dyn Write) -> Result<(), Stop> {
        writeln!(out, "[info] {} keys read\n[info] {} expires", self.keys, self.expiries)?;
        writeln!(out, "[info] {} already expired", self.already_expired)?;
        if self.empty_keys > 0 {
            writeln!(out, "[info] {} keys without elements, which loading leaves out", self.empty_keys)?;
        }
        if self.functions > 0 {
            writeln!(out, "[info] {} libraries of functions", self.functions)?;
        }
        if let Some(version) = self.version {
            writeln!(out, "[info] RDB version {version}")?;
        }
        Ok(())
    }
}
