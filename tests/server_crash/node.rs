//! A data server that is killed and started again in the same directory.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::support::data_server::words;
use super::support::resp::{Element, Wire};
use super::support::{free_ports, wait};

/// The answer to a request. `None` if nobody is there any more.
#[track_caller]
pub(crate) fn ask(wire: &mut Wire, line: &str) -> Option<Element> {
    if wire.send(&words(line)) { wire.read(line) } else { None }
}

/// A data server, alive or not.
pub(crate) struct Node {
    home: tempfile::TempDir,
    data: PathBuf,
    pub(crate) port: u16,
    child: Option<Child>,
    /// Keeps a file system of its own alive.
    keeper: Option<Child>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        if let Some(mut keeper) = self.keeper.take() {
            let _gone = keeper.kill();
            let _gone = keeper.wait();
        }
    }
}

impl Node {
    /// With these directives, its data in a directory of its own.
    pub(crate) fn new(directives: &str) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let data = home.path().join("data");
        fs::create_dir(&data).expect("a directory");
        let mut node = Self { home, data, port: free_ports(1)[0], child: None, keeper: None };
        node.configure(directives);
        node
    }

    /// As [`Self::new`], on a disk of so many KiB.
    pub(crate) fn on_small_disk(directives: &str, size_kib: u32) -> Self {
        let mut node = Self::new(directives);
        let mut keeper = Command::new("unshare");
        let script =
            format!("mount -t tmpfs -o size={size_kib}k tmpfs \"$1\" && touch \"$1/mounted\" && exec sleep infinity");
        let keeper = keeper.args(["-m", "sh", "-c", &script, "sh"]).arg(&node.data).spawn().expect("unshare");
        let inside = Path::new("/proc").join(keeper.id().to_string()).join("root");
        node.data = inside.join(node.data.strip_prefix("/").expect("an absolute path"));
        node.keeper = Some(keeper);
        wait("it is mounted", || node.data.join("mounted").exists().then_some(()));
        node
    }

    /// From the next start on.
    pub(crate) fn configure(&mut self, directives: &str) {
        let (port, data) = (self.port, self.data.display());
        let text =
            format!("bind 127.0.0.1\nport {port}\nsave \"\"\ndir {data}\nenable-debug-command yes\n{directives}");
        fs::write(self.home.path().join("server.conf"), text).expect("a file");
    }

    /// Where its files are.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Starts, and waits until it has loaded what is there.
    #[track_caller]
    pub(crate) fn start(&mut self) {
        self.launch();
        let port = self.port;
        wait("it has loaded", || {
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().ok()?) {
                panic!("it does not start: {status}: {}", self.log());
            }
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
            let pong = ask(&mut Wire::connect(port), "PING")?;
            (pong.text() == "PONG").then_some(())
        });
    }

    /// Starts, and does not wait.
    pub(crate) fn launch(&mut self) {
        let log = OpenOptions::new().create(true).append(true).open(self.log_path()).expect("a file");
        self.launch_into(log);
    }

    fn launch_into(&mut self, log: File) {
        let program = env!("CARGO_BIN_EXE_bongsu");
        let mut server = Command::new(if self.keeper.is_some() { "nsenter" } else { program });
        if let Some(keeper) = &self.keeper {
            server.args(["-t", &keeper.id().to_string(), "-m", program]);
        }
        server.arg("server").arg(self.home.path().join("server.conf")).stdin(Stdio::null());
        let errors = log.try_clone().expect("a file");
        self.child = Some(server.stdout(log).stderr(errors).spawn().expect("it starts"));
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("log")
    }

    /// What all processes have logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Kills it as a power failure of the process would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _gone = child.wait();
        }
    }

    /// Waits until it has ended by itself. Its exit status.
    #[track_caller]
    pub(crate) fn end(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("it runs");
        wait("it ends", || child.try_wait().expect("a child")).code()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().expect("kill").success());
    }

    pub(crate) fn wire(&self) -> Wire {
        Wire::connect(self.port)
    }

    /// The answer to one request on a connection of its own.
    #[track_caller]
    pub(crate) fn ask(&self, line: &str) -> Element {
        ask(&mut self.wire(), line).expect("an answer")
    }

    /// A field of `INFO`.
    #[track_caller]
    pub(crate) fn info(&self, name: &str) -> String {
        let info = self.ask("INFO everything");
        let line = info.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.expect("a field").trim().to_owned()
    }

    /// Waits until a field of `INFO` has this value.
    #[track_caller]
    pub(crate) fn wait_for(&self, name: &str, value: &str) {
        wait(&format!("{name} is {value}"), || (self.info(name) == value).then_some(()));
    }

    /// Names of all files, with those in folders.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        for folder in [self.data.clone(), self.data.join("appendonlydir")] {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            names.extend(entries.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        }
        names
    }

    /// There is nothing that was never completed, and nothing of a log that it does not name. What the server itself is at work on right
    /// now has other names soon.
    #[track_caller]
    pub(crate) fn is_tidy(&self) {
        let manifest = "appendonly.aof.manifest";
        wait("all files are complete, and all of the log are named", || {
            let named = fs::read_to_string(self.data.join("appendonlydir").join(manifest)).unwrap_or_default();
            let named: Vec<&str> = named.lines().filter_map(|line| line.split(' ').nth(1)).collect();
            let is_named = |name: &str| name == manifest || named.contains(&name);
            let is_complete = |name: &str| !name.starts_with("temp-") && !name.ends_with(".temp");
            let is_right = |name: &str| is_complete(name) && (!name.starts_with("appendonly.aof.") || is_named(name));
            self.files().iter().all(|name| is_right(name)).then_some(())
        });
    }

    /// If there is a snapshot, there is not one byte wrong with it. Whether there is one.
    #[track_caller]
    pub(crate) fn snapshot_is_whole(&self) -> bool {
        let path = self.data.join("dump.rdb");
        if !path.exists() {
            return false;
        }
        let check = Command::new(env!("CARGO_BIN_EXE_bongsu")).args(["check", "rdb"]).arg(path).output();
        let check = check.expect("it runs");
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
        true
    }
}
