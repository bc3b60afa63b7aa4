//! `bongsu sentinel`, and this program under the names of the sentinels that it replaces.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use bongsu_sentinel::config::Invocation;

use crate::{cli, exit};

/// The Redis version whose behaviour is announced.
const REDIS_VERSION: &str = "7.2.4";

/// Names that mean "be a sentinel" when they occur in the name that the program was started by.
const SENTINEL_NAMES: [&str; 2] = ["redis-sentinel", "valkey-sentinel"];

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
pub(crate) fn asked_for(args: &[OsString]) -> Option<Vec<String>> {
    let (program, rest) = args.split_first()?;
    let name = Path::new(program).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let by_name = SENTINEL_NAMES.iter().any(|s| name.contains(s));
    let by_option = !rest.first().is_some_and(|first| cli::is_command(first)) && rest.iter().any(|a| a == "--sentinel");
    (by_name || by_option).then(|| lossy(rest))
}

/// Runs a sentinel in the way of `redis-sentinel`: same version line, same exit statuses.
pub(crate) fn run_as_redis(arguments: Vec<String>) -> ExitCode {
    match Invocation::parse(arguments) {
        Ok(Invocation::Run(launch)) => bongsu_sentinel::run(&launch, REDIS_VERSION),
        Ok(Invocation::Version) => {
            println!("Redis server v={REDIS_VERSION} sha=00000000:0 malloc=libc bits={} build=0", usize::BITS);
            ExitCode::SUCCESS
        }
        Ok(Invocation::Help) => {
            print!("{HELP}");
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
        Ok(Invocation::Version) => {
            println!("bongsu {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Ok(Invocation::Help) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(word) => {
            eprintln!("bongsu sentinel: unexpected argument '{word}'\n\n{HELP}");
            ExitCode::from(exit::USAGE)
        }
    }
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
        assert!(asked_for(&args(&["../src/valkey-sentinel", "s.conf"])).is_some());
        assert!(asked_for(&args(&["/usr/bin/redis-sentinel"])).is_some());
        assert!(asked_for(&args(&["bongsu", "s.conf", "--sentinel"])).is_some());
        assert!(asked_for(&args(&["bongsu", "sentinel", "s.conf", "--sentinel", "monitor"])).is_none());
        assert!(asked_for(&args(&["bongsu", "status"])).is_none());
        assert!(asked_for(&args(&["bongsu", "status", "--sentinel", "127.0.0.1:26379"])).is_none());
        assert!(asked_for(&args(&["redis-sentinel", "status"])).is_some());
    }
}
