//! Links to data nodes and to peer sentinels.

use std::rc::Rc;
use std::time::Duration;

use bongsu_sentinel_core::{Addr, Channel, GroupId, LinkId, Request, RequestId, Time};

use super::Shell;

pub(super) struct Links {}

impl Links {
    pub(super) fn new() -> Self {
        Self {}
    }

    pub(super) fn uses_host(&self, _host: &str) -> bool {
        false
    }

    pub(super) fn info_cache(&self, _now: Time, _link: LinkId) -> Option<(Duration, Rc<str>)> {
        None
    }

    pub(super) fn malformed_hellos(&self) -> u64 {
        0
    }

    pub(super) fn flush(&self, _shell: &Shell) {}
}

pub(super) fn connect(_shell: &Shell, _link: LinkId, _channel: Channel, _to: Addr, _group: Option<GroupId>) {}
pub(super) fn close(_shell: &Shell, _link: LinkId, _channel: Channel) {}
pub(super) fn drop_link(_shell: &Shell, _link: LinkId) {}
pub(super) fn send(_shell: &Shell, _link: LinkId, _id: RequestId, _request: &Request) {}
