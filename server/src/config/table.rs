//! Every directive of a `redis.conf`: its name, what values it takes, its default, and when it may be changed.

use super::choices;
use super::directive::Kind::{self, Text as TEXT, YesNo as YES_NO};
use super::directive::{
    DENY_LOADING, HIDDEN, IMMUTABLE, INT_MAX, INT_MIN, LONG_MAX, MB, PROTECTED, QUIET_ALIAS, SENSITIVE, SIZE_MAX, Spec,
    UINT_MAX, ULONG_MAX, VOLATILE, any_of, checked, integer, memory, octal, one_of,
};
use super::text_checks as checks;

macro_rules! directives {
    ($($id:ident = $name:literal $(| $alias:literal)?: $kind:expr, $default:expr $(, $flags:expr)?;)*) => {
        /// A directive.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Directive {
            $(#[doc = concat!("`", $name, "`")] $id,)*
        }

        impl Directive {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$id,)*];
        }

        /// What is known of each, in the order of [`Directive::ALL`].
        pub(super) static SPECS: &[Spec] = &[
            $(Spec::new($name, $kind, $default)$(.alias($alias))?$(.flags($flags))?,)*
        ];
    };
}

/// The default of `client-output-buffer-limit`.
const OUTPUT_LIMITS: &str = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60";

directives! {
    // Connections.
    Bind = "bind": Kind::Addresses, "* -::*";
    BindSourceAddr = "bind-source-addr": TEXT, "";
    ClientDefaultResp = "client-default-resp": integer(2, 3), "2", IMMUTABLE.with(HIDDEN);
    ClientOutputBufferLimit = "client-output-buffer-limit": Kind::OutputLimits, OUTPUT_LIMITS;
    ClientQueryBufferLimit = "client-query-buffer-limit": memory(MB, SIZE_MAX), "1073741824";
    Maxclients = "maxclients": integer(1, UINT_MAX), "10000";
    MaxmemoryClients = "maxmemory-clients": Kind::MemoryOrPercent, "0";
    Port = "port": integer(0, 65535), "6379";
    ProtectedMode = "protected-mode": YES_NO, "yes";
    ProtoMaxBulkLen = "proto-max-bulk-len": memory(MB, SIZE_MAX), "536870912";
    SocketMarkId = "socket-mark-id": integer(0, UINT_MAX), "0", IMMUTABLE;
    TcpBacklog = "tcp-backlog": integer(0, INT_MAX), "511", IMMUTABLE;
    TcpKeepalive = "tcp-keepalive": integer(0, INT_MAX), "300";
    Timeout = "timeout": integer(0, INT_MAX), "0";
    TrackingTableMaxKeys = "tracking-table-max-keys": integer(0, LONG_MAX), "1000000";
    Unixsocket = "unixsocket": TEXT, "", IMMUTABLE;
    Unixsocketperm = "unixsocketperm": octal(0, 0o777), "0", IMMUTABLE;
    // TLS.
    TlsAuthClients = "tls-auth-clients": one_of(choices::TLS_AUTH), "yes";
    TlsCaCertDir = "tls-ca-cert-dir": TEXT, "", VOLATILE;
    TlsCaCertFile = "tls-ca-cert-file": TEXT, "", VOLATILE;
    TlsCertFile = "tls-cert-file": TEXT, "", VOLATILE;
    TlsCiphers = "tls-ciphers": TEXT, "";
    TlsCiphersuites = "tls-ciphersuites": TEXT, "";
    TlsClientCertFile = "tls-client-cert-file": TEXT, "", VOLATILE;
    TlsClientKeyFile = "tls-client-key-file": TEXT, "", VOLATILE;
    TlsClientKeyFilePass = "tls-client-key-file-pass": TEXT, "";
    TlsCluster = "tls-cluster": YES_NO, "no";
    TlsDhParamsFile = "tls-dh-params-file": TEXT, "", VOLATILE;
    TlsKeyFile = "tls-key-file": TEXT, "", VOLATILE;
    TlsKeyFilePass = "tls-key-file-pass": TEXT, "";
    TlsPort = "tls-port": integer(0, 65535), "0";
    TlsPreferServerCiphers = "tls-prefer-server-ciphers": YES_NO, "no";
    TlsProtocols = "tls-protocols": TEXT, "";
    TlsReplication = "tls-replication": YES_NO, "no";
    TlsSessionCacheSize = "tls-session-cache-size": integer(0, INT_MAX), "20480";
    TlsSessionCacheTimeout = "tls-session-cache-timeout": integer(0, INT_MAX), "300";
    TlsSessionCaching = "tls-session-caching": YES_NO, "yes";
    // Users and guarded commands.
    AclPubsubDefault = "acl-pubsub-default": one_of(choices::ACL_PUBSUB), "resetchannels";
    Aclfile = "aclfile": TEXT, "", IMMUTABLE;
    AcllogMaxLen = "acllog-max-len": integer(0, LONG_MAX), "128";
    EnableDebugCommand = "enable-debug-command": one_of(choices::GUARDS), "no", IMMUTABLE;
    EnableModuleCommand = "enable-module-command": one_of(choices::GUARDS), "no", IMMUTABLE;
    EnableProtectedConfigs = "enable-protected-configs": one_of(choices::GUARDS), "no", IMMUTABLE;
    Requirepass = "requirepass": TEXT, "", SENSITIVE;
    // The process.
    AlwaysShowLogo = "always-show-logo": YES_NO, "no", IMMUTABLE;
    AofRewriteCpulist = "aof_rewrite_cpulist" | "aof-rewrite-cpulist": TEXT, "", IMMUTABLE.with(QUIET_ALIAS);
    BgsaveCpulist = "bgsave_cpulist" | "bgsave-cpulist": TEXT, "", IMMUTABLE.with(QUIET_ALIAS);
    BioCpulist = "bio_cpulist" | "bio-cpulist": TEXT, "", IMMUTABLE.with(QUIET_ALIAS);
    BusyReplyThreshold = "busy-reply-threshold" | "lua-time-limit": integer(0, LONG_MAX), "5000";
    CrashLogEnabled = "crash-log-enabled": YES_NO, "yes";
    CrashMemcheckEnabled = "crash-memcheck-enabled": YES_NO, "yes";
    Daemonize = "daemonize": YES_NO, "no", IMMUTABLE;
    Databases = "databases": integer(1, INT_MAX), "16", IMMUTABLE;
    Dir = "dir": Kind::Dir, ".", PROTECTED.with(DENY_LOADING);
    DisableThp = "disable-thp": YES_NO, "yes", IMMUTABLE;
    DynamicHz = "dynamic-hz": YES_NO, "yes";
    Hz = "hz": Kind::Frequency, "10";
    IgnoreWarnings = "ignore-warnings": TEXT, "";
    IoThreads = "io-threads": integer(1, 128), "1", IMMUTABLE;
    IoThreadsDoReads = "io-threads-do-reads": YES_NO, "no", IMMUTABLE;
    LocaleCollate = "locale-collate": checked(checks::collation), "";
    Logfile = "logfile": TEXT, "", IMMUTABLE;
    Loglevel = "loglevel": one_of(choices::LOG_LEVELS), "notice";
    OomScoreAdj = "oom-score-adj": one_of(choices::OOM_SCORE_ADJ), "no";
    OomScoreAdjValues = "oom-score-adj-values": Kind::OomScores, "0 200 800";
    Pidfile = "pidfile": TEXT, "", IMMUTABLE;
    ProcTitleTemplate = "proc-title-template": checked(checks::title_template), "{title} {listen-addr} {server-mode}";
    ReqResLogfile = "req-res-logfile": TEXT, "", IMMUTABLE.with(HIDDEN);
    ServerCpulist = "server_cpulist" | "server-cpulist": TEXT, "", IMMUTABLE.with(QUIET_ALIAS);
    SetProcTitle = "set-proc-title": YES_NO, "yes", IMMUTABLE;
    ShutdownOnSigint = "shutdown-on-sigint": any_of(choices::SHUTDOWN), "default";
    ShutdownOnSigterm = "shutdown-on-sigterm": any_of(choices::SHUTDOWN), "default";
    ShutdownTimeout = "shutdown-timeout": integer(0, INT_MAX), "10";
    Supervised = "supervised": one_of(choices::SUPERVISED), "no", IMMUTABLE;
    SyslogEnabled = "syslog-enabled": YES_NO, "no", IMMUTABLE;
    SyslogFacility = "syslog-facility": one_of(choices::FACILITIES), "local0", IMMUTABLE;
    SyslogIdent = "syslog-ident": TEXT, "redis", IMMUTABLE;
    UseExitOnPanic = "use-exit-on-panic": YES_NO, "no", HIDDEN;
    WatchdogPeriod = "watchdog-period": integer(0, INT_MAX), "0", HIDDEN;
    // What is measured.
    LatencyMonitorThreshold = "latency-monitor-threshold": integer(0, LONG_MAX), "0";
    LatencyTracking = "latency-tracking": YES_NO, "yes";
    LatencyTrackingInfoPercentiles = "latency-tracking-info-percentiles": Kind::Percentiles, "50 99 99.9";
    SlowlogLogSlowerThan = "slowlog-log-slower-than": integer(-1, LONG_MAX), "10000";
    SlowlogMaxLen = "slowlog-max-len": integer(0, LONG_MAX), "128";
    // Persistence.
    AofDisableAutoGc = "aof-disable-auto-gc": YES_NO, "no", HIDDEN;
    AofLoadTruncated = "aof-load-truncated": YES_NO, "yes";
    AofRewriteIncrementalFsync = "aof-rewrite-incremental-fsync": YES_NO, "yes";
    AofTimestampEnabled = "aof-timestamp-enabled": YES_NO, "no";
    AofUseRdbPreamble = "aof-use-rdb-preamble": YES_NO, "yes";
    Appenddirname = "appenddirname": checked(checks::aof_directory), "appendonlydir", IMMUTABLE;
    Appendfilename = "appendfilename": checked(checks::aof_file), "appendonly.aof", IMMUTABLE;
    Appendfsync = "appendfsync": one_of(choices::FSYNC), "everysec";
    Appendonly = "appendonly": YES_NO, "no", DENY_LOADING;
    AutoAofRewriteMinSize = "auto-aof-rewrite-min-size": memory(0, SIZE_MAX), "67108864";
    AutoAofRewritePercentage = "auto-aof-rewrite-percentage": integer(0, INT_MAX), "100";
    Dbfilename = "dbfilename": checked(checks::rdb_file), "dump.rdb", PROTECTED;
    KeyLoadDelay = "key-load-delay": integer(INT_MIN, INT_MAX), "0", HIDDEN;
    LoadingProcessEventsIntervalBytes = "loading-process-events-interval-bytes":
        integer(1024, INT_MAX), "2097152", HIDDEN;
    NoAppendfsyncOnRewrite = "no-appendfsync-on-rewrite": YES_NO, "no";
    RdbDelSyncFiles = "rdb-del-sync-files": YES_NO, "no";
    RdbKeySaveDelay = "rdb-key-save-delay": integer(INT_MIN, INT_MAX), "0", HIDDEN;
    RdbSaveIncrementalFsync = "rdb-save-incremental-fsync": YES_NO, "yes";
    Rdbchecksum = "rdbchecksum": YES_NO, "yes", IMMUTABLE;
    Rdbcompression = "rdbcompression": YES_NO, "yes";
    SanitizeDumpPayload = "sanitize-dump-payload": one_of(choices::SANITIZE), "no";
    Save = "save": Kind::Save, "3600 1 300 100 60 10000";
    StopWritesOnBgsaveError = "stop-writes-on-bgsave-error": YES_NO, "yes";
    // Replication.
    Masterauth = "masterauth" | "primaryauth": TEXT, "", SENSITIVE.with(QUIET_ALIAS);
    Masteruser = "masteruser" | "primaryuser": TEXT, "", SENSITIVE.with(QUIET_ALIAS);
    MinReplicasMaxLag = "min-replicas-max-lag" | "min-slaves-max-lag": integer(0, INT_MAX), "10";
    MinReplicasToWrite = "min-replicas-to-write" | "min-slaves-to-write": integer(0, INT_MAX), "0";
    PropagationErrorBehavior = "propagation-error-behavior": one_of(choices::PROPAGATION_ERRORS), "ignore";
    ReplBacklogSize = "repl-backlog-size": Kind::Backlog, "1048576";
    ReplBacklogTtl = "repl-backlog-ttl": integer(0, LONG_MAX), "3600";
    ReplDisableTcpNodelay = "repl-disable-tcp-nodelay": YES_NO, "no";
    ReplDisklessLoad = "repl-diskless-load": one_of(choices::DISKLESS_LOAD), "disabled", DENY_LOADING;
    ReplDisklessSync = "repl-diskless-sync": YES_NO, "yes";
    ReplDisklessSyncDelay = "repl-diskless-sync-delay": integer(0, INT_MAX), "5";
    ReplDisklessSyncMaxReplicas = "repl-diskless-sync-max-replicas": integer(0, INT_MAX), "0";
    ReplPingReplicaPeriod = "repl-ping-replica-period" | "repl-ping-slave-period": integer(1, INT_MAX), "10";
    ReplTimeout = "repl-timeout": integer(1, INT_MAX), "60";
    ReplicaAnnounceIp = "replica-announce-ip" | "slave-announce-ip": TEXT, "";
    ReplicaAnnouncePort = "replica-announce-port" | "slave-announce-port": integer(0, 65535), "0";
    ReplicaAnnounced = "replica-announced": YES_NO, "yes";
    ReplicaIgnoreDiskWriteErrors = "replica-ignore-disk-write-errors": YES_NO, "no";
    ReplicaIgnoreMaxmemory = "replica-ignore-maxmemory" | "slave-ignore-maxmemory": YES_NO, "yes";
    ReplicaLazyFlush = "replica-lazy-flush" | "slave-lazy-flush": YES_NO, "no";
    ReplicaPriority = "replica-priority" | "slave-priority": integer(0, INT_MAX), "100";
    ReplicaReadOnly = "replica-read-only" | "slave-read-only": YES_NO, "yes";
    ReplicaServeStaleData = "replica-serve-stale-data" | "slave-serve-stale-data": YES_NO, "yes";
    Replicaof = "replicaof" | "slaveof": Kind::Master, "", IMMUTABLE;
    // Cluster.
    ClusterAllowPubsubshardWhenDown = "cluster-allow-pubsubshard-when-down": YES_NO, "yes";
    ClusterAllowReadsWhenDown = "cluster-allow-reads-when-down": YES_NO, "no";
    ClusterAllowReplicaMigration = "cluster-allow-replica-migration": YES_NO, "yes";
    ClusterAnnounceBusPort = "cluster-announce-bus-port": integer(0, 65535), "0";
    ClusterAnnounceHostname = "cluster-announce-hostname": checked(checks::host_name), "";
    ClusterAnnounceHumanNodename = "cluster-announce-human-nodename": checked(checks::node_name), "";
    ClusterAnnounceIp = "cluster-announce-ip": TEXT, "";
    ClusterAnnouncePort = "cluster-announce-port": integer(0, 65535), "0";
    ClusterAnnounceTlsPort = "cluster-announce-tls-port": integer(0, 65535), "0";
    ClusterConfigFile = "cluster-config-file": TEXT, "nodes.conf", IMMUTABLE;
    ClusterEnabled = "cluster-enabled": YES_NO, "no", IMMUTABLE;
    ClusterLinkSendbufLimit = "cluster-link-sendbuf-limit": memory(0, ULONG_MAX), "0";
    ClusterMigrationBarrier = "cluster-migration-barrier": integer(0, INT_MAX), "1";
    ClusterNodeTimeout = "cluster-node-timeout": integer(0, LONG_MAX), "15000";
    ClusterPingInterval = "cluster-ping-interval": integer(0, LONG_MAX), "0", HIDDEN;
    ClusterPort = "cluster-port": integer(0, 65535), "0", IMMUTABLE;
    ClusterPreferredEndpointType = "cluster-preferred-endpoint-type": one_of(choices::ENDPOINT_TYPES), "ip";
    ClusterReplicaNoFailover = "cluster-replica-no-failover" | "cluster-slave-no-failover": YES_NO, "no";
    ClusterReplicaValidityFactor = "cluster-replica-validity-factor" | "cluster-slave-validity-factor":
        integer(0, INT_MAX), "10";
    ClusterRequireFullCoverage = "cluster-require-full-coverage": YES_NO, "yes";
    // The keyspace.
    ActiveDefragCycleMax = "active-defrag-cycle-max": integer(1, 99), "25";
    ActiveDefragCycleMin = "active-defrag-cycle-min": integer(1, 99), "1";
    ActiveDefragIgnoreBytes = "active-defrag-ignore-bytes": memory(1, SIZE_MAX), "104857600";
    ActiveDefragMaxScanFields = "active-defrag-max-scan-fields": integer(1, LONG_MAX), "1000";
    ActiveDefragThresholdLower = "active-defrag-threshold-lower": integer(0, 1000), "10";
    ActiveDefragThresholdUpper = "active-defrag-threshold-upper": integer(0, 1000), "100";
    ActiveExpireEffort = "active-expire-effort": integer(1, 10), "1";
    Activedefrag = "activedefrag": Kind::AlwaysNo, "no";
    Activerehashing = "activerehashing": YES_NO, "yes";
    HashMaxListpackEntries = "hash-max-listpack-entries" | "hash-max-ziplist-entries": integer(0, LONG_MAX), "512";
    HashMaxListpackValue = "hash-max-listpack-value" | "hash-max-ziplist-value": memory(0, SIZE_MAX), "64";
    HllSparseMaxBytes = "hll-sparse-max-bytes": memory(0, SIZE_MAX), "3000";
    JemallocBgThread = "jemalloc-bg-thread": YES_NO, "yes";
    LazyfreeLazyEviction = "lazyfree-lazy-eviction": YES_NO, "no";
    LazyfreeLazyExpire = "lazyfree-lazy-expire": YES_NO, "no";
    LazyfreeLazyServerDel = "lazyfree-lazy-server-del": YES_NO, "no";
    LazyfreeLazyUserDel = "lazyfree-lazy-user-del": YES_NO, "no";
    LazyfreeLazyUserFlush = "lazyfree-lazy-user-flush": YES_NO, "no";
    LfuDecayTime = "lfu-decay-time": integer(0, INT_MAX), "1";
    LfuLogFactor = "lfu-log-factor": integer(0, INT_MAX), "10";
    ListCompressDepth = "list-compress-depth": integer(0, INT_MAX), "0";
    ListMaxListpackSize = "list-max-listpack-size" | "list-max-ziplist-size": integer(INT_MIN, INT_MAX), "-2";
    Maxmemory = "maxmemory": memory(0, ULONG_MAX), "0";
    MaxmemoryEvictionTenacity = "maxmemory-eviction-tenacity": integer(0, 100), "10";
    MaxmemoryPolicy = "maxmemory-policy": one_of(choices::POLICIES), "noeviction";
    MaxmemorySamples = "maxmemory-samples": integer(1, INT_MAX), "5";
    NotifyKeyspaceEvents = "notify-keyspace-events": Kind::Events, "";
    SetMaxIntsetEntries = "set-max-intset-entries": integer(0, LONG_MAX), "512";
    SetMaxListpackEntries = "set-max-listpack-entries": integer(0, LONG_MAX), "128";
    SetMaxListpackValue = "set-max-listpack-value": integer(0, LONG_MAX), "64";
    StreamNodeMaxBytes = "stream-node-max-bytes": memory(0, SIZE_MAX), "4096";
    StreamNodeMaxEntries = "stream-node-max-entries": integer(0, LONG_MAX), "100";
    ZsetMaxListpackEntries = "zset-max-listpack-entries" | "zset-max-ziplist-entries": integer(0, LONG_MAX), "128";
    ZsetMaxListpackValue = "zset-max-listpack-value" | "zset-max-ziplist-value": memory(0, SIZE_MAX), "64";
    // Of this server alone, and shown to those who ask for them by name.
    AmnesiaGuard = "amnesia-guard": YES_NO, "yes", HIDDEN;
    AmnesiaTimeout = "amnesia-timeout": integer(0, INT_MAX), "10", HIDDEN;
    NodeStateFile = "node-state-file": checked(checks::state_file), "node.state", IMMUTABLE.with(HIDDEN);
    ReplicaFullResyncMinRatio = "replica-full-resync-min-ratio": integer(0, 100), "10", HIDDEN;
    ReplicaLoadInPlace = "replica-load-in-place": YES_NO, "no", HIDDEN;
    SentinelBootTimeout = "sentinel-boot-timeout": integer(0, INT_MAX), "10", IMMUTABLE.with(HIDDEN);
    SentinelGroup = "sentinel-group": TEXT, "mymaster", IMMUTABLE.with(HIDDEN);
    SentinelHosts = "sentinel-hosts": checked(checks::hosts), "", IMMUTABLE.with(HIDDEN);
    SentinelPass = "sentinel-pass": TEXT, "", IMMUTABLE.with(HIDDEN).with(SENSITIVE);
    SentinelUser = "sentinel-user": TEXT, "", IMMUTABLE.with(HIDDEN);
    // Of Valkey 8: accepted, so that its files load, and shown to those who ask for them by name.
    AvailabilityZone = "availability-zone": TEXT, "", HIDDEN;
    ClusterAnnounceClientIpv4 = "cluster-announce-client-ipv4": TEXT, "", HIDDEN;
    ClusterAnnounceClientIpv6 = "cluster-announce-client-ipv6": TEXT, "", HIDDEN;
    ClusterBlacklistTtl = "cluster-blacklist-ttl": integer(0, LONG_MAX), "60", HIDDEN;
    ClusterSlotStatsEnabled = "cluster-slot-stats-enabled": YES_NO, "no", HIDDEN;
    DebugContext = "debug-context": TEXT, "", HIDDEN;
    DualChannelReplicationEnabled = "dual-channel-replication-enabled": YES_NO, "no", HIDDEN;
    EnableDebugAssert = "enable-debug-assert": YES_NO, "no", IMMUTABLE.with(HIDDEN);
    EventsPerIoThread = "events-per-io-thread": integer(0, INT_MAX), "2", HIDDEN;
    ExtendedRedisCompatibility = "extended-redis-compatibility": YES_NO, "no", HIDDEN;
    HideUserDataFromLog = "hide-user-data-from-log": YES_NO, "yes", HIDDEN;
    MaxNewConnectionsPerCycle = "max-new-connections-per-cycle": integer(1, 1000), "10", HIDDEN;
    MaxNewTlsConnectionsPerCycle = "max-new-tls-connections-per-cycle": integer(1, 1000), "1", HIDDEN;
    PrefetchBatchMaxSize = "prefetch-batch-max-size": integer(0, 128), "16", HIDDEN;
    Unixsocketgroup = "unixsocketgroup": TEXT, "", IMMUTABLE.with(HIDDEN);
}
