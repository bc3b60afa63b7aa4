//! `bongsu init`: makes everything that an installation needs, before any of it runs.

mod certificates;
mod files;
mod plan;
mod secrets;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::num::NonZeroU16;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use crate::cli::milliseconds;
use crate::exit;
use crate::output::{say, write_out};
use certificates::Certificates;
use files::Made;
use plan::{Host, Plan, PlanError};
use secrets::Secrets;

/// What to make.
#[derive(Subcommand)]
pub(crate) enum InitCommand {
    /// Three hosts, each with a data server and a sentinel: configurations, users, certificates, units of systemd
    ThreeNode(ThreeNodeArgs),
}

#[derive(Args)]
pub(crate) struct ThreeNodeArgs {
    /// Addresses or names by which the hosts and all clients reach each other; the first begins as the master
    #[arg(long, value_name = "A,B,C", required = true, value_delimiter = ',')]
    hosts: Vec<Host>,
    /// Folder to make; it must not be there yet
    #[arg(long, value_name = "DIR", default_value = "three-node")]
    out: PathBuf,
    /// What clients call the group
    #[arg(long, value_name = "GROUP", default_value = "mymaster", value_parser = plan::group)]
    name: String,
    /// Port of the data servers
    #[arg(long, value_name = "PORT", default_value = "6379")]
    port: NonZeroU16,
    /// Port of the sentinels
    #[arg(long, value_name = "PORT", default_value = "26379")]
    sentinel_port: NonZeroU16,
    /// Encrypt nothing: for networks only that nobody else can reach
    #[arg(long)]
    no_tls: bool,
    /// How long certificates last, in days
    #[arg(long, value_name = "N", default_value_t = 3650, value_parser = clap::value_parser!(u16).range(1..=36_500))]
    days: u16,
    /// Silence after which a node is down, in milliseconds
    #[arg(long, value_name = "MS", default_value = "5000", value_parser = milliseconds)]
    down_after: Duration,
    /// User that the services run as
    #[arg(long, value_name = "NAME", default_value = "bongsu", value_parser = plan::user)]
    user: String,
    /// Where the program lies on the hosts
    #[arg(long, value_name = "PATH", default_value = "/usr/local/bin/bongsu", value_parser = plan::path)]
    program: String,
    /// Where configurations, certificates and passwords lie on the hosts
    #[arg(long, value_name = "DIR", default_value = "/etc/bongsu", value_parser = plan::path)]
    config_dir: String,
    /// Where data and state lie on the hosts
    #[arg(long, value_name = "DIR", default_value = "/var/lib/bongsu", value_parser = plan::path)]
    state_dir: String,
}

impl ThreeNodeArgs {
    fn plan(&self) -> Result<Plan, PlanError> {
        let plan = Plan {
            group: self.name.clone(),
            hosts: plan::hosts(&self.hosts)?,
            port: self.port,
            sentinel_port: self.sentinel_port,
            tls: !self.no_tls,
            down_after: self.down_after,
            etc: self.config_dir.clone(),
            state: self.state_dir.clone(),
            program: self.program.clone(),
            user: self.user.clone(),
            days: self.days,
        };
        plan.check()
    }
}

/// Makes what is asked for; exit status 64 if it makes no sense, 73 if the folder is there already.
pub(crate) fn run(command: &InitCommand) -> Result<ExitCode> {
    let InitCommand::ThreeNode(args) = command;
    let plan = match args.plan() {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("bongsu: {error}");
            return Ok(ExitCode::from(exit::USAGE));
        }
    };
    let secrets = Secrets::random().context("no randomness")?;
    let certificates = plan.tls.then(|| Certificates::make(&plan)).transpose().context("no certificates")?;
    let made = files::all(&plan, &secrets, certificates.as_ref());
    if !write_all(&args.out, &made)? {
        eprintln!(
            "bongsu: {} is there already, and nothing in it is touched; name another with --out",
            args.out.display()
        );
        return Ok(ExitCode::from(exit::CANNOT_CREATE));
    }
    report(&args.out, &plan, &made)?;
    Ok(ExitCode::SUCCESS)
}

/// Puts the files into a new folder, which appears with all of them or not at all. False if there is one of that name.
fn write_all(out: &Path, made: &[Made]) -> Result<bool> {
    let failed = |path: &Path| format!("cannot make {}", path.display());
    if fs::symlink_metadata(out).is_ok() {
        return Ok(false);
    }
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    anyhow::ensure!(parent.is_dir(), "cannot make {}: there is no folder {}", out.display(), parent.display());
    let mut builder = tempfile::Builder::new();
    let folder = builder.prefix(".bongsu-init-").permissions(Permissions::from_mode(0o700)).tempdir_in(parent);
    let folder = folder.with_context(|| failed(out))?;
    for file in made {
        let path = folder.path().join(&file.path);
        let beside = path.parent().unwrap_or_else(|| folder.path());
        DirBuilder::new().recursive(true).mode(0o700).create(beside).with_context(|| failed(beside))?;
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let mut opened = opened.with_context(|| failed(&path))?;
        opened.write_all(file.text.as_bytes()).with_context(|| failed(&path))?;
        // Whatever the umask is.
        opened.set_permissions(Permissions::from_mode(file.mode)).with_context(|| failed(&path))?;
    }
    match fs::rename(folder.path(), out) {
        Ok(()) => {
            // It is no temporary folder any more.
            let _renamed = folder.keep();
            Ok(true)
        }
        Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => Ok(false),
        Err(error) => Err(error).with_context(|| failed(out)),
    }
}

fn report(out: &Path, plan: &Plan, made: &[Made]) -> Result<()> {
    say!("Made {} files in {}:", made.len(), out.display())?;
    let row = |folder: &str, what: &str| write_out!("  {:<18} {what}\n", format!("{folder}/"));
    for host in &plan.hosts {
        row(&host.folder(), &format!("everything for host {host}: data server, sentinel, units"))?;
    }
    row("application", "what clients need")?;
    row("operator", "what you need; it goes to none of the hosts")?;
    say!("They hold passwords that are nowhere else. {} says how to go on.", out.join("README.md").display())?;
    Ok(())
}
