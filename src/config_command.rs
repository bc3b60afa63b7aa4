//! `bongsu config`: looks at configurations without running them.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use bongsu_sentinel::config::{Launch, Loaded, advice, inspect, reference, to_yaml};
use clap::{Args, Subcommand};

use crate::exit;
use crate::output::write_out;

/// What to do with a configuration.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a sentinel's configuration and show what it amounts to; exit status 0 usable, 78 not
    Check(FileArgs),
    /// Print a sentinel's configuration as YAML that amounts to the same (passwords included)
    Convert(FileArgs),
    /// Print the reference of all directives, in Markdown
    Reference,
}

#[derive(Args)]
pub(crate) struct FileArgs {
    /// The configuration: `.yaml` and `.yml` are YAML, anything else is read as `sentinel.conf`
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs one of the commands.
pub(crate) fn run(command: &ConfigCommand) -> Result<ExitCode> {
    match command {
        ConfigCommand::Check(args) => with_loaded(args, |loaded| Ok(summary(loaded))),
        ConfigCommand::Convert(args) => with_loaded(args, |loaded| to_yaml(loaded).map_err(|error| error.to_string())),
        ConfigCommand::Reference => {
            write_out!("{}", reference())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn with_loaded(args: &FileArgs, show: impl FnOnce(&Loaded) -> Result<String, String>) -> Result<ExitCode> {
    let loaded = inspect(&Launch::with_file(&args.file)).map_err(|error| error.report());
    match loaded.and_then(|loaded| show(&loaded).map_err(|error| error + "\n")) {
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
    for doubt in advice(loaded) {
        out.push_str(&format!("warning: {doubt}\n"));
    }
    out
}
