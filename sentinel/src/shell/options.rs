//! What the shell reads from the settings, in one place.

use std::net::IpAddr;
use std::path::Path;

use crate::config::{Renames, Settings};

/// What a link presents with `AUTH`.
pub(super) struct Credentials<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) password: &'a [u8],
}

/// The group's `notification-script`.
pub(super) fn notification_script(settings: &Settings, group: &str) -> Option<String> {
    script(settings.master(group)?.notification_script.as_deref())
}

/// The group's `client-reconfig-script`.
pub(super) fn reconfig_script(settings: &Settings, group: &str) -> Option<String> {
    script(settings.master(group)?.client_reconfig_script.as_deref())
}

/// Scripts are shown under the path as configured; where that begins is up to [`Settings::path`].
fn script(path: Option<&Path>) -> Option<String> {
    path.map(|path| path.to_string_lossy().into_owned())
}

/// Credentials towards the data nodes of a group.
pub(super) fn group_credentials<'a>(settings: &'a Settings, group: &str) -> Option<Credentials<'a>> {
    let master = settings.master(group)?;
    let password = master.auth_pass.as_ref()?.expose();
    Some(Credentials { user: master.auth_user.as_deref(), password })
}

/// Credentials towards peers.
pub(super) fn peer_credentials(settings: &Settings) -> Option<Credentials<'_>> {
    let (user, password) = settings.peer_credentials()?;
    Some(Credentials { user, password: password.expose() })
}

/// Renamed commands of the group's nodes, if there are any.
pub(super) fn renames<'a>(settings: &'a Settings, group: &str) -> Option<&'a Renames> {
    settings.master(group).map(|master| &master.renames).filter(|renames| !renames.is_empty())
}

/// True if any group renames a command.
pub(super) fn has_renames(settings: &Settings) -> bool {
    settings.masters.values().any(|master| !master.renames.is_empty())
}

/// The port that hello messages carry.
pub(super) const fn announced_port(settings: &Settings) -> u16 {
    let server = &settings.server;
    match settings.announce_port {
        0 if server.tls_replication && server.tls_port != 0 => server.tls_port,
        0 => server.port,
        port => port,
    }
}

/// The local address of outgoing links.
pub(super) fn source_addr(settings: &Settings) -> Option<IpAddr> {
    settings.server.bind_source_addr.as_deref()?.parse().ok()
}

/// All outgoing links use TLS.
pub(super) const fn uses_tls(settings: &Settings) -> bool {
    settings.server.tls_replication
}
