//! `MONITOR`, `REMOVE`, `RESET`: which masters are watched.

use std::net::IpAddr;

use bongsu_protocol::glob;
use bongsu_protocol::resp::{Writer, parse_integer};
use bongsu_sentinel_core::{Addr, Epoch, GroupName, GroupOptions, GroupSpec, MonitorError, Quorum};

use super::{NO_SUCH_MASTER, save};
use crate::front::dispatch::Outcome;
use crate::shell::Shell;

const BAD_HOST: &str = "ERR Invalid IP address or hostname specified";

/// A `MONITOR` request whose numbers are valid.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    name: GroupName,
    host: String,
    port: u16,
    quorum: Quorum,
}

/// `MONITOR <name> <ip> <port> <quorum>`. A host name is looked up first.
pub(super) fn monitor(shell: &Shell, arguments: &[&[u8]], out: &mut Writer<'_>) -> Outcome {
    let request = match parse(arguments) {
        Ok(request) => request,
        Err(error) => {
            out.error(error);
            return Outcome::Done;
        }
    };
    let is_ip = request.host.parse::<IpAddr>().is_ok();
    if !is_ip && !shell.settings().resolve_hostnames {
        out.error(BAD_HOST);
        return Outcome::Done;
    }
    let shell = shell.clone();
    Outcome::Wait(Box::pin(async move {
        match watch(&shell, request).await {
            Ok(()) => save::reply(&shell).await,
            Err(error) => format!("-{error}\r\n").into_bytes(),
        }
    }))
}

fn parse(arguments: &[&[u8]]) -> Result<Request, &'static str> {
    let [name, host, port, quorum] = arguments else { return Err("ERR syntax error") };
    let quorum = parse_integer(quorum).ok_or("ERR Invalid quorum")?;
    let port = parse_integer(port).ok_or("ERR Invalid port")?;
    let quorum = u32::try_from(quorum).ok().and_then(Quorum::new).ok_or("ERR Quorum must be 1 or greater.")?;
    let host = std::str::from_utf8(host).map_err(|_| BAD_HOST)?;
    Addr::new(host, 0).ok_or(BAD_HOST)?;
    let name = std::str::from_utf8(name).ok().and_then(GroupName::parse);
    let name = name
        .ok_or("ERR Invalid master name: it must not be empty, long, or hold spaces, commas or control characters")?;
    let port = u16::try_from(port).map_err(|_| "ERR Invalid port number.")?;
    Ok(Request { name, host: host.to_owned(), port, quorum })
}

async fn watch(shell: &Shell, request: Request) -> Result<(), &'static str> {
    let ip = match request.host.parse() {
        Ok(ip) => ip,
        Err(_) => shell.resolve(&request.host).await.map_err(|_| BAD_HOST)?,
    };
    let addr = Addr::new(&request.host, request.port).ok_or(BAD_HOST)?.resolved(ip);
    shell.with_core(|core, now| {
        let options = GroupOptions::new(request.quorum, core.tunables());
        let spec = GroupSpec {
            name: request.name,
            master: addr,
            options,
            config_epoch: Epoch::ZERO,
            leader_epoch: Epoch::ZERO,
            replicas: Vec::new(),
            peers: Vec::new(),
        };
        match core.monitor(now, spec) {
            Ok(_) => Ok(()),
            Err(MonitorError::DuplicateName) => Err("ERR Duplicate master name."),
            Err(MonitorError::TooMany) => Err("ERR Too many masters are monitored."),
        }
    })
}

/// `REMOVE <name>`
pub(super) fn remove(shell: &Shell, name: &str, out: &mut Writer<'_>) -> Outcome {
    if shell.with_core(|core, now| core.remove(now, name)).is_err() {
        out.error(NO_SUCH_MASTER);
        return Outcome::Done;
    }
    shell.settings_mut().masters.remove(name);
    save::then_ok(shell)
}

/// `RESET <pattern>`
pub(super) fn reset(shell: &Shell, pattern: &[u8], out: &mut Writer<'_>) {
    let count = shell.with_core(|core, now| core.reset(now, &|name| glob::matches(pattern, name.as_bytes())));
    out.integer(i64::try_from(count).unwrap_or(i64::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn error(line: &str) -> &'static str {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        parse(&words).expect_err(line)
    }

    #[test]
    fn errors_in_the_order_of_redis() {
        assert_eq!(error("m 127.0.0.1 x y"), "ERR Invalid quorum");
        assert_eq!(error("m 127.0.0.1 x 0"), "ERR Invalid port");
        assert_eq!(error("m 127.0.0.1 99999 0"), "ERR Quorum must be 1 or greater.");
        assert_eq!(error("m 127.0.0.1 99999 -1"), "ERR Quorum must be 1 or greater.");
        assert_eq!(error("m 127.0.0.1 99999 1"), "ERR Invalid port number.");
        assert_eq!(error("m a,b 6379 1"), BAD_HOST);
        assert!(error("m,n 127.0.0.1 6379 1").starts_with("ERR Invalid master name"));
    }
}
