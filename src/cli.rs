//! The command line.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand};
use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::{
    check, config_command, demo, exit, healthcheck_command, hooks_command, init, output, publish_command,
    sentinel_command, server_command, status, switchover,
};

/// High availability for Redis-compatible data: a quorum of sentinels watches, and the best replica takes over.
#[derive(Parser)]
#[command(name = "bongsu", version, max_term_width = 100)]
#[command(after_help = "Under the name redis-server, valkey-server, redis-sentinel or valkey-sentinel, or one of \
    their -check-rdb and -check-aof (a link), or as `bongsu FILE --sentinel`, it takes the arguments of that program.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a sentinel: watch groups of nodes and fail them over
    #[command(disable_help_flag = true)]
    Sentinel {
        /// A configuration file, then --directive value ...
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FILE")]
        arguments: Vec<OsString>,
    },
    /// Run a data server that speaks the protocol of Redis
    #[command(disable_help_flag = true)]
    Server {
        /// A configuration file, then --directive value ...
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FILE")]
        arguments: Vec<OsString>,
    },
    /// Start a small installation, kill its master, and show the recovery
    Demo(demo::DemoArgs),
    /// Make everything that an installation needs: configurations, users, certificates, units
    #[command(subcommand)]
    Init(init::InitCommand),
    /// Show the groups that a sentinel watches, with their nodes
    Status(status::StatusArgs),
    /// Hand a group over to its best replica, without losing a write
    Switchover(switchover::SwitchoverArgs),
    /// Show where else clients find the masters (DNS, etcd, Consul, ZooKeeper), and renew it
    #[command(subcommand)]
    Publish(publish_command::PublishCommand),
    /// Show what the hooks of a sentinel did, or try them
    Hooks(hooks_command::HooksArgs),
    /// Check a configuration, convert it to YAML, explain its directives
    #[command(subcommand)]
    Config(config_command::ConfigCommand),
    /// Check files of data, and repair them
    #[command(subcommand)]
    Check(check::CheckCommand),
    /// Ask nodes whether they are alive and what they are
    #[command(subcommand)]
    Healthcheck(healthcheck_command::HealthcheckCommand),
}

/// How nodes are reached, for every command that connects.
#[derive(Args)]
pub(crate) struct AccessArgs {
    /// ACL user to log in as
    #[arg(long, value_name = "NAME", env = "BONGSU_USER")]
    pub(crate) user: Option<String>,
    /// File whose first line is the password (kept off the command line, which every user of the machine can read)
    #[arg(long, value_name = "FILE", env = "BONGSU_PASSWORD_FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Use TLS
    #[arg(long, env = "BONGSU_TLS")]
    pub(crate) tls: bool,
    /// Authorities to trust instead of those of the system, PEM
    #[arg(long, value_name = "FILE", requires = "tls", env = "BONGSU_CACERT")]
    pub(crate) cacert: Option<PathBuf>,
    /// Client certificate, PEM
    #[arg(long, value_name = "FILE", requires_all = ["tls", "key"], env = "BONGSU_CERT")]
    pub(crate) cert: Option<PathBuf>,
    /// Key of the client certificate, PEM
    #[arg(long, value_name = "FILE", requires_all = ["tls", "cert"], env = "BONGSU_KEY")]
    pub(crate) key: Option<PathBuf>,
    /// Longest wait for a node, in milliseconds
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = milliseconds)]
    pub(crate) timeout: Duration,
}

/// Runs the command that `args` (the program's name included) name.
pub(crate) fn run(args: &[OsString]) -> ExitCode {
    let command = match Cli::try_parse_from(args) {
        Ok(cli) => cli.command,
        Err(error) => {
            // Printing fails only if nobody reads.
            let _closed = error.print();
            let status = healthcheck_command::usage_status(args).unwrap_or(exit::USAGE);
            return if error.use_stderr() { ExitCode::from(status) } else { ExitCode::SUCCESS };
        }
    };
    let result = match command {
        Command::Sentinel { arguments } => return sentinel_command::run(&arguments),
        Command::Server { arguments } => return server_command::run(&arguments),
        Command::Demo(args) => demo::run(&args),
        Command::Init(command) => init::run(&command),
        Command::Status(args) => status::run(&args),
        Command::Switchover(args) => switchover::run(&args),
        Command::Publish(command) => publish_command::run(&command),
        Command::Hooks(args) => hooks_command::run(&args),
        Command::Config(command) => config_command::run(&command),
        Command::Check(command) => check::run(&command),
        Command::Healthcheck(command) => healthcheck_command::run(command),
    };
    result.unwrap_or_else(|error| {
        if output::is_closed(&error) {
            return ExitCode::from(exit::OUTPUT_CLOSED);
        }
        eprintln!("bongsu: {}", chain(&error));
        ExitCode::from(exit::UNAVAILABLE)
    })
}

/// An error with its causes. Those that its own text ends with already are not repeated; what a server said with `ERR` is the last.
pub(crate) fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let answer = answer(cause);
        let said = answer.map_or_else(|| cause.to_string(), str::to_owned);
        if !text.ends_with(&said) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&said);
        }
        if answer.is_some() {
            break;
        }
    }
    text
}

/// What a server said, if that is the error.
fn answer<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a str> {
    let error: &RedisError = error.downcast_ref()?;
    error.detail().filter(|_| error.kind() == ErrorKind::Server(ServerErrorKind::ResponseError))
}

/// Whether `word` names one of our commands.
pub(crate) fn is_command(word: &OsStr) -> bool {
    word == "help" || Cli::command().get_subcommands().any(|command| word == command.get_name())
}

/// A time in whole milliseconds, at least one.
pub(crate) fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1 ms".to_owned()),
        Ok(millis) => Ok(Duration::from_millis(millis)),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_a_server_says_is_shown_without_the_name_of_its_kind() {
        let reply = redis::parse_redis_value(b"-ERR No such master with that name\r\n").unwrap();
        let error = reply.extract_error().unwrap_err();
        let error = anyhow::Error::from(error).context("group x");
        assert_eq!(chain(&error), "group x: No such master with that name");
    }
}
