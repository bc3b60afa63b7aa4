//! Directives of data servers that a sentinel accepts, keeps in its file, and does not use.
//!
//! Files written by Redis and Valkey, and the common parts that operators include into them, contain such lines: refusing
//! them would break the swap of one program for the other.

/// Every directive that is accepted without effect.
pub static KEPT_DIRECTIVES: &[&str] = &[
    // The process.
    "always-show-logo", "crash-log-enabled", "crash-memcheck-enabled", "set-proc-title", "proc-title-template",
    "locale-collate", "oom-score-adj", "oom-score-adj-values", "disable-thp", "hz", "dynamic-hz", "io-threads",
    "io-threads-do-reads", "events-per-io-thread", "prefetch-batch-max-size", "server_cpulist", "server-cpulist",
    "bio_cpulist", "bio-cpulist", "aof_rewrite_cpulist", "aof-rewrite-cpulist", "bgsave_cpulist", "bgsave-cpulist",
    "ignore-warnings", "socket-mark-id", "jemalloc-bg-thread", "shutdown-timeout", "shutdown-on-sigterm",
    "shutdown-on-sigint", "loadmodule", "enable-module-command", "enable-debug-assert", "req-res-logfile",
    "watchdog-period", "busy-reply-threshold", "lua-time-limit", "lua-enable-insecure-api", "latency-tracking",
    "latency-tracking-info-percentiles", "latency-monitor-threshold", "slowlog-log-slower-than", "slowlog-max-len",
    "commandlog-execution-slower-than", "commandlog-slow-execution-max-len", "commandlog-request-larger-than",
    "commandlog-large-request-max-len", "commandlog-reply-larger-than", "commandlog-large-reply-max-len",
    "tracking-table-max-keys", "max-new-connections-per-cycle", "max-new-tls-connections-per-cycle",
    "hide-user-data-from-log", "import-mode", "mptcp", "rdma-port", "rdma-bind", "rdma-rx-size",
    "rdma-completion-vector", "unixsocketgroup", "tls-dh-params-file", "tls-ciphers", "tls-ciphersuites",
    "tls-prefer-server-ciphers", "tls-session-caching", "tls-session-cache-size", "tls-session-cache-timeout",
    "tls-cluster", "tls-auth-clients-user", "tls-auto-reload-interval",
    // Data.
    "databases", "cluster-databases", "save", "dbfilename", "rdbcompression", "rdbchecksum", "rdb-version-check",
    "rdb-del-sync-files", "rdb-save-incremental-fsync", "rdb-key-save-delay", "key-load-delay", "sanitize-dump-payload",
    "stop-writes-on-bgsave-error", "loading-process-events-interval-bytes", "appendonly", "appendfilename",
    "appenddirname", "appendfsync", "no-appendfsync-on-rewrite", "auto-aof-rewrite-percentage",
    "auto-aof-rewrite-min-size", "aof-load-truncated", "aof-load-corrupt-tail-max-size", "aof-use-rdb-preamble",
    "aof-timestamp-enabled", "aof-rewrite-incremental-fsync", "aof-disable-auto-gc", "maxmemory", "maxmemory-policy",
    "maxmemory-samples", "maxmemory-eviction-tenacity", "maxmemory-clients", "lfu-log-factor", "lfu-decay-time",
    "lazyfree-lazy-eviction", "lazyfree-lazy-expire", "lazyfree-lazy-server-del", "lazyfree-lazy-user-del",
    "lazyfree-lazy-user-flush", "active-expire-effort", "activerehashing", "activedefrag", "active-defrag-enabled",
    "active-defrag-threshold-lower", "active-defrag-threshold-upper", "active-defrag-ignore-bytes",
    "active-defrag-cycle-min", "active-defrag-cycle-max", "active-defrag-cycle-us", "active-defrag-max-scan-fields",
    "notify-keyspace-events", "proto-max-bulk-len", "hash-max-listpack-entries", "hash-max-listpack-value",
    "hash-max-ziplist-entries", "hash-max-ziplist-value", "list-max-listpack-size", "list-max-ziplist-size",
    "list-compress-depth", "set-max-intset-entries", "set-max-listpack-entries", "set-max-listpack-value",
    "zset-max-listpack-entries", "zset-max-listpack-value", "zset-max-ziplist-entries", "zset-max-ziplist-value",
    "hll-sparse-max-bytes", "stream-node-max-bytes", "stream-node-max-entries", "stream-idmp-duration",
    "stream-idmp-maxsize", "propagation-error-behavior", "min-string-size-avoid-copy-reply",
    "min-io-threads-avoid-copy-reply",
    // Replication.
    "slaveof", "replicaof", "primaryof", "masterauth", "primaryauth", "masteruser", "primaryuser",
    "replica-serve-stale-data", "slave-serve-stale-data", "replica-read-only", "slave-read-only",
    "replica-priority", "slave-priority", "replica-announced", "replica-announce-ip", "slave-announce-ip",
    "replica-announce-port", "slave-announce-port", "replica-ignore-maxmemory", "slave-ignore-maxmemory",
    "replica-lazy-flush", "slave-lazy-flush", "replica-ignore-disk-write-errors", "replica-full-sync-buffer-limit",
    "repl-backlog-size", "repl-backlog-ttl", "repl-timeout", "repl-ping-replica-period", "repl-ping-slave-period",
    "repl-disable-tcp-nodelay", "repl-diskless-sync", "repl-diskless-sync-delay", "repl-diskless-sync-max-replicas",
    "repl-diskless-load", "repl-rdb-channel", "dual-channel-replication-enabled", "repl-mptcp",
    "min-replicas-to-write", "min-slaves-to-write", "min-replicas-max-lag", "min-slaves-max-lag",
    // Cluster.
    "cluster-enabled", "cluster-config-file", "cluster-node-timeout", "cluster-port", "cluster-announce-ip",
    "cluster-announce-port", "cluster-announce-bus-port", "cluster-announce-tls-port", "cluster-announce-hostname",
    "cluster-announce-human-nodename", "cluster-announce-client-ipv4", "cluster-announce-client-ipv6",
    "cluster-announce-client-port", "cluster-announce-client-tls-port", "cluster-preferred-endpoint-type",
    "cluster-replica-validity-factor", "cluster-slave-validity-factor", "cluster-replica-no-failover",
    "cluster-slave-no-failover", "cluster-require-full-coverage", "cluster-migration-barrier",
    "cluster-allow-replica-migration", "cluster-allow-reads-when-down", "cluster-allow-pubsubshard-when-down",
    "cluster-link-sendbuf-limit", "cluster-ping-interval", "cluster-manual-failover-timeout",
    "cluster-compatibility-sample-ratio", "cluster-slot-stats-enabled", "cluster-blacklist-ttl",
    "cluster-message-gossip-perc", "cluster-slot-migration-log-max-len", "cluster-slot-migration-handoff-max-lag-bytes",
];

/// True if `name` is accepted without effect, whatever its case. A dotted name belongs to a module, which a sentinel
/// does not load.
pub(crate) fn is_kept(name: &str) -> bool {
    KEPT_DIRECTIVES.iter().any(|kept| kept.eq_ignore_ascii_case(name)) || name.contains('.')
}
