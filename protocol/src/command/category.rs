//! The 21 access control categories.

use super::bits::named_bits;
use super::flags::CommandFlags;

named_bits! {
    /// A set of access control categories (`@read`, `@dangerous`, ...), in the order `ACL CAT` lists them.
    Categories(u32) {
        /// Commands about keys of any type.
        KEYSPACE = 0, "keyspace";
        /// Reads keys.
        READ = 1, "read";
        /// Writes keys.
        WRITE = 2, "write";
        /// Sets.
        SET = 3, "set";
        /// Sorted sets.
        SORTEDSET = 4, "sortedset";
        /// Lists.
        LIST = 5, "list";
        /// Hashes.
        HASH = 6, "hash";
        /// Strings.
        STRING = 7, "string";
        /// Bitmaps.
        BITMAP = 8, "bitmap";
        /// HyperLogLogs.
        HYPERLOGLOG = 9, "hyperloglog";
        /// Geospatial indexes.
        GEO = 10, "geo";
        /// Streams.
        STREAM = 11, "stream";
        /// Publish and subscribe.
        PUBSUB = 12, "pubsub";
        /// Administration.
        ADMIN = 13, "admin";
        /// Constant or logarithmic time.
        FAST = 14, "fast";
        /// Everything that is not fast.
        SLOW = 15, "slow";
        /// May block the connection.
        BLOCKING = 16, "blocking";
        /// Needs care: administration and worse.
        DANGEROUS = 17, "dangerous";
        /// About the connection itself.
        CONNECTION = 18, "connection";
        /// Transactions.
        TRANSACTION = 19, "transaction";
        /// Scripts and functions.
        SCRIPTING = 20, "scripting";
    }
}

impl Categories {
    /// The category called `name` (without `@`), ignoring case.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name)).map(|(_, category)| *category)
    }

    /// The categories a command is in because of its flags: writers are `@write`, administration is `@admin
    /// @dangerous`, and whatever is not fast is slow. Scripting commands carry `readonly` without being `@read`.
    #[must_use]
    pub const fn implied_by(flags: CommandFlags, explicit: Self) -> Self {
        let mut all = Self::NONE;
        if flags.contains(CommandFlags::WRITE) {
            all = all.with(Self::WRITE);
        }
        if flags.contains(CommandFlags::READONLY) && !explicit.contains(Self::SCRIPTING) {
            all = all.with(Self::READ);
        }
        if flags.contains(CommandFlags::ADMIN) {
            all = all.with(Self::ADMIN).with(Self::DANGEROUS);
        }
        if flags.contains(CommandFlags::PUBSUB) {
            all = all.with(Self::PUBSUB);
        }
        if flags.contains(CommandFlags::BLOCKING) {
            all = all.with(Self::BLOCKING);
        }
        if flags.contains(CommandFlags::FAST) { all.with(Self::FAST) } else { all.with(Self::SLOW) }
    }
}
