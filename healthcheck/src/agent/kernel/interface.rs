//! The interface that carries the addresses.

use std::io;
use std::net::IpAddr;

use thiserror::Error;

use super::frame::{Claim, Mac, announcements, claim_of_advertisement, claim_of_arp, probe};
use super::netlink::{Change, Monitor, Netlink};
use super::packet::{Hears, PacketSocket};
use crate::agent::Vip;

/// How often an announcement is repeated at once: a switch or host that is busy may miss one.
const COPIES: usize = 2;

/// Why an interface cannot be used.
#[derive(Debug, Error)]
pub enum InterfaceError {
    /// There is none of that name.
    #[error("there is no network interface '{name}'")]
    NoSuchInterface {
        /// The name.
        name: String,
    },
    /// None was named, and none has the address of the node.
    #[error("no network interface has the address {node}: name one with --interface")]
    NotFound {
        /// The address.
        node: IpAddr,
    },
    /// An address is there, and nobody gave it a lifetime.
    #[error("{ip} belongs to this host already, and not by an agent: remove it, or it would be held without a lease")]
    NotOurs {
        /// The address.
        ip: IpAddr,
    },
    /// An agent before this one added it in another way, in which this one would not find it to remove it.
    #[error(
        "an agent has added {ip} with another prefix or to another interface: it has to go first, which takes it seconds"
    )]
    Otherwise {
        /// The address.
        ip: IpAddr,
    },
    /// The kernel refused something.
    #[error("{what}: {error} (CAP_NET_ADMIN and CAP_NET_RAW are needed)")]
    Refused {
        /// What.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
}

/// What happened on the interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::agent) enum KernelEvent {
    /// Another host says that one of the addresses is its own.
    Claimed {
        /// The address.
        ip: IpAddr,
        /// The other host's Ethernet address.
        mac: String,
    },
    /// It has a link again.
    LinkUp,
    /// One of the addresses is no longer there.
    Gone,
    /// The interface is no longer there. One that comes back is another one.
    InterfaceGone,
}

/// The interface, and the addresses that it is to carry.
pub(in crate::agent) struct Interface {
    index: u32,
    name: String,
    mac: Option<Mac>,
    was_up: bool,
    vips: Vec<Vip>,
    netlink: Netlink,
    monitor: Monitor,
    arp: Option<PacketSocket>,
    neighbours: Option<PacketSocket>,
}

impl Interface {
    /// Opens the interface of that name, or the one that has the address of the node.
    pub(in crate::agent) fn open(
        name: Option<&str>,
        node: Option<IpAddr>,
        vips: &[Vip],
    ) -> Result<Self, InterfaceError> {
        let refused = |what| move |error| InterfaceError::Refused { what, error };
        let mut netlink = Netlink::open().map_err(refused("netlink"))?;
        let links = netlink.links().map_err(refused("the list of interfaces"))?;
        let addresses = netlink.addresses().map_err(refused("the list of addresses"))?;
        let found = match (name, node) {
            (Some(name), _) => links.into_iter().find(|link| link.name == name),
            (None, Some(ip)) => {
                let index = addresses.iter().find(|address| address.ip == ip).map(|address| address.index);
                links.into_iter().find(|link| Some(link.index) == index)
            }
            (None, None) => None,
        };
        let link = found.ok_or_else(|| match (name, node) {
            (None, Some(node)) => InterfaceError::NotFound { node },
            _ => InterfaceError::NoSuchInterface { name: name.unwrap_or_default().to_owned() },
        })?;
        for address in &addresses {
            let Some(vip) = vips.iter().find(|vip| vip.ip() == address.ip) else { continue };
            if !address.is_ours {
                return Err(InterfaceError::NotOurs { ip: address.ip });
            }
            if address.index != link.index || address.prefix != vip.prefix() {
                return Err(InterfaceError::Otherwise { ip: address.ip });
            }
        }
        let socket = |hears, wanted: bool| {
            let wanted = wanted && link.mac.is_some();
            wanted.then(|| PacketSocket::open(link.index, hears)).transpose().map_err(refused("a packet socket"))
        };
        Ok(Self {
            arp: socket(Hears::Arp, vips.iter().any(|vip| vip.ip().is_ipv4()))?,
            neighbours: socket(Hears::Neighbours, vips.iter().any(|vip| vip.ip().is_ipv6()))?,
            monitor: Monitor::open().map_err(refused("netlink"))?,
            index: link.index,
            name: link.name,
            mac: link.mac,
            was_up: link.is_up,
            vips: vips.to_vec(),
            netlink,
        })
    }

    pub(in crate::agent) const fn index(&self) -> u32 {
        self.index
    }

    pub(in crate::agent) fn name(&self) -> &str {
        &self.name
    }

    /// False where there is nobody to announce anything to.
    pub(in crate::agent) const fn can_announce(&self) -> bool {
        self.mac.is_some()
    }

    /// Adds the addresses, or lets them live on, for so many seconds.
    pub(in crate::agent) fn hold(&mut self, seconds: u32) -> io::Result<()> {
        let index = self.index;
        self.vips.iter().try_for_each(|vip| self.netlink.add(index, *vip, seconds))
    }

    /// Removes the addresses; tries all of them.
    pub(in crate::agent) fn drop_all(&mut self) -> io::Result<()> {
        let index = self.index;
        self.vips.iter().map(|vip| self.netlink.remove(index, *vip).map(drop)).fold(Ok(()), io::Result::and)
    }

    /// Tells everybody that the addresses are here.
    pub(in crate::agent) fn announce(&self) -> io::Result<()> {
        self.each_frame(|mac, ip| (0..COPIES).flat_map(|_| announcements(mac, ip)).collect())
    }

    /// Asks whether anybody has one of the addresses.
    pub(in crate::agent) fn probe(&self) -> io::Result<()> {
        self.each_frame(|mac, ip| vec![probe(mac, ip)])
    }

    fn each_frame(&self, frames: impl Fn(Mac, IpAddr) -> Vec<Vec<u8>>) -> io::Result<()> {
        let Some(mac) = self.mac else { return Ok(()) };
        for vip in &self.vips {
            let socket = if vip.ip().is_ipv4() { &self.arp } else { &self.neighbours };
            let Some(socket) = socket else { continue };
            frames(mac, vip.ip()).iter().try_for_each(|frame| socket.send(frame))?;
        }
        Ok(())
    }

    /// Waits for what happens next.
    pub(in crate::agent) async fn next(&mut self) -> io::Result<KernelEvent> {
        loop {
            let claim = tokio::select! {
                changes = self.monitor.next() => {
                    if let Some(event) = self.digest(changes?) {
                        return Ok(event);
                    }
                    continue;
                }
                frame = receive(self.arp.as_ref()) => claim_of_arp(&frame?),
                frame = receive(self.neighbours.as_ref()) => claim_of_advertisement(&frame?),
            };
            if let Some(event) = claim.and_then(|claim| self.foreign(claim)) {
                return Ok(event);
            }
        }
    }

    fn foreign(&self, claim: Claim) -> Option<KernelEvent> {
        let concerns = self.vips.iter().any(|vip| vip.ip() == claim.ip) && self.mac != Some(claim.mac);
        let mac = claim.mac.map(|byte| format!("{byte:02x}")).join(":");
        concerns.then_some(KernelEvent::Claimed { ip: claim.ip, mac })
    }

    fn digest(&mut self, changes: Vec<Change>) -> Option<KernelEvent> {
        let mut event = None;
        if changes.contains(&Change::LinkGone(self.index)) {
            return Some(KernelEvent::InterfaceGone);
        }
        for change in changes {
            match change {
                Change::Link(link) if link.index == self.index => {
                    let rose = link.is_up && !self.was_up;
                    self.was_up = link.is_up;
                    self.mac = link.mac.or(self.mac);
                    event = rose.then_some(KernelEvent::LinkUp).or(event);
                }
                Change::Gone(address) if address.index == self.index => {
                    let is_vip = self.vips.iter().any(|vip| vip.ip() == address.ip);
                    event = is_vip.then_some(KernelEvent::Gone).or(event);
                }
                Change::Unknown => event = Some(KernelEvent::Gone),
                Change::Link(_) | Change::Gone(_) | Change::LinkGone(_) => {}
            }
        }
        event
    }
}

async fn receive(socket: Option<&PacketSocket>) -> io::Result<Vec<u8>> {
    match socket {
        Some(socket) => socket.receive().await,
        None => std::future::pending().await,
    }
}

/// Removes addresses from an interface. For who has nothing else to do with it.
pub(in crate::agent) fn remove_addresses(index: u32, vips: &[Vip]) -> io::Result<()> {
    let mut netlink = Netlink::open()?;
    vips.iter().map(|vip| netlink.remove(index, *vip).map(drop)).fold(Ok(()), io::Result::and)
}
