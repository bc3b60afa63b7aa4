//! Loading what was saved, while everybody waits.

use crate::engine::Engine;
use crate::persistence::loading::Source;

/// `DEBUG RELOAD [NOSAVE] [NOFLUSH] [MERGE]`.
pub(super) fn reload(engine: &mut Engine, options: &[&[u8]]) -> Result<(), &'static str> {
    let (mut saves, mut flushes, mut merges) = (true, true, false);
    for option in options {
        match option.to_ascii_uppercase().as_slice() {
            b"NOSAVE" => saves = false,
            b"NOFLUSH" => flushes = false,
            b"MERGE" => merges = true,
            _ => return Err("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."),
        }
    }
    // What is under way holds less than what is saved now.
    engine.complete_image();
    engine.abandon_syncs();
    if saves && engine.save().is_err() {
        return Err("ERR");
    }
    if flushes {
        flush(engine);
    }
    let source = Source::Snapshot(engine.snapshot_path());
    load(engine, source, merges).map_err(|()| "ERR Error trying to load the RDB dump, check server logs.")
}

/// `DEBUG LOADAOF`.
pub(super) fn load_log(engine: &mut Engine) -> Result<(), &'static str> {
    const FAILED: &str = "ERR Error trying to load the AOF files, check server logs.";
    // What a transaction has done so far would be lost here and kept there.
    engine.end_unit();
    engine.settle_log();
    let source = engine.log_to_load().map_err(|error| {
        engine.log.warning(error);
        FAILED
    })?;
    flush(engine);
    source.map_or(Ok(()), |source| load(engine, source, false).map_err(|()| FAILED))
}

fn load(engine: &mut Engine, source: Source, merges: bool) -> Result<(), ()> {
    let loaded = engine.begin_loading(source).map_err(|error| error.to_string());
    loaded.and_then(|()| engine.complete_loading(merges)).map_err(|reason| {
        engine.log.warning(reason);
    })
}

fn flush(engine: &mut Engine) {
    for db in 0..engine.shard.databases() {
        engine.shard.flush(db);
    }
    engine.tell_replaced();
}
