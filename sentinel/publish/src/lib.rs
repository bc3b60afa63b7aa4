//! Where clients look besides the sentinels: which node is the master, written to DNS, etcd, Consul and ZooKeeper.
//!
//! A [`Target`] can be read, written under the condition that it still holds what was read, and verified. Whether it is to be
//! written, when, and by whom is not decided here. What is written is a [`Record`], which carries the epoch of the
//! configuration that it shows: nobody who compares before writing can replace a newer one with an older one.

mod consul;
pub mod dns;
mod error;
mod etcd;
mod keyvalue;
mod net;
mod record;
mod secret;
mod settings;
mod target;
mod zookeeper;

pub use consul::{Consul, ConsulName, ConsulSettings};
pub use error::TargetError;
pub use etcd::{Etcd, EtcdSettings, EtcdUser};
pub use keyvalue::{KeyValue, Layout, Prefix, Revisions, Stored};
pub use net::{Endpoint, Endpoints, Patience, TlsFiles};
pub use record::{Member, Publisher, RECORD_MAX, Record, RecordError};
pub use secret::Secret;
pub use settings::SettingsError;
pub use target::{Holds, Seen, Target, Witness, WitnessKind, Written};
pub use zookeeper::{ZooKeeper, ZooKeeperAcl, ZooKeeperSettings, ZooKeeperUser};
