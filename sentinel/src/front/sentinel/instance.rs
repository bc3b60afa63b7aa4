//! Masters, replicas and sentinels as `SENTINEL MASTERS`, `REPLICAS` and `SENTINELS` show them: fields and their order.

use std::time::Duration;

use bongsu_sentinel_core::{FailoverState, GroupView, InstanceView, NodeView, PeerView, ReplicaView, Shown, WriteKey};

use super::fields::Fields;
use crate::config::yes_no;

/// Scripts of a group; `None` if not configured.
#[derive(Clone, Copy, Default)]
pub(super) struct Scripts<'a> {
    pub(super) notification: Option<&'a str>,
    pub(super) reconfig: Option<&'a str>,
}

/// A master.
pub(super) fn master_fields(view: &GroupView, scripts: Scripts<'_>, announce_hostnames: bool) -> Fields {
    let mut fields = Fields::default();
    let state = (view.failover_state != FailoverState::None).then_some(view.failover_state);
    add_head(&mut fields, view.name.as_str(), &view.master.instance, state, announce_hostnames);
    add_role(&mut fields, &view.master);
    fields.add("config-epoch", view.config_epoch);
    fields.add("num-slaves", view.replica_count);
    fields.add("num-other-sentinels", view.peer_count);
    fields.add("quorum", view.options.quorum.get());
    fields.add_ms("failover-timeout", view.options.failover_timeout);
    fields.add("parallel-syncs", view.options.parallel_syncs);
    fields.add_some("notification-script", scripts.notification);
    fields.add_some("client-reconfig-script", scripts.reconfig);
    fields.add("amnesia-failover", yes_no(view.options.amnesia_failover));
    fields.add_some("write-check-key", view.options.write_check_key.as_ref().map(WriteKey::as_str));
    fields
}

/// A replica.
pub(super) fn replica_fields(view: &ReplicaView, announce_hostnames: bool) -> Fields {
    let mut fields = Fields::default();
    let instance = &view.base.instance;
    let name = Shown::new(&instance.addr, announce_hostnames).name();
    add_head(&mut fields, &name, instance, None, announce_hostnames);
    add_role(&mut fields, &view.base);
    fields.add_ms("master-link-down-time", view.master_link_down);
    fields.add("master-link-status", if view.master_link_up { "ok" } else { "err" });
    match &view.master {
        Some(master) => {
            fields.add("master-host", master.host());
            fields.add("master-port", master.port());
        }
        None => {
            fields.add("master-host", "?");
            fields.add("master-port", 0);
        }
    }
    fields.add("slave-priority", view.priority);
    fields.add("slave-repl-offset", view.base.offset);
    fields.add("replica-announced", u8::from(view.announced));
    fields
}

/// Another sentinel.
pub(super) fn peer_fields(view: &PeerView, announce_hostnames: bool) -> Fields {
    let mut fields = Fields::default();
    let name = view.instance.run_id.map(|id| id.to_string()).unwrap_or_default();
    add_head(&mut fields, &name, &view.instance, None, announce_hostnames);
    fields.add_ms("last-hello-message", view.last_hello);
    match view.voted_leader {
        Some(leader) => fields.add("voted-leader", leader),
        None => fields.add("voted-leader", "?"),
    }
    fields.add("voted-leader-epoch", view.voted_epoch);
    fields
}

fn add_head(
    fields: &mut Fields,
    name: &str,
    view: &InstanceView,
    failover: Option<FailoverState>,
    announce_hostnames: bool,
) {
    fields.add("name", name);
    fields.add("ip", view.addr.shown_host(announce_hostnames));
    fields.add("port", view.addr.port());
    fields.add("runid", view.run_id.map(|id| id.to_string()).unwrap_or_default());
    fields.add("flags", &view.flags);
    fields.add("link-pending-commands", view.pending);
    fields.add("link-refcount", view.link_refcount);
    fields.add_some("failover-state", failover.map(FailoverState::as_str));
    fields.add_ms("last-ping-sent", view.last_ping_sent);
    fields.add_ms("last-ok-ping-reply", view.last_ok_ping_reply);
    fields.add_ms("last-ping-reply", view.last_ping_reply);
    fields.add_some("s-down-time", view.sdown_for.map(|age| age.as_millis()));
    fields.add_some("o-down-time", view.odown_for.map(|age| age.as_millis()));
    fields.add_ms("down-after-milliseconds", view.down_after);
}

fn add_role(fields: &mut Fields, view: &NodeView) {
    fields.add_ms("info-refresh", view.info_age.unwrap_or(Duration::ZERO));
    fields.add("role-reported", view.role_reported.as_str());
    fields.add_ms("role-reported-time", view.role_reported_for);
}

#[cfg(test)]
mod tests {
    use bongsu_sentinel_core::{Addr, Epoch, GroupId, GroupName, GroupOptions, LinkId, NodeId, Quorum, Role, Tunables};

    use super::*;

    const HEAD: [&str; 11] = [
        "name",
        "ip",
        "port",
        "runid",
        "flags",
        "link-pending-commands",
        "link-refcount",
        "last-ping-sent",
        "last-ok-ping-reply",
        "last-ping-reply",
        "down-after-milliseconds",
    ];

    fn instance(host: &str) -> InstanceView {
        InstanceView {
            link: LinkId(1),
            addr: Addr::new(host, 6379).expect("valid"),
            run_id: None,
            flags: "master".to_owned(),
            sdown: false,
            disconnected: false,
            pending: 0,
            link_refcount: 1,
            last_ping_sent: Duration::ZERO,
            last_ok_ping_reply: Duration::from_millis(12),
            last_ping_reply: Duration::from_millis(12),
            sdown_for: None,
            odown_for: None,
            down_after: Duration::from_secs(30),
        }
    }

    fn node(host: &str) -> NodeView {
        NodeView {
            instance: instance(host),
            node: NodeId(1),
            info_age: None,
            role_reported: Role::Master,
            role_reported_for: Duration::from_secs(1),
            offset: 42,
            replid: None,
            keys: None,
        }
    }

    fn group() -> GroupView {
        GroupView {
            id: GroupId(1),
            name: GroupName::parse("mymaster").expect("valid"),
            master: node("10.0.0.1"),
            current_addr: Addr::new("10.0.0.1", 6379).expect("valid"),
            odown: false,
            failover_state: FailoverState::None,
            failover_epoch: Epoch::ZERO,
            config_epoch: Epoch(3),
            leader_epoch: Epoch::ZERO,
            leader: None,
            replica_count: 2,
            peer_count: 4,
            options: GroupOptions::new(Quorum::new(2).expect("not zero"), &Tunables::default()),
        }
    }

    #[test]
    fn a_healthy_master_has_its_peer_count_at_flat_position_33() {
        let fields = master_fields(&group(), Scripts::default(), false);
        let tail = ["info-refresh", "role-reported", "role-reported-time", "config-epoch", "num-slaves"];
        let rest = ["num-other-sentinels", "quorum", "failover-timeout", "parallel-syncs", "amnesia-failover"];
        assert_eq!(fields.names(), [&HEAD[..], &tail, &rest].concat());
        assert_eq!(fields.names().iter().position(|name| *name == "num-other-sentinels"), Some((33 - 1) / 2));
        assert_eq!(fields.get("runid"), Some(""));
        assert_eq!(fields.get("info-refresh"), Some("0"));
    }

    #[test]
    fn a_failing_master_shows_times_state_and_scripts() {
        let mut view = group();
        view.failover_state = FailoverState::SelectReplica;
        view.master.instance.sdown_for = Some(Duration::from_millis(1500));
        view.options.amnesia_failover = false;
        view.master.instance.odown_for = Some(Duration::from_millis(500));
        let fields = master_fields(&view, Scripts { notification: Some("/n"), reconfig: Some("/r") }, false);
        assert_eq!(fields.get("failover-state"), Some("select_slave"));
        assert_eq!(fields.get("amnesia-failover"), Some("no"));
        assert_eq!(fields.names()[7..10], ["failover-state", "last-ping-sent", "last-ok-ping-reply"]);
        assert_eq!(fields.names()[11..14], ["s-down-time", "o-down-time", "down-after-milliseconds"]);
        assert!(fields.names().ends_with(&["notification-script", "client-reconfig-script", "amnesia-failover"]));
    }

    #[test]
    fn a_replica_is_named_by_its_address() {
        let view = ReplicaView {
            base: node("fe80::1"),
            master_link_down: Duration::from_secs(2),
            master_link_up: false,
            master: None,
            priority: 100,
            announced: true,
        };
        let fields = replica_fields(&view, false);
        let tail =
            ["info-refresh", "role-reported", "role-reported-time", "master-link-down-time", "master-link-status"];
        let rest = ["master-host", "master-port", "slave-priority", "slave-repl-offset", "replica-announced"];
        assert_eq!(fields.names(), [&HEAD[..], &tail, &rest].concat());
        assert_eq!(fields.get("name"), Some("[fe80::1]:6379"));
        assert_eq!(fields.get("master-host"), Some("?"));
        assert_eq!(fields.get("master-link-status"), Some("err"));
        assert_eq!(fields.get("slave-repl-offset"), Some("42"));
    }

    #[test]
    fn a_peer_tells_its_vote() {
        let view = PeerView {
            instance: instance("10.0.0.2"),
            last_hello: Duration::from_millis(7),
            voted_leader: None,
            voted_epoch: Epoch(9),
        };
        let fields = peer_fields(&view, false);
        assert_eq!(fields.names(), [&HEAD[..], &["last-hello-message", "voted-leader", "voted-leader-epoch"]].concat());
        assert_eq!(fields.get("voted-leader"), Some("?"));
        assert_eq!(fields.get("voted-leader-epoch"), Some("9"));
    }
}
