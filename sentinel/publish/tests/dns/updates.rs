//! Reading and writing, the same against each server.

use bongsu_publish::{Holds, Record, Target, Written};
use hickory_proto::rr::RData;
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::{A, TXT};

use crate::given::{GUARD, NAME, holds, member, publish, read, record, target};
use crate::raw;
use crate::servers::{PRIMARY, Server, free_port};

async fn bind() -> Server {
    Server::bind_primary(PRIMARY, free_port(), None).await
}

async fn knot() -> Server {
    Server::knot(free_port()).await
}

/// One test for BIND and one for Knot.
macro_rules! with_each_server {
    ($($case:ident),* $(,)?) => {
        mod with_bind { $( #[tokio::test] async fn $case() { super::$case(&super::bind().await).await } )* }
        mod with_knot { $( #[tokio::test] async fn $case() { super::$case(&super::knot().await).await } )* }
    };
}

with_each_server!(
    the_first_record_and_a_move,
    everything_optional_is_written,
    what_was_changed_is_repaired_at_the_same_epoch,
    what_changed_since_the_read_is_not_overwritten,
    of_two_with_one_token_one_succeeds,
    whoever_saw_what_stands_there_may_write_over_it,
    foreign_addresses_stay,
    the_guard_of_another_group_stays,
    over_udp,
);

async fn the_first_record_and_a_move(server: &Server) {
    let target = target(server, &[]);
    let first = record(1, "10.0.0.1");
    let seen = read(&target, &first).await;
    assert_eq!(seen.holds, Holds::Nothing);
    assert_eq!(target.write(&seen.token, &first).await.unwrap(), Written::Done);
    assert_eq!(raw::texts(server.address, NAME, RecordType::A).await, ["10.0.0.1"]);
    assert_eq!(read(&target, &first).await.holds, holds(1, "10.0.0.1", true));

    let second = record(2, "10.0.0.2");
    let seen = read(&target, &second).await;
    assert_eq!(seen.holds, holds(1, "10.0.0.1", false));
    assert_eq!(target.write(&seen.token, &second).await.unwrap(), Written::Done);
    assert_eq!(raw::texts(server.address, NAME, RecordType::A).await, ["10.0.0.2"]);
    assert_eq!(read(&target, &second).await.holds, holds(2, "10.0.0.2", true));

    // Who knows the old epoch only learns that it is superseded.
    assert_eq!(read(&target, &first).await.holds, holds(2, "10.0.0.2", false));
}

async fn everything_optional_is_written(server: &Server) {
    let target = target(server, &[("srv", "yes"), ("replicas", "yes")]);
    let replicas = |ips: &[&str]| ips.iter().map(|ip| member(ip)).collect();
    let old = Record { replicas: replicas(&["10.0.0.1", "fd00::2"]), ..record(1, "10.0.0.3") };
    publish(&target, &old).await;
    // Addresses of both families change places.
    let new = Record { replicas: replicas(&["10.0.0.1", "10.0.0.3"]), ..record(2, "fd00::2") };
    publish(&target, &new).await;
    assert!(matches!(read(&target, &new).await.holds, Holds::Record { agrees: true, .. }));
    assert_eq!(raw::texts(server.address, NAME, RecordType::A).await, [""; 0]);
    assert_eq!(raw::texts(server.address, NAME, RecordType::AAAA).await, ["fd00::2"]);
    let of_replicas = format!("replicas.{NAME}");
    assert_eq!(raw::texts(server.address, &of_replicas, RecordType::A).await, ["10.0.0.1", "10.0.0.3"]);
    assert_eq!(raw::texts(server.address, &of_replicas, RecordType::AAAA).await, [""; 0]);
    let service = raw::texts(server.address, &format!("_redis._tcp.{NAME}"), RecordType::SRV).await;
    assert_eq!(service, [format!("0 0 6379 {NAME}.")]);
}

async fn what_was_changed_is_repaired_at_the_same_epoch(server: &Server) {
    let target = target(server, &[]);
    let wanted = record(3, "10.0.0.1");
    publish(&target, &wanted).await;
    let wrong = vec![RData::A(A([10, 0, 0, 9].into()))];
    let edited = [(5, wrong, "10.0.0.9"), (5, Vec::new(), "no address")];
    for (ttl, data, shown) in edited {
        raw::edit(server, NAME, RecordType::A, ttl, data).await;
        let seen = read(&target, &wanted).await;
        let primary = format!("{shown} (guarded: 10.0.0.1:6379)");
        assert_eq!(seen.holds, Holds::Record { epoch: 3, primary, agrees: false });
        assert_eq!(target.write(&seen.token, &wanted).await.unwrap(), Written::Done);
        assert_eq!(read(&target, &wanted).await.holds, holds(3, "10.0.0.1", true));
    }
    raw::edit(server, NAME, RecordType::A, 600, vec![RData::A(A([10, 0, 0, 1].into()))]).await;
    assert_eq!(read(&target, &wanted).await.holds, holds(3, "10.0.0.1", false), "the TTL is another one");
    publish(&target, &wanted).await;
    assert_eq!(read(&target, &wanted).await.holds, holds(3, "10.0.0.1", true));
}

async fn what_changed_since_the_read_is_not_overwritten(server: &Server) {
    let target = target(server, &[]);
    publish(&target, &record(1, "10.0.0.1")).await;
    let wanted = record(2, "10.0.0.2");

    // The guard, by hand.
    let token = read(&target, &wanted).await.token;
    let guard = ["v1", "epoch=9", "group=g", "primary=10.0.0.9:6379", "by=hand"].map(str::to_owned);
    raw::edit(server, GUARD, RecordType::TXT, 5, vec![RData::TXT(TXT::new(guard.to_vec()))]).await;
    assert_eq!(target.write(&token, &wanted).await.unwrap(), Written::Lost);
    let seen = read(&target, &wanted).await;
    assert_eq!(
        seen.holds,
        Holds::Record { epoch: 9, primary: "10.0.0.1 (guarded: 10.0.0.9:6379)".into(), agrees: false }
    );

    // Only the address, by hand; then everything.
    let newer = record(10, "10.0.0.2");
    let token = seen.token;
    raw::edit(server, NAME, RecordType::A, 5, vec![RData::A(A([10, 0, 0, 8].into()))]).await;
    assert_eq!(target.write(&token, &newer).await.unwrap(), Written::Lost);
    let token = read(&target, &newer).await.token;
    raw::edit(server, NAME, RecordType::A, 5, Vec::new()).await;
    raw::edit(server, GUARD, RecordType::TXT, 5, Vec::new()).await;
    assert_eq!(target.write(&token, &newer).await.unwrap(), Written::Lost);
    assert_eq!(raw::texts(server.address, NAME, RecordType::A).await, [""; 0]);
    publish(&target, &newer).await;
    assert_eq!(read(&target, &newer).await.holds, holds(10, "10.0.0.2", true));
}

async fn of_two_with_one_token_one_succeeds(server: &Server) {
    let (one, two) = (target(server, &[]), target(server, &[]));
    for epoch in 1..20 {
        let (left, right) = (record(epoch, "10.0.0.1"), record(epoch, "10.0.0.2"));
        let token = read(&one, &left).await.token;
        let (left, right) = tokio::join!(one.write(&token, &left), two.write(&token, &right));
        let (left, right) = (left.unwrap(), right.unwrap());
        assert_ne!(left, right, "epoch {epoch}");
        let stands = if left == Written::Done { "10.0.0.1" } else { "10.0.0.2" };
        assert_eq!(raw::texts(server.address, NAME, RecordType::A).await, [stands]);
    }
}

/// Whether to write over a newer epoch or over what others left is decided by who saw it (an operator may want it).
async fn whoever_saw_what_stands_there_may_write_over_it(server: &Server) {
    let target = target(server, &[("name", "one.redis.example.org")]);
    let name = "one.redis.example.org";
    raw::edit(server, name, RecordType::A, 60, vec![RData::A(A([192, 0, 2, 1].into()))]).await;
    publish(&target, &record(7, "10.0.0.7")).await;
    assert_eq!(read(&target, &record(7, "10.0.0.7")).await.holds, holds(7, "10.0.0.7", true));

    let older = record(6, "10.0.0.6");
    assert_eq!(read(&target, &older).await.holds, holds(7, "10.0.0.7", false));
    publish(&target, &older).await;
    assert_eq!(read(&target, &older).await.holds, holds(6, "10.0.0.6", true));

    let other = Record { group: "h".to_owned(), ..record(2, "10.0.0.2") };
    publish(&target, &other).await;
    assert_eq!(read(&target, &other).await.holds, holds(2, "10.0.0.2", true));
    assert_eq!(raw::texts(server.address, name, RecordType::A).await, ["10.0.0.2"]);
}

async fn foreign_addresses_stay(server: &Server) {
    let wanted = record(1, "10.0.0.1");
    raw::edit(server, NAME, RecordType::A, 60, vec![RData::A(A([192, 0, 2, 1].into()))]).await;
    let held = read(&target(server, &[]), &wanted).await.holds;
    assert_eq!(held, Holds::Foreign { what: format!("{NAME}. A 192.0.2.1 without a guard") });

    let taking = target(server, &[("adopt", "yes")]);
    assert_eq!(read(&taking, &wanted).await.holds, Holds::Nothing);
    publish(&taking, &wanted).await;
    assert_eq!(raw::texts(server.address, NAME, RecordType::A).await, ["10.0.0.1"]);
}

async fn the_guard_of_another_group_stays(server: &Server) {
    let one_name = [("name", "one.redis.example.org"), ("adopt", "yes")];
    let target = target(server, &one_name);
    publish(&target, &record(1, "10.0.0.1")).await;
    let other = Record { group: "h".to_owned(), ..record(2, "10.0.0.2") };
    let held = read(&target, &other).await.holds;
    assert_eq!(held, Holds::Foreign { what: "the record of another group, \"g\"".to_owned() });
}

async fn over_udp(server: &Server) {
    let target = target(server, &[("transport", "udp"), ("replicas", "yes")]);
    publish(&target, &record(1, "10.0.0.1")).await;
    assert_eq!(read(&target, &record(1, "10.0.0.1")).await.holds, holds(1, "10.0.0.1", true));
    // Longer than a datagram: the update goes over TCP, and truncated answers are asked for again there.
    let replicas = (0..200_u32).map(|n| member(&std::net::Ipv4Addr::from(0x0a01_0000 + n).to_string())).collect();
    let many = Record { replicas, ..record(2, "10.0.0.2") };
    publish(&target, &many).await;
    assert_eq!(read(&target, &many).await.holds, holds(2, "10.0.0.2", true));
    let shown = raw::ask(server.address, &format!("replicas.{NAME}"), RecordType::A).await.unwrap();
    assert!(shown.truncation, "{} records fit into a datagram", shown.answers.len());
    let last = Record { replicas: Vec::new(), ..record(3, "10.0.0.3") };
    publish(&target, &last).await;
    assert_eq!(read(&target, &last).await.holds, holds(3, "10.0.0.3", true));
}
