//! `DUMP`.

use bongsu_persist::dump;
use bongsu_persist::rdb::encode::Version;
use bongsu_store::call::{Call, Fault, Outcome};

use super::PayloadRules;

/// Redis 7.0 refuses payloads of a later version, whatever is in them; all later servers read this one.
pub(crate) const PAYLOAD_VERSION: Version = Version::V10;

/// `DUMP key`.
pub(super) fn dump(call: &mut Call<'_>, rules: PayloadRules, _: &mut Option<String>) -> Outcome {
    let key = call.arg(1);
    let mut image = Vec::new();
    if call.read(key).is_none() || !call.shard.image_of(call.db, key, &mut image) {
        return call.answer(|reply| reply.null());
    }
    let mut payload = Vec::new();
    dump::encode(&image, rules.compression, PAYLOAD_VERSION, &mut payload)
        .map_err(|error| Fault::made(format!("ERR the value cannot be given: {error}")))?;
    call.answer(|reply| reply.bulk(&payload))
}
