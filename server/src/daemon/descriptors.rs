//! File descriptors: as many as there may be clients.

use bongsu_process::log::Log;
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::config::Config;
use crate::config::Directive;

/// Descriptors that are not clients': listeners, files, the log.
const RESERVED: u64 = 32;

/// Raises the limit of this process so that there may be so many clients, as far as the system allows. How many there may be.
pub(crate) fn raise_for(clients: usize) -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = clients as u64 + RESERVED;
    let allowed = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|current| current < allowed) {
        limit.current = Some(allowed);
        // What could not be had shows in the limit that there is then.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let got = getrlimit(Resource::Nofile).current.unwrap_or(wanted).min(wanted);
    usize::try_from(got.saturating_sub(RESERVED)).unwrap_or(usize::MAX)
}

/// At the start: makes room for `maxclients`, or lowers it.
pub(super) fn fit(config: &mut Config, log: &Log) {
    let wanted = config.size(Directive::Maxclients);
    let possible = raise_for(wanted).max(1);
    if possible < wanted {
        log.warning(format_args!(
            "You requested maxclients of {wanted} requiring at least {} max file descriptors. maxclients has been reduced to \
             {possible} to compensate for low ulimit.",
            wanted as u64 + RESERVED
        ));
        config.limit_clients(possible);
    }
}
