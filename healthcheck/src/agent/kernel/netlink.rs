//! Addresses and links of this host by route netlink (rtnetlink(7); linux/rtnetlink.h, linux/if_addr.h).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, send, socket_with,
};
use tokio::io::unix::AsyncFd;

use super::ready::register;
use crate::agent::Vip;

/// The kernel answers while it is being asked; one that does not is broken.
const ANSWER_LIMIT: Duration = Duration::from_millis(200);

/// Route netlink is the first of the protocols of netlink, which is number 0.
const ROUTE: Option<Protocol> = None;

/// What the kernel packs into one message at most when it lists something.
const ROOM: usize = 32 * 1024;

/// Who added an address (`IFA_PROTO`): any number that the kernel does not use itself tells ours from those of others.
const OURS: u8 = 0xb5;

const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_REPLACE: u16 = 0x100;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_CREATE: u16 = 0x400;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const HEADER: usize = 16;

const IFA_PROTO: u16 = 11;
const IFA_F_NODAD: u32 = 2;
const IFA_F_NOPREFIXROUTE: u32 = 0x200;
const FOREVER: u32 = u32::MAX;

/// A network interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) name: String,
    /// `None` for what is no Ethernet.
    pub(super) mac: Option<[u8; 6]>,
    /// It is up and has a carrier.
    pub(super) is_up: bool,
}

/// An address of an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Address {
    pub(super) index: u32,
    pub(super) ip: IpAddr,
    pub(super) prefix: u8,
    /// Added by an agent, as far as this kernel remembers who added what; one that does not shows the lifetime that agents give.
    pub(super) is_ours: bool,
    /// It is known who added it.
    has_origin: bool,
}

/// What changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Change {
    Link(Link),
    Gone(Address),
    /// An interface is no longer there, by its index.
    LinkGone(u32),
    /// Messages were lost.
    Unknown,
}

/// Requests.
pub(super) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

impl Netlink {
    pub(super) fn open() -> io::Result<Self> {
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, ROUTE)?;
        bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(ANSWER_LIMIT))?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Adds an address, or gives one that is there another lifetime.
    pub(super) fn add(&mut self, index: u32, vip: Vip, seconds: u32) -> io::Result<()> {
        // Deprecated from the beginning, so that connections of this host do not go out from it; IPv4 knows nothing like that.
        let preferred = if vip.ip().is_ipv6() { 0 } else { seconds };
        let flags = if vip.ip().is_ipv6() { IFA_F_NODAD | IFA_F_NOPREFIXROUTE } else { IFA_F_NOPREFIXROUTE };
        let mut message = self.about(libc::RTM_NEWADDR, NLM_F_REPLACE | NLM_F_CREATE, index, vip);
        attribute(&mut message, libc::IFA_CACHEINFO, &words([preferred, seconds, 0, 0]));
        attribute(&mut message, libc::IFA_FLAGS, &flags.to_ne_bytes());
        attribute(&mut message, IFA_PROTO, &[OURS]);
        self.ask(message)
    }

    /// Removes an address. False if it was not there.
    pub(super) fn remove(&mut self, index: u32, vip: Vip) -> io::Result<bool> {
        let message = self.about(libc::RTM_DELADDR, 0, index, vip);
        match self.ask(message) {
            Ok(()) => Ok(true),
            // It may have gone with its interface.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EADDRNOTAVAIL | libc::ENODEV)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) fn links(&mut self) -> io::Result<Vec<Link>> {
        let found = self.list(libc::RTM_GETLINK, 16)?;
        Ok(found.iter().filter(|message| message.kind == libc::RTM_NEWLINK).filter_map(|m| link_of(&m.body)).collect())
    }

    pub(super) fn addresses(&mut self) -> io::Result<Vec<Address>> {
        let found = self.list(libc::RTM_GETADDR, 8)?;
        let found = found.iter().filter(|message| message.kind == libc::RTM_NEWADDR);
        let mut addresses: Vec<Address> = found.filter_map(|message| address_of(&message.body)).collect();
        // A kernel that remembers does so for its own. Addresses of others, as those by DHCP, have lifetimes as well.
        let remembers = addresses.iter().any(|address| address.has_origin);
        for address in &mut addresses {
            address.is_ours &= address.has_origin || !remembers;
        }
        Ok(addresses)
    }

    /// A message that names an address of an interface (`struct ifaddrmsg`).
    fn about(&self, kind: u16, flags: u16, index: u32, vip: Vip) -> Vec<u8> {
        let mut message = header(kind, NLM_F_REQUEST | NLM_F_ACK | flags);
        let (family, bytes) = match vip.ip() {
            IpAddr::V4(ip) => (libc::AF_INET, ip.octets().to_vec()),
            IpAddr::V6(ip) => (libc::AF_INET6, ip.octets().to_vec()),
        };
        message.extend([u8::try_from(family).unwrap_or_default(), vip.prefix(), 0, 0]);
        message.extend(index.to_ne_bytes());
        attribute(&mut message, libc::IFA_LOCAL, &bytes);
        attribute(&mut message, libc::IFA_ADDRESS, &bytes);
        message
    }

    fn send(&mut self, mut message: Vec<u8>) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let length = u32::try_from(message.len()).unwrap_or_default();
        message[0..4].copy_from_slice(&length.to_ne_bytes());
        message[8..12].copy_from_slice(&self.sequence.to_ne_bytes());
        send(&self.socket, &message, SendFlags::empty())?;
        Ok(())
    }

    fn receive(&self) -> io::Result<Vec<Message>> {
        let mut room = vec![0; ROOM];
        let (_, length) = recv(&self.socket, room.as_mut_slice(), RecvFlags::TRUNC)?;
        let messages = messages(room.get(..length).unwrap_or(&room));
        Ok(messages.into_iter().filter(|message| message.sequence == self.sequence).collect())
    }

    /// Waits until the kernel has done it, or says why not.
    fn ask(&mut self, message: Vec<u8>) -> io::Result<()> {
        self.send(message)?;
        loop {
            if let Some(answer) = self.receive()?.into_iter().find(|message| message.kind == NLMSG_ERROR) {
                return answer.verdict();
            }
        }
    }

    fn list(&mut self, kind: u16, body: usize) -> io::Result<Vec<Message>> {
        let mut message = header(kind, NLM_F_REQUEST | NLM_F_DUMP);
        message.resize(HEADER + body, 0);
        self.send(message)?;
        let mut found = Vec::new();
        loop {
            for message in self.receive()? {
                match message.kind {
                    NLMSG_DONE => return Ok(found),
                    NLMSG_ERROR => message.verdict()?,
                    _ => found.push(message),
                }
            }
        }
    }
}

/// What changes on this host.
pub(super) struct Monitor(AsyncFd<OwnedFd>);

impl Monitor {
    pub(super) fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, ROUTE)?;
        let groups = libc::RTMGRP_LINK | libc::RTMGRP_IPV4_IFADDR | libc::RTMGRP_IPV6_IFADDR;
        bind(&socket, &SocketAddrNetlink::new(0, u32::try_from(groups).unwrap_or_default()))?;
        Ok(Self(register(socket)?))
    }

    /// Waits for what changes next. Nothing is lost if the caller stops waiting.
    pub(super) async fn next(&self) -> io::Result<Vec<Change>> {
        loop {
            let mut ready = self.0.readable().await?;
            let mut room = vec![0; ROOM];
            let got = ready.try_io(|socket| {
                let (_, length) = recv(socket, room.as_mut_slice(), RecvFlags::TRUNC)?;
                Ok(length)
            });
            match got {
                Err(_would_block) => {}
                Ok(Err(error)) if error.raw_os_error() == Some(libc::ENOBUFS) => return Ok(vec![Change::Unknown]),
                Ok(Err(error)) => return Err(error),
                Ok(Ok(length)) => {
                    let messages = messages(room.get(..length).unwrap_or(&room));
                    return Ok(messages.iter().filter_map(change_of).collect());
                }
            }
        }
    }
}

fn change_of(message: &Message) -> Option<Change> {
    match message.kind {
        libc::RTM_NEWLINK => link_of(&message.body).map(Change::Link),
        libc::RTM_DELADDR => address_of(&message.body).map(Change::Gone),
        // Of another family it is about a port that left a bridge.
        libc::RTM_DELLINK if message.body.first() == Some(&0) => number(&message.body, 4).map(Change::LinkGone),
        _ => None,
    }
}

struct Message {
    kind: u16,
    sequence: u32,
    body: Vec<u8>,
}

impl Message {
    /// Of an `NLMSG_ERROR`: zero is success.
    fn verdict(&self) -> io::Result<()> {
        match number(&self.body, 0).unwrap_or_default().cast_signed() {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(error.saturating_neg())),
        }
    }
}

fn header(kind: u16, flags: u16) -> Vec<u8> {
    let mut message = vec![0; HEADER];
    message[4..6].copy_from_slice(&kind.to_ne_bytes());
    message[6..8].copy_from_slice(&flags.to_ne_bytes());
    message
}

fn words<const N: usize>(words: [u32; N]) -> Vec<u8> {
    words.into_iter().flat_map(u32::to_ne_bytes).collect()
}

fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(value.len() + 4).unwrap_or_default();
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn messages(mut bytes: &[u8]) -> Vec<Message> {
    let mut found = Vec::new();
    while let (Some(length), Some(kind), Some(sequence)) = (number(bytes, 0), short(bytes, 4), number(bytes, 8)) {
        let length = length as usize;
        let Some(body) = bytes.get(HEADER..length) else { break };
        found.push(Message { kind, sequence, body: body.to_vec() });
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}

/// The value of one attribute behind a fixed part of `skip` bytes.
fn find(body: &[u8], skip: usize, wanted: u16) -> Option<&[u8]> {
    let mut rest = body.get(skip..)?;
    loop {
        let (length, kind) = (usize::from(short(rest, 0)?), short(rest, 2)?);
        let value = rest.get(4..length)?;
        if kind == wanted {
            return Some(value);
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
}

fn link_of(body: &[u8]) -> Option<Link> {
    let name = find(body, 16, libc::IFLA_IFNAME)?;
    let (kind, flags) = (short(body, 2)?, number(body, 8)?);
    let mac = find(body, 16, libc::IFLA_ADDRESS).and_then(|mac| mac.try_into().ok());
    let running = (libc::IFF_UP | libc::IFF_RUNNING).cast_unsigned();
    Some(Link {
        index: number(body, 4)?,
        name: String::from_utf8_lossy(name.strip_suffix(&[0]).unwrap_or(name)).into_owned(),
        mac: mac.filter(|_| kind == libc::ARPHRD_ETHER),
        is_up: flags & running == running,
    })
}

fn address_of(body: &[u8]) -> Option<Address> {
    let bytes = find(body, 8, libc::IFA_LOCAL).or_else(|| find(body, 8, libc::IFA_ADDRESS))?;
    let ip = match bytes.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        _ => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
    };
    let valid = find(body, 8, libc::IFA_CACHEINFO).and_then(|info| number(info, 4)).unwrap_or(FOREVER);
    let origin = find(body, 8, IFA_PROTO);
    let is_ours = origin.map_or(valid != FOREVER, |by| by == [OURS]);
    Some(Address { index: number(body, 4)?, ip, prefix: *body.get(1)?, is_ours, has_origin: origin.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_has_a_loopback_interface() {
        let mut netlink = Netlink::open().expect("netlink");
        let links = netlink.links().expect("links");
        let lo = links.iter().find(|link| link.name == "lo").expect("lo");
        assert_eq!(lo.mac, None, "it is no Ethernet");
        let addresses = netlink.addresses().expect("addresses");
        assert!(addresses.iter().all(|address| !address.is_ours || address.index != lo.index), "{addresses:?}");
    }

    #[test]
    fn what_is_cut_off_is_passed_over() {
        let mut whole = header(libc::RTM_NEWADDR, 0);
        whole.extend([2, 32, 0, 0, 7, 0, 0, 0]);
        attribute(&mut whole, libc::IFA_LOCAL, &[10, 0, 0, 9]);
        attribute(&mut whole, IFA_PROTO, &[OURS]);
        let length = u32::try_from(whole.len()).expect("short");
        whole[0..4].copy_from_slice(&length.to_ne_bytes());
        let read = messages(&whole);
        let address = address_of(&read[0].body).expect("whole");
        assert_eq!((address.ip.to_string().as_str(), address.is_ours), ("10.0.0.9", true));
        for cut in 0..whole.len() {
            assert!(messages(&whole[..cut]).is_empty(), "{cut}");
        }
        for cut in 0..read[0].body.len() {
            let _read_or_not = address_of(&read[0].body[..cut]);
            let _read_or_not = link_of(&read[0].body[..cut]);
        }
        assert!(messages(&[0; 64]).is_empty(), "a message of no length ends it");
    }
}
