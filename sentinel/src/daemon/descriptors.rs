//! File descriptors: as many as are needed, and how they are shared.

use bongsu_process::log::Log;
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::config::Settings;

/// Descriptors for links: two for each node of the largest supported fleet, and as many again. Not simply all that the system
/// allows: scripts inherit the limit, and programs exist that close every descriptor up to it one by one.
const LINKS: u64 = 32 * 1024;

/// Raises the limit of this process to what clients and links may need, as far as the system allows.
pub(super) fn raise(settings: &Settings, log: &Log) {
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = LINKS + u64::from(settings.server.maxclients);
    let allowed = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|current| current < allowed) {
        limit.current = Some(allowed);
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            log.warning(format_args!("The limit of open files could not be raised: {error}"));
        }
    }
    let clients = crate::front::clients_max(settings);
    if clients < u64::from(settings.server.maxclients) {
        log.warning(format_args!(
            "You requested maxclients of {} requiring at least {wanted} max file descriptors. Current maximum open files is {}. \
             maxclients has been reduced to {clients} to compensate for low ulimit.",
            settings.server.maxclients,
            allowed,
        ));
    }
}
