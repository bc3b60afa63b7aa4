//! A configured target, and which groups it shows.

use bongsu_publish::dns::DnsTarget;
use bongsu_publish::{Consul, Etcd, SettingsError, ZooKeeper};
use tokio::sync::Semaphore;

use crate::config::{PublishSettings, TargetSettings};

/// Steps under way at one target at the same time. A failover of many groups should not open a connection for each of them, and
/// one that hangs should not hold up the others for long.
const AT_ONCE_MAX: usize = 64;

/// A target with its name.
pub(super) struct Outlet {
    settings: PublishSettings,
    pub(super) transport: Transport,
    pub(super) at_once: Semaphore,
}

/// How a target is spoken to.
pub(super) enum Transport {
    Dns(DnsTarget),
    Etcd(Etcd),
    Consul(Consul),
    ZooKeeper(ZooKeeper),
}

impl Outlet {
    /// Connects to nobody yet.
    pub(super) fn new(settings: &PublishSettings) -> Result<Self, SettingsError> {
        let transport = match settings.target.clone() {
            TargetSettings::Dns(settings) => Transport::Dns(DnsTarget::new(*settings)),
            TargetSettings::Etcd(settings) => Transport::Etcd(Etcd::new(*settings)?),
            TargetSettings::Consul(settings) => Transport::Consul(Consul::new(*settings)?),
            TargetSettings::ZooKeeper(settings) => Transport::ZooKeeper(ZooKeeper::new(*settings)?),
        };
        Ok(Self { settings: settings.clone(), transport, at_once: Semaphore::new(AT_ONCE_MAX) })
    }

    /// The name that the operator gave it.
    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    /// `dns`, `etcd`, `consul` or `zookeeper`.
    pub(super) const fn kind(&self) -> &'static str {
        self.settings.target.kind().as_str()
    }

    /// Whether the group is shown there.
    pub(super) fn covers(&self, group: &str) -> bool {
        self.settings.covers(group)
    }
}
