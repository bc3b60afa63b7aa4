//! `MASTERS`, `MASTER`, `REPLICAS`, `SENTINELS`, `GET-MASTER-ADDR-BY-NAME`.

use std::path::Path;

use bongsu_protocol::resp::Writer;
use bongsu_sentinel_core::{GroupView, Shown};

use super::NO_SUCH_MASTER;
use super::fields::Fields;
use super::instance::{Scripts, master_fields, peer_fields, replica_fields};
use crate::shell::Shell;

pub(super) fn write_masters(shell: &Shell, out: &mut Writer<'_>) {
    let (groups, announce_hostnames) = shell.with_core(|core, now| (core.groups(now), core.announce_hostnames()));
    out.array(groups.len());
    for group in &groups {
        fields_of(shell, group, announce_hostnames).write(out);
    }
}

pub(super) fn write_master(shell: &Shell, name: &str, out: &mut Writer<'_>) {
    let (group, announce_hostnames) = shell.with_core(|core, now| (core.group(now, name), core.announce_hostnames()));
    match group {
        Some(group) => fields_of(shell, &group, announce_hostnames).write(out),
        None => out.error(NO_SUCH_MASTER),
    }
}

fn fields_of(shell: &Shell, group: &GroupView, announce_hostnames: bool) -> Fields {
    let settings = shell.settings();
    let own = settings.master(group.name.as_str());
    let text = |path: Option<&Path>| path.map(|path| path.to_string_lossy().into_owned());
    let notification = text(own.and_then(|own| own.notification_script.as_deref()));
    let reconfig = text(own.and_then(|own| own.client_reconfig_script.as_deref()));
    let scripts = Scripts { notification: notification.as_deref(), reconfig: reconfig.as_deref() };
    master_fields(group, scripts, announce_hostnames)
}

/// Replicas that do not want to be announced are left out.
pub(super) fn write_replicas(shell: &Shell, name: &str, out: &mut Writer<'_>) {
    let (replicas, announce_hostnames) =
        shell.with_core(|core, now| (core.replicas(now, name), core.announce_hostnames()));
    let Some(mut replicas) = replicas else { return out.error(NO_SUCH_MASTER) };
    replicas.retain(|replica| replica.announced);
    out.array(replicas.len());
    for replica in &replicas {
        replica_fields(replica, announce_hostnames).write(out);
    }
}

pub(super) fn write_sentinels(shell: &Shell, name: &str, out: &mut Writer<'_>) {
    let (peers, announce_hostnames) = shell.with_core(|core, now| (core.peers(now, name), core.announce_hostnames()));
    let Some(peers) = peers else { return out.error(NO_SUCH_MASTER) };
    out.array(peers.len());
    for peer in &peers {
        peer_fields(peer, announce_hostnames).write(out);
    }
}

pub(super) fn write_addr(shell: &Shell, name: &str, out: &mut Writer<'_>) {
    let addr =
        shell.with_core(|core, _| core.current_addr(name).map(|addr| Shown::new(&addr, core.announce_hostnames())));
    match addr {
        Some(addr) => {
            out.array(2);
            out.bulk(addr.host);
            out.bulk(addr.port.to_string());
        }
        None => out.null_array(),
    }
}
