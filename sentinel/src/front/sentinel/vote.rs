//! `SENTINEL IS-MASTER-DOWN-BY-ADDR`: a peer asks for our opinion, or for our vote.

use bongsu_protocol::resp::{Protocol, Writer, parse_integer};
use bongsu_sentinel_core::{Addr, Epoch, RunId, VoteReply};

use crate::front::dispatch::Outcome;
use crate::shell::Shell;

const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

struct Request {
    /// `None` for an address that no master can have.
    addr: Option<Addr>,
    epoch: Epoch,
    candidate: Option<RunId>,
}

/// Answers `<ip> <port> <current-epoch> <run id or *>`. A vote is durable before it is answered.
pub(super) fn handle(shell: &Shell, arguments: &[&[u8]], out: &mut Writer<'_>) -> Outcome {
    let Some(Request { addr, epoch, candidate }) = parse(arguments) else {
        out.error(NOT_AN_INTEGER);
        return Outcome::Done;
    };
    let Some(addr) = addr else {
        write_reply(VoteReply { down: false, leader: None }, out);
        return Outcome::Done;
    };
    let shell = shell.clone();
    Outcome::Wait(Box::pin(async move {
        let addr = resolve(&shell, addr).await;
        let reply = shell.vote(addr, epoch, candidate).await;
        let mut bytes = Vec::new();
        // Arrays, integers and strings are the same in both versions of the protocol.
        write_reply(reply, &mut Writer::new(&mut bytes, Protocol::Resp2));
        bytes
    }))
}

fn parse(arguments: &[&[u8]]) -> Option<Request> {
    let [host, port, epoch, candidate] = arguments else { return None };
    let port = parse_integer(port)?;
    let epoch = Epoch(u64::try_from(parse_integer(epoch)?).unwrap_or(0));
    if epoch > Epoch::CREDIBLE_MAX {
        return None;
    }
    let text = |bytes| std::str::from_utf8(bytes).ok();
    Some(Request {
        addr: u16::try_from(port).ok().and_then(|port| Addr::new(text(host)?, port)),
        epoch,
        candidate: text(candidate).and_then(RunId::parse),
    })
}

/// Peers may know a master by a name. One that cannot be looked up is compared as a name.
async fn resolve(shell: &Shell, addr: Addr) -> Addr {
    if !addr.is_name() || !shell.settings().resolve_hostnames {
        return addr;
    }
    match shell.resolve(addr.host()).await {
        Ok(ip) => addr.resolved(ip),
        Err(_) => addr,
    }
}

/// The element types are part of the agreement between sentinels: integer, bulk string, integer.
fn write_reply(reply: VoteReply, out: &mut Writer<'_>) {
    out.array(3);
    out.integer(i64::from(reply.down));
    match reply.leader {
        Some((leader, epoch)) => {
            out.bulk(leader.as_str());
            out.integer(i64::try_from(epoch.0).unwrap_or(i64::MAX));
        }
        None => {
            out.bulk("*");
            out.integer(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_asks_for_no_vote() {
        let request = parse(&[b"10.0.0.1", b"6379", b"3", b"*"]).expect("valid");
        assert_eq!(request.addr.expect("valid").to_string(), "10.0.0.1:6379");
        assert_eq!((request.epoch, request.candidate), (Epoch(3), None));
        assert!(parse(&[b"10.0.0.1", b"x", b"3", b"*"]).is_none());
        assert!(parse(&[b"10.0.0.1", b"6379", b"9223372036854775807", b"*"]).is_none());
        assert!(parse(&[b"10.0.0.1", b"99999", b"3", b"*"]).expect("numbers").addr.is_none());
    }

    #[test]
    fn the_reply_has_fixed_types() {
        let mut bytes = Vec::new();
        let id = RunId::from_bits([0xab; 20]);
        let reply = VoteReply { down: true, leader: Some((id, Epoch(7))) };
        write_reply(reply, &mut Writer::new(&mut bytes, Protocol::Resp2));
        assert_eq!(String::from_utf8_lossy(&bytes), format!("*3\r\n:1\r\n$40\r\n{id}\r\n:7\r\n"));
        bytes.clear();
        write_reply(VoteReply { down: false, leader: None }, &mut Writer::new(&mut bytes, Protocol::Resp2));
        assert_eq!(bytes, b"*3\r\n:0\r\n$1\r\n*\r\n:0\r\n");
    }
}
