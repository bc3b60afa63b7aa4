//! `BONGSU LEASE`, `RELEASE` and `LEASES`: for how long a master may hold what only one node of its group may hold.

use std::time::Duration;

use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_sentinel_core::{Addr, LeaseAnswer, LeaseCall, LeaseRefusal, RunId, Time};

use crate::front::sentinel::{Fields, NO_SUCH_MASTER};
use crate::shell::Shell;

const BAD_NAME: &str = "ERR a master name is text";
const BAD_HOLDER: &str = "ERR a holder is named by 40 printable characters";
const BAD_NODE: &str = "ERR a node is named by an address and a port from 1 to 65535";
const BAD_CLOCK: &str = "ERR a holder's clock shows a number of milliseconds";
const BAD_TIME: &str = "ERR a lease lasts a positive number of milliseconds";

/// Answers `<master-name> <holder> <ip> <port> <milliseconds> <sent>`.
pub(super) fn write_lease(shell: &Shell, arguments: &[&[u8]], out: &mut Writer<'_>) {
    let (group, call) = match parse_lease(arguments) {
        Ok(request) => request,
        Err(error) => return out.error(error),
    };
    let (run_id, answer) = shell.with_core(|core, now| (core.my_id(), core.lease(now, group, call)));
    match answer {
        Ok(answer) => fields_of(run_id, &answer).write(out),
        Err(_no_such_group) => out.error(NO_SUCH_MASTER),
    }
}

/// Answers `<master-name> <holder> <let go>`.
pub(super) fn write_release(shell: &Shell, arguments: &[&[u8]], out: &mut Writer<'_>) {
    let (group, holder, let_go) = match parse_release(arguments) {
        Ok(request) => request,
        Err(error) => return out.error(error),
    };
    match shell.with_core(|core, now| core.release_lease(now, group, holder, let_go)) {
        Ok(had_one) => out.integer(i64::from(had_one)),
        Err(_no_such_group) => out.error(NO_SUCH_MASTER),
    }
}

/// One map for each group that has a lease.
pub(super) fn write_leases(shell: &Shell, out: &mut Writer<'_>) {
    let leases = shell.with_core(|core, now| {
        let groups = core.groups(now).into_iter();
        groups
            .filter_map(|group| Some((group.name.clone(), core.lease_of(now, group.name.as_str())?)))
            .collect::<Vec<_>>()
    });
    out.array(leases.len());
    for (group, lease) in leases {
        let mut fields = Fields::default();
        fields.add("master", group);
        fields.add("holder", lease.holder);
        fields.add("node", lease.node);
        fields.add("epoch", lease.epoch);
        fields.add_ms("left-ms", lease.left);
        fields.write(out);
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn parse_lease<'a>(arguments: &[&'a [u8]]) -> Result<(&'a str, LeaseCall), &'static str> {
    let [group, holder, ip, port, millis, sent] = arguments else { return Err(BAD_TIME) };
    let (group, holder, sent) = parse_release(&[group, holder, sent])?;
    let port = parse_integer(port).and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0);
    let node = text(ip).zip(port).and_then(|(ip, port)| Addr::new(ip, port)).ok_or(BAD_NODE)?;
    let millis = parse_integer(millis).and_then(|millis| u64::try_from(millis).ok()).filter(|millis| *millis != 0);
    let wanted = Duration::from_millis(millis.ok_or(BAD_TIME)?);
    Ok((group, LeaseCall { holder, node, wanted, sent }))
}

fn parse_release<'a>(arguments: &[&'a [u8]]) -> Result<(&'a str, RunId, Time), &'static str> {
    let [group, holder, at] = arguments else { return Err(BAD_HOLDER) };
    let group = text(group).ok_or(BAD_NAME)?;
    let holder = text(holder).and_then(RunId::parse).ok_or(BAD_HOLDER)?;
    let at = parse_integer(at).and_then(|at| u64::try_from(at).ok()).ok_or(BAD_CLOCK)?;
    Ok((group, holder, Time::from_ms(at)))
}

fn fields_of(run_id: RunId, answer: &LeaseAnswer) -> Fields {
    let mut fields = Fields::default();
    fields.add("run-id", run_id);
    fields.add("epoch", answer.epoch);
    fields.add("voters", answer.voters);
    match &answer.verdict {
        Ok(lasts) => fields.add_ms("granted-ms", *lasts),
        Err(refusal) => {
            fields.add("refused", refusal.as_str());
            fields.add_some("left-ms", refusal.left().map(|left| left.as_millis()));
            match refusal {
                LeaseRefusal::NotMaster { master } => fields.add("master", master),
                LeaseRefusal::Held { node, .. } => fields.add("node", node),
                _ => {}
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLDER: &[u8] = b"0123456789012345678901234567890123456789";

    #[test]
    fn requests_are_read_strictly() {
        let (group, call) = parse_lease(&[b"mymaster", HOLDER, b"10.0.0.1", b"6379", b"3000", b"7"]).expect("valid");
        assert_eq!((group, call.node.to_string()), ("mymaster", "10.0.0.1:6379".to_owned()));
        assert_eq!((call.holder.as_str().as_bytes(), call.wanted), (HOLDER, Duration::from_secs(3)));
        assert_eq!(call.sent, Time::from_ms(7));
        let wrong: [([&[u8]; 6], &str); 9] = [
            ([b"\xff", HOLDER, b"10.0.0.1", b"6379", b"3000", b"7"], BAD_NAME),
            ([b"mymaster", b"me", b"10.0.0.1", b"6379", b"3000", b"7"], BAD_HOLDER),
            ([b"mymaster", HOLDER, b"", b"6379", b"3000", b"7"], BAD_NODE),
            ([b"mymaster", HOLDER, b"10.0.0.1", b"0", b"3000", b"7"], BAD_NODE),
            ([b"mymaster", HOLDER, b"10.0.0.1", b"70000", b"3000", b"7"], BAD_NODE),
            ([b"mymaster", HOLDER, b"10.0.0.1", b"6379", b"0", b"7"], BAD_TIME),
            ([b"mymaster", HOLDER, b"10.0.0.1", b"6379", b"-1", b"7"], BAD_TIME),
            ([b"mymaster", HOLDER, b"10.0.0.1", b"6379", b"3s", b"7"], BAD_TIME),
            ([b"mymaster", HOLDER, b"10.0.0.1", b"6379", b"3000", b"-7"], BAD_CLOCK),
        ];
        for (request, error) in wrong {
            assert_eq!(parse_lease(&request).expect_err("wrong"), error, "{request:?}");
        }
    }
}
