//! Events: the lines of the log, the messages of pub/sub, the arguments of notification scripts.
//!
//! Names and payloads are those of Sentinel (`SENTINEL` documentation, "Pub/Sub messages"); clients parse them.

use crate::types::{Addr, GroupName, RunId};

/// Log level of an event; decides what happens with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// Logged only.
    Debug,
    /// Logged and published.
    Verbose,
    /// Logged and published.
    Notice,
    /// Logged, published, and handed to the notification script if an instance is concerned.
    Warning,
}

/// Whom an event is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// `master <name> <ip> <port>`.
    Master {
        /// The group.
        group: GroupName,
        /// The master's address as shown.
        addr: Shown,
    },
    /// `slave <ip:port> <ip> <port> @ <mastername> <masterip> <masterport>`.
    Replica {
        /// The replica's address as shown.
        addr: Shown,
        /// The group.
        group: GroupName,
        /// The master's address as shown.
        master: Shown,
    },
    /// `sentinel <runid> <ip> <port> @ <mastername> <masterip> <masterport>`.
    Sentinel {
        /// The peer.
        run_id: RunId,
        /// The peer's address as shown.
        addr: Shown,
        /// The group.
        group: GroupName,
        /// The master's address as shown.
        master: Shown,
    },
}

/// An address as it is shown outside (name or IP by `announce-hostnames`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// Name or IP.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl Shown {
    /// Renders `addr` under the given `announce-hostnames`.
    pub fn new(addr: &Addr, announce_hostnames: bool) -> Self {
        Self { host: addr.shown_host(announce_hostnames), port: addr.port() }
    }

    /// `host:port`, with brackets around an IPv6 address.
    pub fn name(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl Subject {
    /// The group that the subject belongs to.
    pub const fn group(&self) -> &GroupName {
        match self {
            Self::Master { group, .. } | Self::Replica { group, .. } | Self::Sentinel { group, .. } => group,
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Master { group, addr } => format!("master {group} {} {}", addr.host, addr.port),
            Self::Replica { addr, group, master } => {
                format!("slave {} {} {} @ {group} {} {}", addr.name(), addr.host, addr.port, master.host, master.port)
            }
            Self::Sentinel { run_id, addr, group, master } => {
                format!("sentinel {run_id} {} {} @ {group} {} {}", addr.host, addr.port, master.host, master.port)
            }
        }
    }
}

/// Something worth telling.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// The pub/sub channel, e.g. `+sdown`.
    pub name: &'static str,
    /// What happens with it.
    pub level: Level,
    /// Whom it is about, if an instance.
    pub subject: Option<Subject>,
    /// The group concerned, if one; its notification script hears of warnings.
    pub group: Option<GroupName>,
    /// What follows the subject, without a leading space; the whole payload if there is no subject.
    pub detail: String,
}

impl Event {
    /// Longest payload in bytes, as in Sentinel; longer ones are cut.
    pub const MAX_PAYLOAD: usize = 1024;

    /// An event about an instance.
    pub fn about(name: &'static str, level: Level, subject: Subject, detail: impl Into<String>) -> Self {
        let group = Some(subject.group().clone());
        Self { name, level, subject: Some(subject), group, detail: detail.into() }
    }

    /// An event about a group whose payload does not start with an instance (`+switch-master`, `+new-epoch`).
    pub fn of_group(name: &'static str, level: Level, group: GroupName, detail: impl Into<String>) -> Self {
        Self { name, level, subject: None, group: Some(group), detail: detail.into() }
    }

    /// An event about the sentinel itself.
    pub fn plain(name: &'static str, level: Level, detail: impl Into<String>) -> Self {
        Self { name, level, subject: None, group: None, detail: detail.into() }
    }

    /// The message as published.
    pub fn payload(&self) -> String {
        let mut text = match &self.subject {
            None => self.detail.clone(),
            Some(s) if self.detail.is_empty() => s.describe(),
            Some(s) => format!("{} {}", s.describe(), self.detail),
        };
        if text.len() > Self::MAX_PAYLOAD {
            let cut = (0..=Self::MAX_PAYLOAD).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
            text.truncate(cut);
        }
        text
    }

    /// True if the group's notification script is to be run with this event.
    pub const fn notifies(&self) -> bool {
        matches!(self.level, Level::Warning) && self.group.is_some()
    }

    /// True if the event is published to subscribers.
    pub const fn is_published(&self) -> bool {
        !matches!(self.level, Level::Debug)
    }
}
