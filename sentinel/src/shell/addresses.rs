//! Which of a name's addresses is used: the one that other programs of this host would use.
//!
//! The sentinels of a quorum compare addresses of masters, so that those that resolve a name themselves should come to the
//! same one. Real ones ask `getaddrinfo`: what `/etc/hosts` says of a name is all there is to it, and addresses are in the
//! order of RFC 6724.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use hickory_resolver::Hosts;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};

/// Any port: nothing is sent to it.
const PROBE_PORT: u16 = 9;

/// What `/etc/hosts` says of a name, of both families.
pub(super) fn in_hosts_file(hosts: &Hosts, host: &str) -> Vec<IpAddr> {
    let Ok(name) = Name::from_utf8(host) else { return Vec::new() };
    let lookups =
        [RecordType::A, RecordType::AAAA].map(|kind| hosts.lookup_static_host(&Query::query(name.clone(), kind)));
    let records = lookups.iter().flatten().flat_map(|lookup| lookup.answers());
    records.filter_map(|record| record.data.ip_addr()).collect()
}

/// Puts addresses in the order in which they are tried.
pub(super) fn in_order_of_preference(mut ips: Vec<IpAddr>, has_route: impl Fn(IpAddr) -> bool) -> Vec<IpAddr> {
    if ips.len() > 1 {
        ips.sort_by_cached_key(|ip| Reverse((has_route(*ip), precedence(*ip))));
    }
    ips
}

/// Whether this host would know where to send something to this address. Asks the kernel only.
pub(super) fn has_route(ip: IpAddr) -> bool {
    let any: IpAddr = match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    UdpSocket::bind((any, 0)).and_then(|socket| socket.connect((ip, PROBE_PORT))).is_ok()
}

/// The default policy table of RFC 6724, section 2.1, as far as it tells data nodes apart.
const fn precedence(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V6(ip) if ip.is_loopback() => 50,
        IpAddr::V6(ip) if ip.is_unique_local() => 3,
        IpAddr::V6(_) => 40,
        IpAddr::V4(_) => 35,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn addresses_with_a_route_come_first_then_the_precedence_decides() {
        let mixed = ips(&["10.0.0.1", "fd00::1", "2001:db8::1"]);
        let all = in_order_of_preference(mixed.clone(), |_| true);
        assert_eq!(all, ips(&["2001:db8::1", "10.0.0.1", "fd00::1"]));
        let without_v6 = in_order_of_preference(mixed, |ip| ip.is_ipv4());
        assert_eq!(without_v6, ips(&["10.0.0.1", "2001:db8::1", "fd00::1"]));
        let equals = ips(&["10.0.0.2", "10.0.0.1"]);
        assert_eq!(in_order_of_preference(equals.clone(), |_| true), equals, "the name server's order");
        assert!(has_route(Ipv4Addr::LOCALHOST.into()));
    }

    #[test]
    fn what_the_hosts_file_says_is_found_in_both_families() {
        let mut hosts = Hosts::default();
        hosts.read_hosts_conf(&b"127.0.0.1 localhost\n10.1.1.1 node Node2\nfd00::1 node\n"[..]).expect("a hosts file");
        assert_eq!(in_hosts_file(&hosts, "localhost"), ips(&["127.0.0.1"]));
        assert_eq!(in_hosts_file(&hosts, "NODE"), ips(&["10.1.1.1", "fd00::1"]));
        assert_eq!(in_hosts_file(&hosts, "node2"), ips(&["10.1.1.1"]));
        assert!(in_hosts_file(&hosts, "elsewhere").is_empty());
    }
}
