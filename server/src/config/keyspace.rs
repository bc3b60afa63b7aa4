//! Directives that concern the keyspace, in the form in which it wants them.

use bongsu_store::eviction::{Lfu, Policy};
use bongsu_store::settings::{STRING_BYTES_MAX, Settings};

use super::value::Value;
use super::{Config, Directive};

impl Config {
    /// Sets what the keyspace is told.
    pub(crate) fn adjust(&self, settings: &mut Settings) {
        use Directive as D;
        settings.list_max_listpack_size = self.integer(D::ListMaxListpackSize);
        settings.hash_max_listpack_entries = self.size(D::HashMaxListpackEntries);
        settings.hash_max_listpack_value = self.size(D::HashMaxListpackValue);
        settings.set_max_intset_entries = self.size(D::SetMaxIntsetEntries);
        settings.set_max_listpack_entries = self.size(D::SetMaxListpackEntries);
        settings.set_max_listpack_value = self.size(D::SetMaxListpackValue);
        settings.zset_max_listpack_entries = self.size(D::ZsetMaxListpackEntries);
        settings.zset_max_listpack_value = self.size(D::ZsetMaxListpackValue);
        settings.hll_sparse_max_bytes = self.size(D::HllSparseMaxBytes);
        settings.string_max_bytes = self.size(D::ProtoMaxBulkLen).min(STRING_BYTES_MAX);
        settings.policy = self.policy();
        settings.shares_integers = self.size(D::Maxmemory) == 0 || !settings.policy.is_by_use();
        settings.eviction_samples = self.size(D::MaxmemorySamples);
        settings.unlinks_expired = self.is_on(D::LazyfreeLazyExpire);
        settings.unlinks_emptied = self.is_on(D::LazyfreeLazyServerDel);
        settings.lfu = Lfu { log_factor: self.small(D::LfuLogFactor), decay_min: self.small(D::LfuDecayTime) };
    }

    fn small(&self, directive: Directive) -> u32 {
        u32::try_from(self.size(directive)).unwrap_or(u32::MAX)
    }

    /// `maxmemory-policy`.
    pub fn policy(&self) -> Policy {
        match self.value(Directive::MaxmemoryPolicy) {
            Value::Choice(0) => Policy::VolatileLru,
            Value::Choice(1) => Policy::VolatileLfu,
            Value::Choice(2) => Policy::VolatileRandom,
            Value::Choice(3) => Policy::VolatileTtl,
            Value::Choice(4) => Policy::AllKeysLru,
            Value::Choice(5) => Policy::AllKeysLfu,
            Value::Choice(6) => Policy::AllKeysRandom,
            _ => Policy::NoEviction,
        }
    }
}
