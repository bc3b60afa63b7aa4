//! What is needed to publish to ZooKeeper.

use crate::keyvalue::{Layout, Prefix};
use crate::net::{Endpoints, Patience, TlsFiles};
use crate::{Secret, SettingsError};

/// What is needed to publish to a ZooKeeper ensemble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZooKeeperSettings {
    /// Its servers, [`Endpoint::from_host`](crate::Endpoint::from_host) with port 2181, or the secure port where there is TLS.
    pub endpoints: Endpoints,
    /// Needed where the endpoints are made with TLS.
    pub tls: Option<TlsFiles>,
    /// For the scheme `digest`.
    pub user: Option<ZooKeeperUser>,
    /// A node below which everything lies, as in a connection string. It must exist.
    pub chroot: Option<Prefix>,
    /// Who may use the nodes that are created.
    pub acl: ZooKeeperAcl,
    /// Where the records lie. Nodes of the prefix that are missing are created.
    pub layout: Layout,
    /// Time limits.
    pub patience: Patience,
}

/// Name and password of the scheme `digest`. ZooKeeper accepts any: a wrong one only fails to open what is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZooKeeperUser {
    /// Name, without a colon.
    pub name: String,
    /// Password.
    pub password: Secret,
}

/// Who may use the nodes that are created; those that exist keep their list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZooKeeperAcl {
    /// Everybody may do everything: `world:anyone:cdrwa`.
    #[default]
    Open,
    /// The user may do everything, everybody may read.
    OwnerWrites,
    /// Only the user may do anything.
    OwnerOnly,
}

impl ZooKeeperSettings {
    /// Whether the parts fit together.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let unfit = |what, reason| Err(SettingsError::Credentials { what, reason });
        match &self.user {
            Some(user) if user.name.is_empty() => unfit("name of the user", "is empty"),
            Some(user) if user.name.contains(':') => unfit("name of the user", "holds a colon"),
            None if self.acl != ZooKeeperAcl::Open => unfit("list of access", "names the user, but there is none"),
            _ => Ok(()),
        }
    }
}
