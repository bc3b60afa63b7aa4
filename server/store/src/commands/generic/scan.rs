//! Going through all keys step by step.

use crate::call::{Call, Outcome};
use crate::commands::scan::{ScanOptions, cursor, write_scan};

use super::keys::type_name;

pub(super) fn scan(call: &mut Call<'_>) -> Outcome {
    let mut at = cursor(call, 1)?;
    let options = ScanOptions::read(call, 2, true)?;
    let (db, hasher) = (call.shard.db(call.db), call.shard.hasher());
    let (mut keys, mut seen) = (Vec::new(), 0);
    loop {
        at = db.scan(hasher, at, |key| {
            seen += 1;
            if options.accepts(key) {
                keys.push(key.to_vec());
            }
        });
        if at == 0 || seen >= options.count {
            break;
        }
    }
    keys.retain(|key| {
        let Some(found) = call.find_in(call.db, key) else { return false };
        options.kind.is_none_or(|kind| kind.eq_ignore_ascii_case(type_name(call.value(found)).as_bytes()))
    });
    write_scan(call, at, &keys)
}
