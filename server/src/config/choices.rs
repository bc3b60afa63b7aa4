//! The words of directives that take words, with what they mean.

use super::directive::Choices;

pub(super) const POLICIES: Choices = &[
    ("volatile-lru", 0),
    ("volatile-lfu", 1),
    ("volatile-random", 2),
    ("volatile-ttl", 3),
    ("allkeys-lru", 4),
    ("allkeys-lfu", 5),
    ("allkeys-random", 6),
    ("noeviction", 7),
];

pub(super) const FACILITIES: Choices = &[
    ("user", 0),
    ("local0", 1),
    ("local1", 2),
    ("local2", 3),
    ("local3", 4),
    ("local4", 5),
    ("local5", 6),
    ("local6", 7),
    ("local7", 8),
];

pub(super) const LOG_LEVELS: Choices = &[("debug", 0), ("verbose", 1), ("notice", 2), ("warning", 3), ("nothing", 4)];

pub(super) const SUPERVISED: Choices = &[("upstart", 0), ("systemd", 1), ("auto", 2), ("no", 3)];

pub(super) const FSYNC: Choices = &[("everysec", 0), ("always", 1), ("no", 2)];

/// Bits, but for the first.
pub(super) const SHUTDOWN: Choices = &[("default", 0), ("save", 1), ("nosave", 2), ("now", 4), ("force", 8)];

pub(super) const DISKLESS_LOAD: Choices = &[("disabled", 0), ("on-empty-db", 1), ("swapdb", 2)];

pub(super) const TLS_AUTH: Choices = &[("no", 0), ("yes", 1), ("optional", 2)];

pub(super) const OOM_SCORE_ADJ: Choices = &[("no", 0), ("yes", 1), ("relative", 1), ("absolute", 2)];

pub(super) const ACL_PUBSUB: Choices = &[("allchannels", 1), ("resetchannels", 0)];

pub(super) const SANITIZE: Choices = &[("no", 0), ("yes", 1), ("clients", 2)];

pub(super) const GUARDS: Choices = &[("no", 0), ("yes", 1), ("local", 2)];

pub(super) const ENDPOINT_TYPES: Choices = &[("ip", 0), ("hostname", 1), ("unknown-endpoint", 2)];

pub(super) const PROPAGATION_ERRORS: Choices = &[("ignore", 0), ("panic", 1), ("panic-on-replicas", 2)];
