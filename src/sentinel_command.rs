//! `bongsu sentinel`, and this program under the names of the sentinels that it replaces.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use bongsu_sentinel::config::Invocation;

use crate::output::{say, write_out};
use crate::{cli, exit};

/// The Redis version whose behaviour is announced.
pub(crate) const REDIS_VERSION: &str = "7.2.4";

/// Which sentinel is stood in for: it shows in the version line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Brand {
    Redis,
    Valkey,
}

/// Names that mean "be a sentinel" when they occur in the name that the program was started by.
const SENTINEL_NAMES: [(&str, Brand); 2] = [("redis-sentinel", Brand::Redis), ("valkey-sentinel", Brand::Valkey)];

const HELP: &str = "\
Usage: bongsu sentinel FILE [-] [--directive value ...]

Runs a sentinel: watches the groups named in FILE and fails them over, together with other sentinels, those of
Redis and Valkey included.

FILE is a sentinel.conf as Redis Sentinel has it, which is rewritten in place as Redis does; or a .yaml file, which
is never written (state goes to its state-dir). Directives on the command line come after the file, so they win:
    bongsu sentinel /etc/bongsu/sentinel.conf --port 26380 --loglevel verbose
    bongsu sentinel sentinel.conf --sentinel monitor mymaster 127.0.0.1 6379 2
A lone `-` reads more directives from standard input.

`bongsu config check FILE` says what is wrong with a file, `bongsu config reference` describes every directive.
";

/// The arguments of a sentinel if the program was started in the way of one: through a link whose name says so, or with
/// `--sentinel` and no command of ours, some of which have an option of that name.
pub(crate) fn asked_for(args: &[OsString]) -> Option<(Brand, Vec<String>)> {
    let (program, rest) = args.split_first()?;
    let name = Path::new(program).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let by_name = SENTINEL_NAMES.iter().find(|(s, _)| name.contains(s)).map(|(_, brand)| *brand);
    let by_option = !rest.first().is_some_and(|first| cli::is_command(first)) && rest.iter().any(|a| a == "--sentinel");
    by_name.or_else(|| by_option.then_some(Brand::Redis)).map(|brand| (brand, lossy(rest)))
}

/// Runs a sentinel in the way of `redis-sentinel` or `valkey-sentinel`: same version line, same exit statuses.
pub(crate) fn run_as(brand: Brand, arguments: Vec<String>) -> ExitCode {
    match Invocation::parse(arguments) {
        Ok(Invocation::Run(launch)) => bongsu_sentinel::run(&launch, REDIS_VERSION),
        Ok(Invocation::Version) => {
            let bits = usize::BITS;
            shown(say!("{brand:?} server v={REDIS_VERSION} sha=00000000:0 malloc=libc bits={bits} build=0"))
        }
        Ok(Invocation::Help) => {
            let _closed = write_out!("{HELP}");
            ExitCode::FAILURE
        }
        Err(word) => {
            eprintln!("Unexpected argument '{word}'");
            ExitCode::FAILURE
        }
    }
}

/// `bongsu sentinel ...`.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    match Invocation::parse(lossy(arguments)) {
        Ok(Invocation::Run(launch)) if launch == Default::default() => {
            eprint!("{HELP}");
            ExitCode::from(exit::USAGE)
        }
        Ok(Invocation::Run(launch)) => bongsu_sentinel::run(&launch, REDIS_VERSION),
        Ok(Invocation::Version) => shown(say!("bongsu {}", env!("CARGO_PKG_VERSION"))),
        Ok(Invocation::Help) => shown(write_out!("{HELP}")),
        Err(word) => {
            eprintln!("bongsu sentinel: unexpected argument '{word}'\n\n{HELP}");
            ExitCode::from(exit::USAGE)
        }
    }
}

/// The exit status after printing.
pub(crate) fn shown(printed: std::io::Result<()>) -> ExitCode {
    printed.map_or_else(|_closed| ExitCode::from(exit::OUTPUT_CLOSED), |()| ExitCode::SUCCESS)
}

fn lossy(args: &[OsString]) -> Vec<String> {
    args.iter().map(|a| a.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn links_and_the_option_ask_for_a_sentinel() {
        let brand = |words: &[&str]| asked_for(&args(words)).map(|(brand, _)| brand);
        assert_eq!(brand(&["../src/valkey-sentinel", "s.conf"]), Some(Brand::Valkey));
        assert_eq!(brand(&["/usr/bin/redis-sentinel"]), Some(Brand::Redis));
        assert_eq!(brand(&["bongsu", "s.conf", "--sentinel"]), Some(Brand::Redis));
        assert!(asked_for(&args(&["bongsu", "sentinel", "s.conf", "--sentinel", "monitor"])).is_none());
        assert!(asked_for(&args(&["bongsu", "status"])).is_none());
        assert!(asked_for(&args(&["bongsu", "status", "--sentinel", "127.0.0.1:26379"])).is_none());
        assert!(asked_for(&args(&["redis-sentinel", "status"])).is_some());
    }
}
