//! Command flags as `COMMAND INFO` prints them.

use super::bits::named_bits;

named_bits! {
    /// What a command does and where it may run. Members with an empty name are never printed.
    CommandFlags(u32) {
        /// Changes data.
        WRITE = 0, "write";
        /// Only reads data.
        READONLY = 1, "readonly";
        /// Refused when memory is over its limit.
        DENYOOM = 2, "denyoom";
        /// Comes from a module.
        MODULE = 3, "module";
        /// Administrative.
        ADMIN = 4, "admin";
        /// Publish and subscribe.
        PUBSUB = 5, "pubsub";
        /// Not callable from scripts.
        NOSCRIPT = 6, "noscript";
        /// May block.
        BLOCKING = 7, "blocking";
        /// Allowed while a dump is being loaded.
        LOADING = 8, "loading";
        /// Allowed on a replica without a link to its master.
        STALE = 9, "stale";
        /// Not shown to `MONITOR`.
        SKIP_MONITOR = 10, "skip_monitor";
        /// Not recorded in the slow log.
        SKIP_SLOWLOG = 11, "skip_slowlog";
        /// Part of cluster slot migration.
        ASKING = 12, "asking";
        /// Constant or logarithmic time.
        FAST = 13, "fast";
        /// Callable before authentication.
        NO_AUTH = 14, "no_auth";
        /// May be replicated although it is no write.
        MAY_REPLICATE = 15, "";
        /// Its key arguments are optional.
        NO_MANDATORY_KEYS = 16, "no_mandatory_keys";
        /// Needs an explicit setting that allows it.
        PROTECTED = 17, "";
        /// Not allowed while loading asynchronously.
        NO_ASYNC_LOADING = 18, "no_async_loading";
        /// Not allowed in a transaction.
        NO_MULTI = 19, "no_multi";
        /// Allowed while a script runs for too long.
        ALLOW_BUSY = 20, "allow_busy";
        /// Touches keys that are not in its arguments.
        TOUCHES_ARBITRARY_KEYS = 21, "";
        /// Keys cannot be found from the legacy first/last/step triple.
        MOVABLE_KEYS = 22, "movablekeys";
        /// Works, but is left out of every listing (`COMMAND ...`, `ACL CAT`).
        HIDDEN = 23, "";
    }
}
