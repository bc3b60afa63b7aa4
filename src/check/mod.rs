//! `bongsu check`: looks at files of data without a server, and this program under the names of the tools that do so.

mod aof;
mod rdb;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::output::{is_closed, say};
use crate::sentinel_command::{REDIS_VERSION, shown};
use crate::{cli, exit};
use aof::{Checker, Repair};

/// What to look at.
#[derive(Subcommand)]
pub(crate) enum CheckCommand {
    /// Read an RDB file to its end, and tell what is in it; exit status 0 sound, 1 not
    Rdb(RdbArgs),
    /// Read an append-only file, or all files that a manifest names; exit status 0 sound or repaired, 1 not
    Aof(AofArgs),
}

#[derive(Args)]
pub(crate) struct RdbArgs {
    /// The RDB file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Args)]
pub(crate) struct AofArgs {
    /// Cut off, after a question, what no longer makes sense at the end of the last file
    #[arg(long, conflicts_with = "truncate_to_timestamp")]
    fix: bool,
    /// Cut off what was executed after this second of the epoch, which `aof-timestamp-enabled` has written down
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    truncate_to_timestamp: Option<i64>,
    /// The manifest, or a single append-only file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Why a check came to no good end.
enum Stop {
    /// The files are not sound, or cannot be read; that has been said.
    Unsound,
    /// Nobody reads what is said.
    Output(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Runs one of the commands.
pub(crate) fn run(command: &CheckCommand) -> Result<ExitCode> {
    match command {
        CheckCommand::Rdb(args) => check_rdb(&args.file),
        CheckCommand::Aof(args) => {
            let until = args.truncate_to_timestamp.map(Repair::Until);
            check_aof(&args.file, until.unwrap_or(if args.fix { Repair::Fix } else { Repair::None }))
        }
    }
}

fn check_rdb(file: &Path) -> Result<ExitCode> {
    ended(rdb::check_file(&mut io::stdout().lock(), file))
}

fn check_aof(file: &Path, repair: Repair) -> Result<ExitCode> {
    let mut checker = Checker { out: &mut io::stdout().lock(), answers: &mut io::stdin().lock(), repair };
    ended(checker.check(file))
}

fn ended(result: Result<(), Stop>) -> Result<ExitCode> {
    match result {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Stop::Unsound) => Ok(ExitCode::FAILURE),
        Err(Stop::Output(error)) => Err(error.into()),
    }
}

/// A tool that is stood in for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tool {
    /// `redis-check-rdb`.
    Rdb,
    /// `redis-check-aof`.
    Aof,
}

/// Names that mean "be this tool" when they occur in the name that the program was started by.
const TOOL_NAMES: [(&str, Tool); 4] = [
    ("redis-check-rdb", Tool::Rdb),
    ("valkey-check-rdb", Tool::Rdb),
    ("redis-check-aof", Tool::Aof),
    ("valkey-check-aof", Tool::Aof),
];

/// The tool and its name if the program was started through a link whose name is one.
pub(crate) fn asked_for(args: &[OsString]) -> Option<(Tool, &'static str)> {
    let name = Path::new(args.first()?).file_name()?.to_string_lossy();
    let (known, tool) = TOOL_NAMES.iter().find(|(known, _)| name.contains(known))?;
    Some((*tool, known))
}

/// Does what the tool of this name does with its arguments: same words, same exit statuses.
pub(crate) fn run_as(tool: Tool, name: &str, args: &[OsString]) -> ExitCode {
    let words: Vec<_> = args.iter().skip(1).map(|word| word.to_str()).collect();
    let result = match (tool, words.as_slice()) {
        (Tool::Rdb, [Some("-v" | "--version")]) => return shown(say!("{name} {REDIS_VERSION}")),
        (Tool::Rdb, [_]) => check_rdb(Path::new(&args[1])),
        (Tool::Rdb, _) => {
            eprintln!("Usage: {name} <rdb-file-name>");
            return ExitCode::FAILURE;
        }
        (Tool::Aof, [_]) => check_aof(Path::new(&args[1]), Repair::None),
        (Tool::Aof, [Some("--fix"), _]) => check_aof(Path::new(&args[2]), Repair::Fix),
        (Tool::Aof, [Some("--truncate-to-timestamp"), seconds, _]) => match seconds.unwrap_or_default().parse() {
            Ok(seconds) => check_aof(Path::new(&args[3]), Repair::Until(seconds)),
            Err(_) => {
                let _closed = say!("Invalid timestamp, aborting...");
                return ExitCode::FAILURE;
            }
        },
        (Tool::Aof, _) => {
            let _closed = say!("Usage: {name} [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>");
            return ExitCode::FAILURE;
        }
    };
    result.unwrap_or_else(|error| {
        if is_closed(&error) {
            return ExitCode::from(exit::OUTPUT_CLOSED);
        }
        eprintln!("{name}: {}", cli::chain(&error));
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_ask_for_a_tool() {
        let tool = |name: &str| asked_for(&[name.into()]).map(|(tool, _)| tool);
        assert_eq!(tool("src/valkey-check-aof"), Some(Tool::Aof));
        assert_eq!(tool("/usr/bin/redis-check-rdb"), Some(Tool::Rdb));
        assert_eq!(tool("redis-server"), None);
        assert_eq!(tool("bongsu"), None);
    }
}
