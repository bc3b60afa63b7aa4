//! Databases, and what this server does not have.

use bongsu_protocol::info::InfoWriter;
use bongsu_store::keyspace::Db;

use crate::engine::Engine;

/// Keys that are looked at to estimate how long keys have left. They lie in the order of their hashes, so that the first ones are as
/// good a sample as any.
const SAMPLED_KEYS: usize = 1000;

pub(super) fn modules(_: &Engine, info: &mut InfoWriter) {
    info.section("Modules");
}

pub(super) fn cluster(_: &Engine, info: &mut InfoWriter) {
    info.section("Cluster").field("cluster_enabled", 0);
}

pub(super) fn keyspace(engine: &Engine, info: &mut InfoWriter) {
    info.section("Keyspace");
    for index in 0..engine.shard.databases() {
        let db = engine.shard.db(index);
        if !db.is_empty() {
            let (keys, expires, left_ms) = (db.len(), db.expiring(), mean_left_ms(engine, db));
            info.field(&format!("db{index}"), format_args!("keys={keys},expires={expires},avg_ttl={left_ms}"));
        }
    }
}

/// How long keys with an expiry have left on average, in milliseconds.
fn mean_left_ms(engine: &Engine, db: &Db) -> u64 {
    if db.expiring() == 0 {
        return 0;
    }
    let hasher = engine.shard.hasher();
    let expiry_ms = |key: &[u8]| db.find(hasher.hash(key), key).and_then(|found| db.expiry_ms(found));
    let (mut sum_ms, mut count) = (0, 0);
    for at_ms in db.keys().take(SAMPLED_KEYS).filter_map(expiry_ms) {
        sum_ms += u128::from(at_ms.saturating_sub(engine.shard.now_ms));
        count += 1;
    }
    u64::try_from(sum_ms.checked_div(count).unwrap_or(0)).unwrap_or(u64::MAX)
}
