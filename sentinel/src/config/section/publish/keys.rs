//! The keys of `publish`, and which types have them.

use super::super::super::value::Syntax;
use super::super::{SectionKey, Takes};
use super::TargetType;

/// Longest time for one request: a target that takes longer is as good as gone.
const REQUEST_MS_MAX: i64 = 60_000;

/// Which types a key is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All.
    Any,
    /// These.
    Of(&'static [TargetType]),
}

/// What stores of keys have in common.
const STORES: Kind = Kind::Of(&[TargetType::Etcd, TargetType::Consul, TargetType::ZooKeeper]);
/// Stores that know users.
const WITH_USERS: Kind = Kind::Of(&[TargetType::Etcd, TargetType::ZooKeeper]);
const ZOOKEEPER: Kind = Kind::Of(&[TargetType::ZooKeeper]);
const CONSUL: Kind = Kind::Of(&[TargetType::Consul]);
const DNS: Kind = Kind::Of(&[TargetType::Dns]);

const fn one(name: &'static str, syntax: Syntax, default: &'static str, help: &'static str) -> SectionKey {
    SectionKey { name, takes: Takes::One(syntax), default, required: false, help }
}

const fn many(name: &'static str, help: &'static str) -> SectionKey {
    SectionKey { name, takes: Takes::Many(Syntax::Text), default: "", required: false, help }
}

/// In the order of the reference.
pub(super) static KEYS: &[SectionKey] = &[
    SectionKey {
        name: "type",
        takes: Takes::One(Syntax::Choice(TargetType::WORDS)),
        default: "",
        required: true,
        help: "What kind of target it is.",
    },
    many("groups", "The groups that it shows; unset: all."),
    one(
        "timeout-milliseconds",
        Syntax::Int(1, REQUEST_MS_MAX),
        "2000",
        "Longest wait for one server to answer one request.",
    ),
    one(
        "connect-timeout-milliseconds",
        Syntax::Int(1, REQUEST_MS_MAX),
        "500",
        "Longest wait for a connection to one server before that, the look-up of the name and the TLS handshake included.",
    ),
    many(
        "endpoints",
        "The servers, in the order in which they are tried: `http://host:port` or `https://host:port` (port 2379 of etcd, 8500 of Consul unless given), `host:port` for ZooKeeper (2181).",
    ),
    one("prefix", Syntax::Text, "/bongsu", "What stands before the name of the group in its key."),
    one(
        "break-down",
        Syntax::YesNo,
        "no",
        "Also write `primary`, `primary/host`, `primary/ip`, `primary/port` and `primary/epoch` below the key, in the same transaction.",
    ),
    one("user", Syntax::Text, "", "User to authenticate as."),
    one("password", Syntax::Secret, "", "Password of that user."),
    one(
        "tls-ca-cert-file",
        Syntax::Text,
        "",
        "Certificates of the authorities that the servers' certificates are checked against.",
    ),
    one("tls-ca-cert-dir", Syntax::Text, "", "A directory of such files, such as `/etc/ssl/certs`."),
    one("tls-cert-file", Syntax::Text, "", "Certificate to present to the servers."),
    one("tls-key-file", Syntax::Text, "", "Its private key."),
    one(
        "tls-server-name",
        Syntax::Text,
        "",
        "Name to expect in the servers' certificates in place of that of the endpoint.",
    ),
    one(
        "token",
        Syntax::Secret,
        "",
        "Consul: secret of an ACL token that may read and write the keys below the prefix.",
    ),
    one("datacenter", Syntax::Text, "", "Consul: which datacenter's store; that of the agent unless given."),
    one("namespace", Syntax::Text, "", "Consul Enterprise: namespace of the keys."),
    one("partition", Syntax::Text, "", "Consul Enterprise: admin partition of the keys."),
    one("tls", Syntax::YesNo, "no", "ZooKeeper: the endpoints are secure ports."),
    one("chroot", Syntax::Text, "", "ZooKeeper: a node below which everything lies; it must exist."),
    one(
        "acl",
        Syntax::Choice(&["open", "owner-writes", "owner-only"]),
        "open",
        "ZooKeeper: who may use the nodes that are created: everybody, everybody but only the user may write, or only the user.",
    ),
    many(
        "servers",
        "DNS: addresses of the name servers that take updates, `IP` or `IP:port`: the primary first, then others to fall back on.",
    ),
    one("zone", Syntax::Text, "", "DNS: name of the zone that is updated."),
    one(
        "record",
        Syntax::Text,
        "",
        "DNS: name of the master in the zone, with `{group}` for the name of the group, such as `{group}.redis.example.org`.",
    ),
    one("ttl-seconds", Syntax::Int(0, 86_400), "5", "DNS: how long clients and resolvers may keep an answer."),
    one(
        "tsig-key-file",
        Syntax::Text,
        "",
        "DNS: file with the key that updates are signed with, as `tsig-keygen` writes it; or its parts by the next three.",
    ),
    one("tsig-key-name", Syntax::Text, "", "DNS: name of that key."),
    one(
        "tsig-algorithm",
        Syntax::Choice(&["hmac-sha256", "hmac-sha384", "hmac-sha512"]),
        "hmac-sha256",
        "DNS: algorithm of that key.",
    ),
    one("tsig-secret", Syntax::Secret, "", "DNS: secret of that key, Base64."),
    one(
        "transport",
        Syntax::Choice(&["tcp", "udp"]),
        "tcp",
        "DNS: what updates travel over. Over `udp` nothing is sent twice, and long messages go over TCP all the same.",
    ),
    one("srv", Syntax::YesNo, "no", "DNS: also write `_redis._tcp.<record>` SRV, which has the port of the master."),
    one(
        "replica-addresses",
        Syntax::YesNo,
        "no",
        "DNS: also write the addresses of the replicas to `replicas.<record>`.",
    ),
    one("adopt", Syntax::YesNo, "no", "DNS: take over addresses that stand at the name and that no sentinel wrote."),
    many(
        "authorities",
        "DNS: name servers that must have the record, `IP` or `IP:port`; unset: those that the zone names.",
    ),
    one("authority-port", Syntax::Int(1, 65_535), "53", "DNS: port of the name servers that the zone names."),
    many(
        "resolvers",
        "DNS: resolvers that clients use, `IP` or `IP:port`, which are watched until they have the record.",
    ),
];

/// Which types have the key.
fn kinds(key: &str) -> Kind {
    match key {
        "type" | "groups" | "timeout-milliseconds" => Kind::Any,
        "user" | "password" => WITH_USERS,
        "token" | "datacenter" | "namespace" | "partition" => CONSUL,
        "tls" | "chroot" | "acl" => ZOOKEEPER,
        "endpoints" | "prefix" | "break-down" | "connect-timeout-milliseconds" => STORES,
        name if name.starts_with("tls-") => STORES,
        _ => DNS,
    }
}

/// Whether targets of this type have the key.
pub(super) fn applies(key: &str, kind: TargetType) -> bool {
    match kinds(key) {
        Kind::Any => true,
        Kind::Of(list) => list.contains(&kind),
    }
}

/// Keys without which a target of this type is none.
pub(super) const fn needed(kind: TargetType) -> &'static [&'static str] {
    match kind {
        TargetType::Dns => &["servers", "zone", "record"],
        TargetType::Etcd | TargetType::Consul | TargetType::ZooKeeper => &["endpoints"],
    }
}
