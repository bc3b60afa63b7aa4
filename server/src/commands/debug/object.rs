//! How values are kept.

use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_store::eviction;
use bongsu_store::keyspace::{Db, Found, Object, Stored};
use bongsu_store::shard::Shard;

/// Answers one of the questions about a value.
pub(super) fn describe(question: &[u8], shard: &Shard, db: usize, found: Found, reply: &mut Writer<'_>) {
    let db = shard.db(db);
    let value = db.value(found);
    match question {
        b"object" => reply.simple(&object(shard, db, found)),
        b"sdslen" => match value {
            Stored::Text(text) | Stored::Raw(text) => reply.simple(&lengths(db.key(found), text)),
            _ => reply.error("ERR Not an sds encoded string."),
        },
        b"listpack" if value.encoding() == "listpack" => reply.simple("Listpack structure printed on stdout"),
        b"listpack" => reply.error("ERR Not a listpack encoded object."),
        b"quicklist" if value.encoding() == "quicklist" => reply.simple("Quicklist structure printed on stdout"),
        b"quicklist" => reply.error("ERR Not a quicklist encoded object."),
        _ => match value {
            Stored::Object(object) if matches!(object.encoding(), "hashtable" | "skiplist") => {
                let len = elements(object);
                reply.verbatim(*b"txt", table_text(len.next_power_of_two(), len));
            }
            _ => {
                reply.error("ERR The value stored at the specified key is not represented using an hash table");
            }
        },
    }
}

fn object(shard: &Shard, db: &Db, found: Found) -> String {
    let value = db.value(found);
    let clock = db.clock(found);
    let idle_s = if shard.settings.policy.is_lfu() { 0 } else { eviction::idle_s(clock, shard.now_ms) };
    let mut text = format!(
        "Value at:{:p} refcount:1 encoding:{} serializedlength:{} lru:{clock} lru_seconds_idle:{idle_s}",
        db.key(found).as_ptr(),
        value.encoding(),
        serialized_bytes(&value),
    );
    if let Stored::Object(Object::List(list)) = value
        && list.encoding() == "quicklist"
    {
        let (nodes, len) = (list.free_effort(), list.len());
        text.push_str(&format!(
            " ql_nodes:{nodes} ql_avg_node:{:.2} ql_listpack_max:{} ql_compressed:0 ql_uncompressed_size:{}",
            len as f64 / nodes.max(1) as f64,
            shard.settings.list_max_listpack_size,
            list.heap_bytes(),
        ));
    }
    text
}

/// How long a value is about in a dump.
fn serialized_bytes(value: &Stored<'_>) -> usize {
    /// The length of a string is written in so many bytes.
    const fn with_length(len: usize) -> usize {
        match len {
            0..64 => len + 1,
            64..16384 => len + 2,
            _ => len + 5,
        }
    }
    match value {
        Stored::Text(text) | Stored::Raw(text) => with_length(text.len()),
        Stored::Int(n) => match n {
            -128..128 => 2,
            -32_768..32_768 => 3,
            -2_147_483_648..2_147_483_648 => 5,
            _ => with_length(n.to_string().len()),
        },
        Stored::Object(object) => object.heap_bytes(),
    }
}

fn lengths(key: &[u8], value: &[u8]) -> String {
    let (key, value) = (key.len(), value.len());
    format!(
        "key_sds_len:{key}, key_sds_avail:0, key_zmalloc: {key}, val_sds_len:{value}, val_sds_avail:0, val_zmalloc: {value}"
    )
}

fn elements(object: &Object) -> usize {
    match object {
        Object::Hash(hash) => hash.len(),
        Object::List(list) => list.len(),
        Object::Set(set) => set.len(),
        Object::Zset(zset) => zset.len(),
    }
}

/// Answers with the sizes of the table of a database.
pub(super) fn table_stats(shard: &Shard, db: &[u8], reply: &mut Writer<'_>) {
    let Some(index) = parse_integer(db) else {
        return reply.error("ERR value is not an integer or out of range");
    };
    match usize::try_from(index).ok().filter(|index| *index < shard.databases()) {
        None => reply.error("ERR Out of range database"),
        Some(index) => {
            let db = shard.db(index);
            let main = table_text(db.table_slots(), db.len());
            // Expiries lie with the keys.
            let expires = table_text(db.table_slots(), db.expiring());
            reply.verbatim(*b"txt", format!("[Dictionary HT]\n{main}[Expires HT]\n{expires}"));
        }
    }
}

/// Tests look for the names of these figures.
fn table_text(slots: usize, len: usize) -> String {
    if len == 0 {
        return "No stats available for empty dictionaries\n".to_owned();
    }
    format!("Hash table 0 stats (main hash table):\n table size: {slots}\n number of elements: {len}\n")
}

pub(super) fn struct_sizes() -> String {
    let sizes = [("bits", usize::BITS as usize), ("object", size_of::<Option<Object>>()), ("db", size_of::<Db>())];
    sizes.map(|(name, size)| format!("{name}:{size}")).join(" ")
}

#[cfg(test)]
mod tests {
    use bongsu_protocol::resp::Protocol;
    use bongsu_store::keyspace::New;
    use bongsu_store::random::Random;

    use super::*;

    fn ask(question: &str, new: New<'_>) -> String {
        let mut shard = Shard::new(1, Random::new([1, 2, 3, 4]));
        let found = shard.store(0, None, b"key", new, None);
        let mut out = Vec::new();
        describe(question.as_bytes(), &shard, 0, found, &mut Writer::new(&mut out, Protocol::Resp2));
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn values_are_described() {
        let text = ask("object", New::Int(300));
        assert!(text.starts_with("+Value at:0x"), "{text}");
        assert!(text.contains(" refcount:1 encoding:int serializedlength:3 lru:"), "{text}");
        assert!(ask("sdslen", New::Text(b"abc")).contains("key_sds_len:3, "));
        assert!(ask("sdslen", New::Int(1)).starts_with("-ERR Not an sds"));
        assert!(ask("listpack", New::Int(1)).starts_with("-ERR Not a listpack"));
        assert!(ask("htstats-key", New::Int(1)).starts_with("-ERR The value stored"));
    }
}
