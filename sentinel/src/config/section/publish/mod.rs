//! `publish`: where clients look besides the sentinels.

mod dns;
mod keys;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bongsu_publish::{ConsulSettings, EtcdSettings, ZooKeeperSettings, dns as dns_target};
use bongsu_sentinel_core::GroupName;

use super::super::field::choices;
use super::super::settings::Settings;
use super::{Entry, Fault, NamedSection};

/// The section.
pub(super) static PUBLISH: NamedSection = NamedSection {
    yaml: "publish",
    word: "publish",
    title: "Publishing",
    help: "Targets that show clients where the master is: DNS, etcd, Consul, ZooKeeper; see docs/publishing.md. Which keys a target has depends on its `type`.",
    keys: keys::KEYS,
    store: |settings, entry| {
        let target = PublishSettings::build(settings, entry)?;
        settings.publish.push(target);
        Ok(())
    },
};

choices! {
    /// What kind of target it is.
    TargetType {
        /// A zone that takes dynamic updates.
        #[default]
        Dns = "dns",
        /// An etcd cluster.
        Etcd = "etcd",
        /// Consul's store of keys.
        Consul = "consul",
        /// A ZooKeeper ensemble.
        ZooKeeper = "zookeeper",
    }
}

/// One target.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishSettings {
    /// Its name.
    pub name: String,
    /// The groups that it shows; empty: all.
    pub groups: Vec<GroupName>,
    /// How it is reached, and what is written there.
    pub target: TargetSettings,
}

/// What a target needs, by its type.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetSettings {
    /// DNS.
    Dns(Box<dns_target::Settings>),
    /// etcd.
    Etcd(Box<EtcdSettings>),
    /// Consul.
    Consul(Box<ConsulSettings>),
    /// ZooKeeper.
    ZooKeeper(Box<ZooKeeperSettings>),
}

impl TargetSettings {
    /// The word of the type.
    pub const fn kind(&self) -> TargetType {
        match self {
            Self::Dns(_) => TargetType::Dns,
            Self::Etcd(_) => TargetType::Etcd,
            Self::Consul(_) => TargetType::Consul,
            Self::ZooKeeper(_) => TargetType::ZooKeeper,
        }
    }
}

impl PublishSettings {
    /// Parses an entry.
    fn build(settings: &Settings, entry: &Entry) -> Result<Self, Fault> {
        let kind: TargetType = entry.one("type")?;
        check_keys(entry, kind)?;
        let target = match kind {
            TargetType::Dns => TargetSettings::Dns(Box::new(dns::settings(settings, entry)?)),
            TargetType::Etcd => TargetSettings::Etcd(Box::new(store::etcd(settings, entry)?)),
            TargetType::Consul => TargetSettings::Consul(Box::new(store::consul(settings, entry)?)),
            TargetType::ZooKeeper => TargetSettings::ZooKeeper(Box::new(store::zookeeper(settings, entry)?)),
        };
        Ok(Self { name: entry.name().to_owned(), groups: entry.groups()?, target })
    }

    /// Whether the target shows this group.
    pub fn covers(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|name| name.as_str() == group)
    }
}

/// Refuses keys that mean nothing for this type, and asks for those that it needs.
fn check_keys(entry: &Entry, kind: TargetType) -> Result<(), Fault> {
    for (key, _) in entry.words() {
        if !keys::applies(key.name, kind) {
            let known: Vec<&str> =
                keys::KEYS.iter().map(|known| known.name).filter(|name| keys::applies(name, kind)).collect();
            let reason = format!("has no meaning for a target of type {}", kind.as_str());
            return Err(Fault::at(key.name, 0, reason).hint(format!("allowed: {}", known.join(", "))));
        }
    }
    match keys::needed(kind).iter().find(|key| !entry.has(key)) {
        Some(key) => Err(Fault::whole(format!("missing key '{key}' of a target of type {}", kind.as_str()))),
        None => Ok(()),
    }
}

/// A number of milliseconds.
fn milliseconds(entry: &Entry, key: &'static str) -> Result<Duration, Fault> {
    entry.one(key).map(Duration::from_millis)
}
