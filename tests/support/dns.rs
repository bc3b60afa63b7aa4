//! A name server whose answers can be changed.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex};

/// Seconds for which an answer may be kept.
const TTL: u32 = 1;

const HEADER_BYTES: usize = 12;
const TYPE_A: u16 = 1;
/// An answer by somebody who knows, recursion available.
const FLAGS: u16 = 0x8580;
const NO_SUCH_NAME: u16 = 3;
const PACKET_BYTES: usize = 1500;

#[derive(Default)]
struct Zone {
    addresses: BTreeMap<String, Ipv4Addr>,
    silent: bool,
    asked: usize,
}

/// The server; it answers as long as the process lives.
#[derive(Clone, Default)]
pub(crate) struct Dns(Arc<Mutex<Zone>>);

impl Dns {
    /// Listens on the standard port of a loopback address, which takes root.
    pub(crate) fn start(ip: Ipv4Addr) -> Self {
        let socket = UdpSocket::bind((ip, 53)).expect("port 53, as root");
        let me = Self::default();
        let zone = me.clone();
        std::thread::spawn(move || {
            let mut packet = [0; PACKET_BYTES];
            while let Ok((length, from)) = socket.recv_from(&mut packet) {
                if let Some(answer) = zone.answer(&packet[..length]) {
                    // Whoever asked may have gone.
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        me
    }

    /// From now on `name` has this address, or is none.
    pub(crate) fn set(&self, name: &str, ip: Option<Ipv4Addr>) {
        let addresses = &mut self.0.lock().expect("the zone").addresses;
        match ip {
            Some(ip) => addresses.insert(name.to_owned(), ip),
            None => addresses.remove(name),
        };
    }

    /// Whether questions stay without an answer.
    pub(crate) fn silence(&self, silent: bool) {
        self.0.lock().expect("the zone").silent = silent;
    }

    /// Questions so far.
    pub(crate) fn asked(&self) -> usize {
        self.0.lock().expect("the zone").asked
    }

    /// RFC 1035: one question, and an address if there is one of the type asked for.
    fn answer(&self, packet: &[u8]) -> Option<Vec<u8>> {
        let mut zone = self.0.lock().expect("the zone");
        zone.asked += 1;
        if zone.silent {
            return None;
        }
        let (name, end) = name_at(packet, HEADER_BYTES)?;
        let kind = u16::from_be_bytes([*packet.get(end)?, *packet.get(end + 1)?]);
        let question = packet.get(HEADER_BYTES..end + 4)?;
        let known = zone.addresses.get(&name);
        let found = known.filter(|_| kind == TYPE_A);
        let flags = FLAGS | if known.is_none() { NO_SUCH_NAME } else { 0 };
        let mut answer = packet.get(..2)?.to_vec();
        for number in [flags, 1, u16::from(found.is_some()), 0, 0] {
            answer.extend(number.to_be_bytes());
        }
        answer.extend(question);
        if let Some(ip) = found {
            // The name is the one of the question, at byte 12; type A, class IN.
            answer.extend([0xc0, 12, 0, 1, 0, 1]);
            answer.extend(TTL.to_be_bytes());
            answer.extend([0, 4]);
            answer.extend(ip.octets());
        }
        Some(answer)
    }
}

/// The name at `at`, in lower case, and where it ends.
fn name_at(packet: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*packet.get(at)?);
        let label = packet.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(label).to_lowercase());
    }
}
