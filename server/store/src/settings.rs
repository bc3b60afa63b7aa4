//! Directives that concern the keyspace, as values.

use crate::eviction::{Lfu, Policy};

/// Longest string, whatever `proto-max-bulk-len` says: lengths have 32 bits, which a listpack counts its other bytes in too.
pub const STRING_BYTES_MAX: usize = u32::MAX as usize - 64;

/// Directives that concern the keyspace. The defaults are Redis 7.2's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `list-max-listpack-size`: a number of elements, or -1 to -5 for 4 to 64 KiB.
    pub list_max_listpack_size: i64,
    /// `hash-max-listpack-entries`.
    pub hash_max_listpack_entries: usize,
    /// `hash-max-listpack-value`, in bytes.
    pub hash_max_listpack_value: usize,
    /// `set-max-intset-entries`.
    pub set_max_intset_entries: usize,
    /// `set-max-listpack-entries`.
    pub set_max_listpack_entries: usize,
    /// `set-max-listpack-value`, in bytes.
    pub set_max_listpack_value: usize,
    /// `zset-max-listpack-entries`.
    pub zset_max_listpack_entries: usize,
    /// `zset-max-listpack-value`, in bytes.
    pub zset_max_listpack_value: usize,
    /// `hll-sparse-max-bytes`.
    pub hll_sparse_max_bytes: usize,
    /// `proto-max-bulk-len`: the longest string, [`STRING_BYTES_MAX`] at most.
    pub string_max_bytes: usize,
    /// `maxmemory-policy`.
    pub policy: Policy,
    /// `maxmemory-samples`: keys looked at to find one that can go.
    pub eviction_samples: usize,
    /// Small integers count as shared, which only makes a difference to what `OBJECT REFCOUNT` says: not where memory is limited and
    /// keys go by their use.
    pub shares_integers: bool,
    /// `lfu-log-factor` and `lfu-decay-time`.
    pub lfu: Lfu,
    /// `lazyfree-lazy-expire`: replicas are told of keys whose time is over with UNLINK.
    pub unlinks_expired: bool,
    /// `lazyfree-lazy-server-del`: replicas are told with UNLINK of keys that went because nothing was left in them.
    pub unlinks_emptied: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            list_max_listpack_size: -2,
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
            set_max_intset_entries: 512,
            set_max_listpack_entries: 128,
            set_max_listpack_value: 64,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
            hll_sparse_max_bytes: 3000,
            string_max_bytes: 512 * 1024 * 1024,
            policy: Policy::default(),
            eviction_samples: 5,
            shares_integers: true,
            lfu: Lfu::default(),
            unlinks_expired: false,
            unlinks_emptied: false,
        }
    }
}
