//! Frames that ask who has an address and that tell who has it: ARP (RFC 826, RFC 5227) and neighbour discovery (RFC 4861).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An Ethernet address.
pub(super) type Mac = [u8; 6];

const BROADCAST: Mac = [0xff; 6];
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

const ARP_REQUEST: u8 = 1;
const ARP_REPLY: u8 = 2;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
const ICMPV6: u8 = 58;

/// Somebody says that an address is its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Claim {
    pub(super) ip: IpAddr,
    pub(super) mac: Mac,
}

/// "This address is mine", to everybody. As requests and as replies for IPv4: there are hosts and switches that believe only one of the two.
pub(super) fn announcements(mac: Mac, ip: IpAddr) -> Vec<Vec<u8>> {
    match ip {
        IpAddr::V4(ip) => vec![arp(ARP_REQUEST, mac, ip, ip), arp(ARP_REPLY, mac, ip, ip)],
        IpAddr::V6(ip) => vec![advertisement(mac, ip)],
    }
}

/// "Does anybody have this address?", from somebody who has none (RFC 5227, 2.1.1; RFC 4862, 5.4.2).
pub(super) fn probe(mac: Mac, ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => arp(ARP_REQUEST, mac, Ipv4Addr::UNSPECIFIED, ip),
        IpAddr::V6(ip) => solicitation(mac, ip),
    }
}

/// Who claims which address in an ARP packet.
pub(super) fn claim_of_arp(frame: &[u8]) -> Option<Claim> {
    let packet = frame.get(14..42)?;
    // Ethernet and IPv4, whose addresses have six and four bytes.
    if packet.get(..6)? != [0, 1, 8, 0, 6, 4] {
        return None;
    }
    let ip = Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(14..18)?).ok()?);
    let mac = packet.get(8..14)?.try_into().ok()?;
    (!ip.is_unspecified()).then_some(Claim { ip: ip.into(), mac })
}

/// Who claims which address in a neighbour advertisement.
pub(super) fn claim_of_advertisement(frame: &[u8]) -> Option<Claim> {
    let message = frame.get(54..)?;
    if frame.get(20..22)? != [ICMPV6, 255] || message.first() != Some(&ADVERTISEMENT) {
        return None;
    }
    let ip = Ipv6Addr::from(<[u8; 16]>::try_from(message.get(8..24)?).ok()?);
    Some(Claim { ip: ip.into(), mac: frame.get(6..12)?.try_into().ok()? })
}

fn ethernet(to: Mac, from: Mac, protocol: u16) -> Vec<u8> {
    let mut frame = Vec::with_capacity(96);
    frame.extend(to);
    frame.extend(from);
    frame.extend(protocol.to_be_bytes());
    frame
}

fn arp(operation: u8, mac: Mac, sender: Ipv4Addr, target: Ipv4Addr) -> Vec<u8> {
    let mut frame = ethernet(BROADCAST, mac, 0x0806);
    frame.extend([0, 1, 8, 0, 6, 4, 0, operation]);
    frame.extend(mac);
    frame.extend(sender.octets());
    // In a request it is what is asked for.
    frame.extend(if operation == ARP_REPLY { BROADCAST } else { [0; 6] });
    frame.extend(target.octets());
    // Ethernet frames have at least 60 bytes.
    frame.resize(60, 0);
    frame
}

fn advertisement(mac: Mac, ip: Ipv6Addr) -> Vec<u8> {
    // Override (RFC 4861, 4.4): what neighbours remember is replaced.
    let mut body = vec![ADVERTISEMENT, 0, 0, 0, 0x20, 0, 0, 0];
    body.extend(ip.octets());
    body.extend([2, 1]);
    body.extend(mac);
    icmpv6(mac, ip, ALL_NODES, body)
}

fn solicitation(mac: Mac, ip: Ipv6Addr) -> Vec<u8> {
    let mut body = vec![SOLICITATION, 0, 0, 0, 0, 0, 0, 0];
    body.extend(ip.octets());
    let [.., a, b, c] = ip.octets();
    let low = u16::from_be_bytes([b, c]);
    let to = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), low);
    icmpv6(mac, Ipv6Addr::UNSPECIFIED, to, body)
}

/// An ICMPv6 message to a multicast address, with its checksum (RFC 4443, 2.3) and the hop limit that proves it local.
fn icmpv6(mac: Mac, from: Ipv6Addr, to: Ipv6Addr, mut body: Vec<u8>) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or_default();
    let mut pseudo: Vec<u8> = [from.octets(), to.octets()].concat();
    pseudo.extend(u32::from(length).to_be_bytes());
    pseudo.extend([0, 0, 0, ICMPV6]);
    pseudo.extend(&body);
    body[2..4].copy_from_slice(&checksum(&pseudo).to_be_bytes());
    let [.., a, b, c, d] = to.octets();
    let mut frame = ethernet([0x33, 0x33, a, b, c, d], mac, 0x86dd);
    frame.extend([0x60, 0, 0, 0]);
    frame.extend(length.to_be_bytes());
    frame.extend([ICMPV6, 255]);
    frame.extend(from.octets());
    frame.extend(to.octets());
    frame.extend(body);
    frame
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let pairs = bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)])));
    let mut sum = pairs.fold(0_u32, u32::wrapping_add);
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = [2, 0, 0, 0, 0, 1];

    #[test]
    fn announcements_are_claims_and_probes_are_none() {
        let four: IpAddr = "10.0.0.9".parse().expect("valid");
        for frame in announcements(MAC, four) {
            assert_eq!(claim_of_arp(&frame), Some(Claim { ip: four, mac: MAC }));
            assert_eq!(frame.len(), 60);
        }
        assert_eq!(claim_of_arp(&probe(MAC, four)), None);
        let six: IpAddr = "fd00::9".parse().expect("valid");
        for frame in announcements(MAC, six) {
            assert_eq!(claim_of_advertisement(&frame), Some(Claim { ip: six, mac: MAC }));
        }
        assert_eq!(claim_of_advertisement(&probe(MAC, six)), None);
    }

    #[test]
    fn frames_that_end_early_claim_nothing() {
        let four = announcements(MAC, "10.0.0.9".parse().expect("valid")).remove(0);
        let six = announcements(MAC, "fd00::9".parse().expect("valid")).remove(0);
        assert!((0..42).all(|end| claim_of_arp(&four[..end]).is_none()));
        assert!((0..78).all(|end| claim_of_advertisement(&six[..end]).is_none()));
    }

    #[test]
    fn probes_go_to_those_who_may_have_the_address() {
        let frame = probe(MAC, "fd00::1234:5678".parse().expect("valid"));
        assert_eq!(frame[..6], [0x33, 0x33, 0xff, 0x34, 0x56, 0x78]);
        let to = Ipv6Addr::from(<[u8; 16]>::try_from(&frame[38..54]).expect("whole"));
        assert_eq!(to.to_string(), "ff02::1:ff34:5678");
    }

    /// The example of RFC 1071, section 3.
    #[test]
    fn checksums() {
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }
}
