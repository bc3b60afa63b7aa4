//! Whole Ethernet frames in and out of one interface (packet(7)).
#![allow(unsafe_code, reason = "socket2 has no address of a network interface")]

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::{RecvFlags, SendFlags, recv, send};
use socket2::{Domain, SockAddr, SockAddrStorage, SockFilter, Socket, Type};
use tokio::io::unix::AsyncFd;

use super::ready::register;

/// What a socket hears. It sends anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hears {
    /// ARP.
    Arp,
    /// Neighbour solicitations and advertisements of IPv6.
    Neighbours,
}

/// The longest frame that is of interest: an advertisement with its options.
const FRAME_MAX: usize = 256;

/// A socket on one interface.
pub(super) struct PacketSocket(AsyncFd<OwnedFd>);

impl PacketSocket {
    /// Needs CAP_NET_RAW.
    pub(super) fn open(index: u32, hears: Hears) -> io::Result<Self> {
        // It hears nothing until it has its filter and its interface.
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        socket.set_nonblocking(true)?;
        let protocol = match hears {
            Hears::Arp => libc::ETH_P_ARP,
            Hears::Neighbours => {
                socket.attach_filter(&neighbours_only())?;
                libc::ETH_P_IPV6
            }
        };
        socket.bind(&address(index, protocol))?;
        Ok(Self(register(socket.into())?))
    }

    /// Sends a frame, or fails at once: where the queue of the interface is full, the next announcement follows soon.
    pub(super) fn send(&self, frame: &[u8]) -> io::Result<()> {
        send(self.0.get_ref(), frame, SendFlags::empty())?;
        Ok(())
    }

    /// Waits for the next frame.
    pub(super) async fn receive(&self) -> io::Result<Vec<u8>> {
        loop {
            let mut ready = self.0.readable().await?;
            let mut frame = [0; FRAME_MAX];
            match ready.try_io(|socket| Ok(recv(socket, frame.as_mut_slice(), RecvFlags::empty())?.1)) {
                Ok(Ok(length)) => return Ok(frame.get(..length).unwrap_or(&frame).to_vec()),
                // An interface that went down says so once; the socket lives on.
                Ok(Err(error)) if error.raw_os_error() == Some(libc::ENETDOWN) => {}
                Ok(Err(error)) => return Err(error),
                Err(_would_block) => {}
            }
        }
    }
}

fn address(index: u32, protocol: i32) -> SockAddr {
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: `sockaddr_ll` consists of integers, for which any bytes are valid, and is one of the addresses that the storage is
    // made large enough for.
    let link = unsafe { storage.view_as::<libc::sockaddr_ll>() };
    link.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or_default();
    link.sll_protocol = u16::try_from(protocol).unwrap_or_default().to_be();
    link.sll_ifindex = i32::try_from(index).unwrap_or_default();
    let length = u32::try_from(size_of::<libc::sockaddr_ll>()).unwrap_or_default();
    // SAFETY: the storage holds a `sockaddr_ll` whose fields were all set, and that is its length.
    unsafe { SockAddr::new(storage, length) }
}

/// Lets ICMPv6 of type 135 or 136 through that did not come by way of a router (RFC 4861, 7.1).
fn neighbours_only() -> [SockFilter; 9] {
    const LOAD_BYTE: u16 = 0x30;
    const JUMP_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const ALL: u32 = u32::MAX;
    [
        SockFilter::new(LOAD_BYTE, 0, 0, 20), // Next header.
        SockFilter::new(JUMP_EQUAL, 0, 6, 58),
        SockFilter::new(LOAD_BYTE, 0, 0, 21), // Hop limit.
        SockFilter::new(JUMP_EQUAL, 0, 4, 255),
        SockFilter::new(LOAD_BYTE, 0, 0, 54), // Type.
        SockFilter::new(JUMP_EQUAL, 1, 0, 135),
        SockFilter::new(JUMP_EQUAL, 0, 1, 136),
        SockFilter::new(RETURN, 0, 0, ALL),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}
