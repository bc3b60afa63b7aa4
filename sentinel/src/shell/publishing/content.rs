//! The record of a group, made from what the core knows of it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{SystemTime, UNIX_EPOCH};

use bongsu_publish::{Member, Publisher, Record};
use bongsu_sentinel_core::publication::Goal;
use bongsu_sentinel_core::{Addr, Configuration, Configured, RunId};

use crate::config::Settings;

/// In one word, why a configuration came to be.
pub(super) const fn reason(how: Configured) -> Option<&'static str> {
    match how {
        Configured::Monitored => Some("monitored"),
        Configured::Led { planned: true } => Some("switchover"),
        Configured::Led { planned: false } => Some("failover"),
        Configured::Adopted { .. } => Some("adopted"),
        Configured::Renewed => Some("renewed"),
        Configured::Durable | Configured::Members | Configured::Removed => None,
    }
}

/// The record, as of now.
pub(super) fn record(configuration: &Configuration, reason: &str, my_id: RunId, settings: &Settings) -> Record {
    let tls = settings.server.tls_replication;
    let mut replicas: Vec<Member> =
        configuration.replicas.iter().map(|replica| member(&replica.addr, replica.run_id, tls)).collect();
    replicas.sort_unstable();
    let port = if settings.announce_port == 0 { settings.server.port } else { settings.announce_port };
    let addr = settings.announce_ip.as_ref().map(|ip| format!("{ip}:{port}")).unwrap_or_default();
    Record {
        group: configuration.group.as_str().to_owned(),
        epoch: configuration.epoch.0,
        primary: member(&configuration.master.addr, configuration.master.run_id, tls),
        replicas,
        reason: reason.to_owned(),
        published_at_ms: unix_ms(),
        publisher: Publisher { id: my_id.as_str().to_owned(), addr },
    }
}

/// What tells this record apart from others of its group.
pub(super) fn goal(configuration: &Configuration, record: &Record) -> Goal {
    let mut hasher = DefaultHasher::new();
    for member in std::iter::once(&record.primary).chain(&record.replicas) {
        (&member.host, member.ip, member.port, &member.id, member.tls).hash(&mut hasher);
    }
    Goal { epoch: configuration.epoch, content: hasher.finish() }
}

fn member(addr: &Addr, run_id: Option<RunId>, tls: bool) -> Member {
    let id = run_id.map(|id| id.as_str().to_owned());
    Member { host: addr.host().to_owned(), ip: addr.ip(), port: addr.port(), id, tls }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
