//! `bongsu server`, and this program under the names of the servers that it replaces.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use bongsu_server::config::Invocation;

use crate::output::{say, write_out};
use crate::sentinel_command::{Brand, REDIS_VERSION};

/// Names that mean "be a data server" when they occur in the name that the program was started by.
const SERVER_NAMES: [(&str, Brand); 2] = [("redis-server", Brand::Redis), ("valkey-server", Brand::Valkey)];

const HELP: &str = "\
Usage: bongsu server [FILE] [-] [--directive value ...]

Runs a data server that speaks the protocol of Redis. Without arguments it listens on port 6379 and serves this
machine only (protected-mode) until it has a password.

FILE is a redis.conf; CONFIG REWRITE writes it. Directives on the command line come after the file, so they win:
    bongsu server /etc/bongsu/server.conf --port 6380 --loglevel verbose
    bongsu server --bind 127.0.0.1 -::1 --maxmemory 2gb --maxmemory-policy allkeys-lfu
A lone `-` reads more directives from standard input:
    echo 'requirepass secret' | bongsu server -

`CONFIG GET *` shows all directives. Exit status 0 after SHUTDOWN, SIGTERM or SIGINT; 1 if the configuration is wrong
(a report is on standard error) or a socket cannot be opened.
";

/// The arguments of a data server if the program was started through a link whose name says so.
pub(crate) fn asked_for(args: &[OsString]) -> Option<(Brand, Vec<String>)> {
    let (program, rest) = args.split_first()?;
    let name = Path::new(program).file_name()?.to_string_lossy();
    let (_, brand) = SERVER_NAMES.iter().find(|(server, _)| name.contains(server))?;
    Some((*brand, lossy(rest)))
}

/// Runs a data server in the way of `redis-server` or `valkey-server`: same version line, same exit statuses.
pub(crate) fn run_as(brand: Brand, arguments: &[String]) -> ExitCode {
    match Invocation::parse(arguments) {
        Invocation::Run(launch) => bongsu_server::run(&launch),
        Invocation::Version => {
            let bits = usize::BITS;
            let version = say!("{brand:?} server v={REDIS_VERSION} sha=00000000:0 malloc=libc bits={bits} build=0");
            crate::sentinel_command::shown(version)
        }
        Invocation::Help => {
            let _closed = write_out!("{HELP}");
            ExitCode::FAILURE
        }
    }
}

/// `bongsu server ...`.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    match Invocation::parse(&lossy(arguments)) {
        Invocation::Run(launch) => bongsu_server::run(&launch),
        Invocation::Version => crate::sentinel_command::shown(say!("bongsu {}", env!("CARGO_PKG_VERSION"))),
        Invocation::Help => crate::sentinel_command::shown(write_out!("{HELP}")),
    }
}

fn lossy(args: &[OsString]) -> Vec<String> {
    args.iter().map(|a| a.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_ask_for_a_server() {
        let brand = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            asked_for(&words).map(|(brand, _)| brand)
        };
        assert_eq!(brand(&["../src/valkey-server", "s.conf"]), Some(Brand::Valkey));
        assert_eq!(brand(&["/usr/bin/redis-server"]), Some(Brand::Redis));
        assert_eq!(brand(&["bongsu", "server", "s.conf"]), None);
        assert_eq!(brand(&["redis-sentinel", "s.conf"]), None);
    }
}
