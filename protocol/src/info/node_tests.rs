use super::super::ReplicaState;
use super::*;

const MASTER: &[u8] = include_bytes!("../../testdata/info-master.txt");
const REPLICA: &[u8] = include_bytes!("../../testdata/info-replica.txt");

#[test]
fn a_real_master() {
    let info = NodeInfo::parse(MASTER);
    assert_eq!(info.redis_version.as_deref(), Some("7.0.15"));
    assert_eq!(info.run_id.as_deref().map(str::len), Some(ID_LEN));
    assert_eq!(info.role, Some(NodeRole::Master));
    assert_eq!(info.master_link, MasterLink::default());
    assert_eq!(info.master_repl_offset, Some(100));
    assert_eq!(info.second_repl_offset, Some(-1));
    assert_eq!(info.master_replid.as_deref(), Some("47a901920346deb5744cd4b44e21bb8d5908f841"));
    assert_eq!(info.master_replid2, None);
    assert_eq!((info.keys, info.loading, info.uptime_seconds), (Some(2), Some(false), Some(5)));
    assert_eq!((info.aof_enabled, info.rdb_last_bgsave_ok), (Some(false), Some(true)));
    let [replica] = info.replicas.as_slice() else { panic!("one replica expected: {:?}", info.replicas) };
    assert_eq!((replica.host.as_str(), replica.port, replica.state), ("127.0.0.1", 17312, ReplicaState::Online));
    assert!(replica.offset.is_some() && replica.lag_seconds.is_some());
}

#[test]
fn a_real_replica() {
    let info = NodeInfo::parse(REPLICA);
    assert_eq!(info.role, Some(NodeRole::Replica));
    let link = &info.master_link;
    assert_eq!((link.host.as_deref(), link.port, link.up), (Some("127.0.0.1"), Some(17311), true));
    assert_eq!((link.down_since_seconds, link.sync_in_progress), (None, false));
    assert_eq!((info.replica_priority, info.replica_offset), (Some(100), Some(100)));
    assert_eq!((info.replica_announced, info.replica_read_only), (Some(true), Some(true)));
    assert_eq!(info.master_failover_state.as_deref(), Some("no-failover"));
    assert_eq!(info.keys, Some(2));
}

#[test]
fn a_link_that_was_never_up() {
    let info = NodeInfo::parse(
        b"role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:down\r\n\
          master_sync_in_progress:1\r\nmaster_link_down_since_seconds:-1\r\nloading:1\r\nloading_eta_seconds:7\r\n",
    );
    assert_eq!(
        info.master_link,
        MasterLink {
            host: Some("10.0.0.1".to_owned()),
            port: Some(6379),
            up: false,
            down_since_seconds: Some(-1),
            sync_in_progress: true,
        }
    );
    assert_eq!((info.loading, info.loading_eta_seconds), (Some(true), Some(7)));
}

#[test]
fn master_fields_count_only_after_the_role() {
    let info = NodeInfo::parse(b"master_host:10.0.0.1\nrole:slave\nmaster_port:1\n");
    assert_eq!((info.master_link.host, info.master_link.port), (None, Some(1)));
}

#[test]
fn junk_is_left_out() {
    let info = NodeInfo::parse(
        b"\xff\xfe\nrole:king\nrun_id:short\nuptime_in_seconds:-1\nslave0:ip=,port=x\nslave_x:1\ndb0:keys=x\n\
          redis_version:\x1b[2J\nmaster_replid:\nloading:yes\ndbx:keys=5\nslave1",
    );
    assert_eq!(info, NodeInfo::default());
}

#[test]
fn an_empty_data_set_differs_from_an_unknown_one() {
    assert_eq!(NodeInfo::parse(b"# Keyspace\r\n").keys, Some(0));
    assert_eq!(NodeInfo::parse(b"# Server\r\n").keys, None);
    assert_eq!(NodeInfo::parse(b"# Keyspace\r\ndb0:keys=18446744073709551615\r\ndb1:keys=5\r\n").keys, Some(u64::MAX));
}

#[test]
fn a_forged_list_of_replicas_is_cut() {
    let text: String = (0..5000).map(|index| format!("slave{index}:ip=h,port=1,state=online\n")).collect();
    assert_eq!(NodeInfo::parse(text.as_bytes()).replicas.len(), REPLICAS_MAX);
}
