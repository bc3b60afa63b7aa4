//! Child processes that end with their owner, and the directory they work in.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
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
        let home = self.dir.path().join(name);
        fs::create_dir(&home)?;
        let file = home.join(format!("{name}.conf"));
        fs::write(&file, format!("{configuration}dir {}\n", home.display()))?;
        let output = File::create(home.join("output.log"))?;
        let child = Command::new(program)
            .args(leading)
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn();
        match child {
            Ok(child) => self.children.push((name.to_owned(), child)),
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "there is no '{}' on this machine; install one (apt-get install redis-server) or name it with --server",
                program.display()
            ),
            Err(error) => return Err(error).with_context(|| format!("cannot start {}", program.display())),
        }
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

/// Ports on loopback that nobody listens on.
pub(super) fn free_ports(count: usize) -> Result<Vec<u16>> {
    // All are held at once, so that none is given twice.
    let held: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<Result<_, _>>()?;
    Ok(held.iter().map(|l| Ok(l.local_addr()?.port())).collect::<Result<_, std::io::Error>>()?)
}
