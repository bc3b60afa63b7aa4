//! `RESTORE`.

use std::error::Error;

use bongsu_persist::dump;
use bongsu_store::call::{Call, EventClass, Fault, Outcome};
use bongsu_store::image::{Admission, AdmissionOptions, Head, NotAdmitted, Reader, Value};
use bongsu_store::keyspace::Found;

use super::PayloadRules;
use super::options::Options;

/// Where the time to live stands.
const TTL: usize = 2;

const BUSY: &str = "BUSYKEY Target key name already exists.";
const BAD: &str = "ERR Bad data format";

/// `RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds | FREQ frequency]`.
pub(super) fn restore(call: &mut Call<'_>, rules: PayloadRules, log: &mut Option<String>) -> Outcome {
    let options = Options::read(call)?;
    let key = call.arg(1);
    let present = call.find_in(call.db, key);
    if present.is_some() && !options.replaces {
        return Err(Fault::text(BUSY));
    }
    let ttl = call.int_within(TTL, 0, i64::MAX, "Invalid TTL value, must be >= 0")?;
    let ttl_ms = u64::try_from(ttl).ok().filter(|ttl| *ttl > 0);
    let base_ms = if options.is_absolute { 0 } else { call.shard.now_ms };
    let expiry_ms = ttl_ms.map(|ttl| ttl.saturating_add(base_ms));
    let db = u32::try_from(call.db).unwrap_or(u32::MAX);
    let head = Head { db, key, expiry_ms, usage: options.usage, value: Value::Int(0) };
    let payload = call.arg(3);
    let image = decode(payload, &head, rules, log)?;
    // A master says itself when keys go.
    if expiry_ms.is_some_and(|at| at <= call.shard.now_ms) && !call.caller.is_master {
        if let Some(found) = present {
            remove(call, found, rules.lazily);
        }
        return call.ok();
    }
    if let Err(reason) = admit(call, &image) {
        return Err(damaged(payload, Some(&*reason), log));
    }
    // The old value, if there was one, went first.
    call.event(EventClass::New, "new", key);
    call.changed(key);
    call.event(EventClass::Generic, "restore", key);
    call.effects.ready(call.db, key);
    if let Some(at) = expiry_ms
        && !options.is_absolute
    {
        tell_absolute(call, at);
    }
    call.ok()
}

/// The parts of the key.
fn decode(payload: &[u8], head: &Head<'_>, rules: PayloadRules, log: &mut Option<String>) -> Result<Vec<u8>, Fault> {
    // Whatever `sanitize-dump-payload` says: the keyspace takes nothing in that has duplicates, and looks for them itself.
    let options = dump::Options { checksum: rules.checksum, distinct: false };
    let mut image = Vec::new();
    match dump::decode(payload, head, options, &mut image) {
        Ok(()) => Ok(image),
        Err(error @ dump::RestoreError::Footer) => Err(Fault::made(format!("ERR {error}"))),
        Err(dump::RestoreError::Value(error)) => {
            Err(damaged(payload, error.as_ref().map(|error| error as &dyn Error), log))
        }
    }
}

/// The client hears that the value makes no sense; what exactly does not is for the log.
fn damaged(payload: &[u8], reason: Option<&dyn Error>, log: &mut Option<String>) -> Fault {
    let reason = reason.map_or_else(|| "it has no elements".to_owned(), ToString::to_string);
    *log = Some(format!("{} integrity check failed, in a payload to be restored: {reason}", kind_of(payload)));
    Fault::text(BAD)
}

/// What a payload has, by its first byte.
fn kind_of(payload: &[u8]) -> &'static str {
    match payload.first() {
        Some(1 | 10 | 14 | 18) => "List",
        Some(2 | 20) => "Set",
        Some(3 | 5 | 17) => "Zset",
        Some(4 | 13 | 16) => "Hash",
        Some(9) => "Zipmap",
        Some(11) => "Intset",
        Some(12) => "Zset ziplist",
        _ => "Value",
    }
}

/// The payload is of a time that is over: all that it does is what replacing does.
fn remove(call: &mut Call<'_>, found: Found, lazily: bool) {
    let key = call.arg(1);
    call.delete(found, key);
    call.effects.gone_instead(key, lazily);
}

/// Puts the key in its place. Either all of its parts are taken in, or nothing changes.
fn admit(call: &mut Call<'_>, image: &[u8]) -> Result<(), Box<dyn Error>> {
    // Also what is there although its time is over makes way.
    let options = AdmissionOptions { keeps_expired: true, replaces: true, db: None };
    let mut admission = Admission::new(options);
    for part in Reader::new(image) {
        call.shard.admit(&part?, &mut admission)?;
    }
    if admission.is_amid() { Err(NotAdmitted::OutOfPlace.into()) } else { Ok(()) }
}

/// Elsewhere it is later, and the key goes at the same moment all the same.
fn tell_absolute(call: &mut Call<'_>, expiry_ms: u64) {
    let mut argv: Vec<Vec<u8>> = call.argv.iter().map(|arg| arg.to_vec()).collect();
    argv[TTL] = expiry_ms.to_string().into_bytes();
    argv.push(b"ABSTTL".to_vec());
    call.effects.instead(argv);
}
