//! Child processes that end with their owner, and the directory they work in.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// Processes in a directory of their own; dropping it kills them and removes the directory.
pub(super) struct Processes {
    children: Vec<(String, Child)>,
    dir: TempDir,
}

impl Processes {
    pub(super) fn new() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("bongsu-demo-").tempdir().context("no temporary directory")?;
        Ok(Self { children: Vec::new(), dir })
    }

    /// Writes a configuration for `name` and starts `program` with it; its output goes to a file beside it.
    pub(super) fn start(&mut self, name: &str, program: &Path, leading: &[&str], configuration: &str) -> Result<()> {
        if !is_there(program) {
            bail!(
                "there is no '{}' on this machine; name another one with --server, or leave that out for the bundled one",
                program.display()
            );
        }
        let home = self.dir.path().join(name);
        fs::create_dir(&home)?;
        let file = home.join(format!("{name}.conf"));
        fs::write(&file, format!("{configuration}dir {}\n", home.display()))?;
        let output = File::create(home.join("output.log"))?;
        let child = tied_to_us(program)
            .args(leading)
            .arg(&file)
            // Ctrl-C goes to the group of the terminal: ours alone, and we end the others in order.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn();
        let child = child.with_context(|| format!("cannot start {}", program.display()))?;
        self.children.push((name.to_owned(), child));
        Ok(())
    }

    /// Kills one of them (SIGKILL) and waits for its end.
    pub(super) fn kill(&mut self, name: &str) -> Result<()> {
        for (_, child) in self.children.iter_mut().filter(|(n, _)| n == name) {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Fails with its last words if one that should run has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        for (name, child) in &mut self.children {
            if let Some(status) = child.try_wait()? {
                let output = fs::read_to_string(self.dir.path().join(&*name).join("output.log")).unwrap_or_default();
                bail!("{name} ended ({status}): {}", output.lines().last().unwrap_or("it said nothing"));
            }
        }
        Ok(())
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.dir.path().to_owned()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for (_, child) in &mut self.children {
            // One that is gone already cannot be killed, which is as good.
            let _gone = child.kill();
        }
        for (_, child) in &mut self.children {
            let _gone = child.wait();
        }
    }
}

/// A command that the kernel kills when this process dies, even of SIGKILL, which leaves us no time to do it. The setting
/// outlives `exec`, so a program of util-linux can make it without unsafe code here; without that program the command
/// merely lacks this guard.
fn tied_to_us(program: &Path) -> Command {
    const GUARD: &str = "setpriv";
    if !is_there(Path::new(GUARD)) {
        return Command::new(program);
    }
    let mut command = Command::new(GUARD);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Whether `program` is a file, or one in the search path.
fn is_there(program: &Path) -> bool {
    if program.components().count() > 1 {
        return program.is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Ports on loopback that nobody listens on.
pub(super) fn free_ports(count: usize) -> Result<Vec<u16>> {
    // All are held at once, so that none is given twice.
    let held: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<Result<_, _>>()?;
    Ok(held.iter().map(|l| Ok(l.local_addr()?.port())).collect::<Result<_, std::io::Error>>()?)
}
