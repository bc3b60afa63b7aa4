//! `bongsu config`: looks at configurations without running them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use bongsu_sentinel::config::{Launch, Loaded, advice, inspect, is_yaml, reference, to_yaml};
use bongsu_server::config::{self as server, Config, Directive};
use clap::{Args, Subcommand, ValueEnum};

use crate::exit;
use crate::output::write_out;

/// What to do with a configuration.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration of a sentinel or a data server and show what it amounts to; exit status 0 usable, 78 not
    Check(CheckArgs),
    /// Print a sentinel's configuration as YAML that amounts to the same (passwords included)
    Convert(FileArgs),
    /// Print the reference of all directives, in Markdown
    Reference,
}

#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Whose configuration it is; without this, a data server's if it is no YAML and has no line of a sentinel
    #[arg(long = "as", value_name = "WHO")]
    role: Option<Role>,
}

/// Who reads a configuration.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    Sentinel,
    Server,
}

impl CheckArgs {
    fn role(&self) -> Role {
        self.role.unwrap_or_else(|| {
            let file = &self.file.file;
            // What cannot be read is for the sentinel to complain about.
            let text = fs::read(file).unwrap_or_else(|_| SENTINEL_LINE.to_vec());
            let is_sentinel = |line: &[u8]| {
                let line = line.trim_ascii_start();
                line.get(..SENTINEL_LINE.len()).is_some_and(|word| word.eq_ignore_ascii_case(SENTINEL_LINE))
            };
            let has_name = file.file_name().is_some_and(|name| name.to_string_lossy().contains("sentinel"));
            if is_yaml(file) || has_name || text.split(|byte| *byte == b'\n').any(is_sentinel) {
                Role::Sentinel
            } else {
                Role::Server
            }
        })
    }
}

/// How lines begin that only a sentinel has.
const SENTINEL_LINE: &[u8] = b"sentinel ";

#[derive(Args)]
pub(crate) struct FileArgs {
    /// The configuration: `.yaml` and `.yml` are YAML, anything else is read as `sentinel.conf`
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs one of the commands.
pub(crate) fn run(command: &ConfigCommand) -> Result<ExitCode> {
    match command {
        ConfigCommand::Check(args) => match args.role() {
            Role::Sentinel => with_loaded(&args.file, |loaded| Ok(summary(loaded))),
            Role::Server => show(server_summary(&args.file.file)),
        },
        ConfigCommand::Convert(args) => with_loaded(args, |loaded| to_yaml(loaded).map_err(|error| error.to_string())),
        ConfigCommand::Reference => {
            write_out!("{}", reference())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn with_loaded(args: &FileArgs, text: impl FnOnce(&Loaded) -> Result<String, String>) -> Result<ExitCode> {
    let loaded = inspect(&Launch::with_file(&args.file)).map_err(|error| error.report());
    show(loaded.and_then(|loaded| text(&loaded).map_err(|error| error + "\n")))
}

fn show(text: Result<String, String>) -> Result<ExitCode> {
    match text {
        Ok(text) => {
            write_out!("{text}")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(report) => {
            eprint!("{report}");
            Ok(ExitCode::from(exit::CONFIG))
        }
    }
}

/// What would be watched, and doubts about it.
fn summary(loaded: &Loaded) -> String {
    let server = &loaded.settings.server;
    let mut out = format!("{}: usable\n", loaded.file.display());
    let ports = [("port", server.port), ("tls-port", server.tls_port)];
    let listening: Vec<String> =
        ports.iter().filter(|(_, port)| *port != 0).map(|(name, port)| format!("{name} {port}")).collect();
    out.push_str(&format!("listens on {}; state in {}\n", listening.join(", "), loaded.store.path().display()));
    for group in &loaded.setup.groups {
        let options = &group.options;
        out.push_str(&format!(
            "group {}: master {}, quorum {}, down after {} ms, {} replicas and {} other sentinels known\n",
            group.name,
            group.master,
            options.quorum.get(),
            options.down_after.as_millis(),
            group.replicas.len(),
            group.peers.len()
        ));
    }
    for entry in &loaded.settings.sections {
        out.push_str(&format!("{} {}: {}\n", entry.section().word, entry.name(), entry.summary()));
    }
    for doubt in advice(loaded) {
        out.push_str(&format!("warning: {doubt}\n"));
    }
    out
}

/// What a data server would do.
fn server_summary(file: &Path) -> Result<String, String> {
    let wrong = |error: &dyn std::error::Error| format!("{}: {error}\n", file.display());
    let config = Config::inspect(&server::Launch::with_file(file)).map_err(|error| wrong(&error))?;
    config.check_users().map_err(|error| wrong(&error))?;
    let number = |directive| config.integer(directive);
    let ports = [("port", number(Directive::Port)), ("tls-port", number(Directive::TlsPort))];
    let listening: Vec<String> =
        ports.iter().filter(|(_, port)| *port != 0).map(|(name, port)| format!("{name} {port}")).collect();
    let kept = if config.is_on(Directive::Appendonly) { "every write is logged" } else { "no log of writes" };
    Ok(format!(
        "{}: usable\nlistens on {}; data in {}, {kept}\n",
        file.display(),
        listening.join(", "),
        config.dir().display()
    ))
}
