//! Messages to one server and its answers.
//!
//! The client of `hickory-net` is not used: it signs no queries, sends UDP again by itself, and drops what a TSIG error says. What is
//! needed of it are some bytes on a socket.

use std::io::{Error, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time;

use super::Transport;
use super::sign::{Opener, Sealer};
use crate::TargetError;

/// The longest datagram that is sent: fits the smallest MTU of IPv6 with all headers, as is usual since the DNS flag day of 2020.
pub(super) const DATAGRAM_MAX: usize = 1232;

/// The longest message of DNS.
const MESSAGE_MAX: usize = 65_535;

/// Bit TC in the third byte of the header.
const TRUNCATED: u8 = 0x02;

/// A server and how it is talked to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) transport: Transport,
    pub(super) limit: Duration,
}

/// A message that is on its way.
struct Pending {
    bytes: Vec<u8>,
    opener: Opener,
    answer: Option<Vec<u8>>,
}

impl Peer {
    /// Sends all messages at once and returns their answers in the same order. Each message is sent once, but a query whose answer
    /// over UDP was truncated is asked again over TCP.
    pub(super) async fn exchange(
        &self,
        messages: Vec<Message>,
        sealer: Sealer<'_>,
    ) -> Result<Vec<Message>, TargetError> {
        let who = self.address.to_string();
        let seal = |message| sealer.seal(message).map(|(bytes, opener)| Pending { bytes, opener, answer: None });
        let unsealable = |reason| TargetError::Unpublishable { reason };
        let mut pending: Vec<Pending> = messages.into_iter().map(seal).collect::<Result<_, _>>().map_err(unsealable)?;
        let talk = async {
            let short = pending.iter().all(|one| one.bytes.len() <= DATAGRAM_MAX);
            if self.transport == Transport::Udp && short {
                self.over_udp(&mut pending).await?;
                for one in &mut pending {
                    one.answer = one.answer.take().filter(|answer| answer[2] & TRUNCATED == 0);
                }
            }
            if pending.iter().any(|one| one.answer.is_none()) { self.over_tcp(&mut pending).await } else { Ok(()) }
        };
        match time::timeout(self.limit, talk).await {
            Err(_) => return Err(TargetError::Timeout { who, limit: self.limit }),
            Ok(Err(error)) if error.kind() == ErrorKind::InvalidData => {
                return Err(TargetError::Protocol { who, reason: error.to_string() });
            }
            Ok(Err(error)) => return Err(TargetError::Unreachable { who, reason: error.to_string() }),
            Ok(Ok(())) => {}
        }
        let open = |one: Pending| one.opener.open(&who, &one.answer.unwrap_or_default());
        pending.into_iter().map(open).collect()
    }

    async fn over_udp(&self, pending: &mut [Pending]) -> Result<(), Error> {
        let any: SocketAddr = match self.address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(self.address).await?;
        for one in pending.iter() {
            socket.send(&one.bytes).await?;
        }
        let mut buffer = vec![0; MESSAGE_MAX];
        while pending.iter().any(|one| one.answer.is_none()) {
            let length = socket.recv(&mut buffer).await?;
            // Whatever is no answer to us may have come from anybody; the true one can still come.
            keep(pending, &buffer[..length]);
        }
        Ok(())
    }

    async fn over_tcp(&self, pending: &mut [Pending]) -> Result<(), Error> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let mut request = Vec::new();
        for one in pending.iter().filter(|one| one.answer.is_none()) {
            let length = u16::try_from(one.bytes.len()).map_err(|_| ErrorKind::FileTooLarge)?;
            request.extend_from_slice(&length.to_be_bytes());
            request.extend_from_slice(&one.bytes);
        }
        stream.write_all(&request).await?;
        while pending.iter().any(|one| one.answer.is_none()) {
            let length = stream.read_u16().await?;
            let mut answer = vec![0; length.into()];
            stream.read_exact(&mut answer).await?;
            if !keep(pending, &answer) {
                return Err(Error::new(ErrorKind::InvalidData, "it answers what was not asked"));
            }
        }
        Ok(())
    }
}

/// Gives an answer to the message with its id. `false` if there is none.
fn keep(pending: &mut [Pending], answer: &[u8]) -> bool {
    if answer.len() < 12 {
        return false;
    }
    let found = pending.iter_mut().find(|one| one.answer.is_none() && one.bytes[..2] == answer[..2]);
    found.map(|one| one.answer = Some(answer.to_vec())).is_some()
}
