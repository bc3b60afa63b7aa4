//! A server of either kind over a directory that outlives it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use redis::{Connection, FromRedisValue, RedisResult, Value};

use super::support::{connect, free_ports, wait};

/// Which program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Ours,
    Redis,
}

/// A running server.
pub(crate) struct Node {
    pub(crate) kind: Kind,
    dir: PathBuf,
    pub(crate) port: u16,
    child: Child,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

impl Node {
    /// Over the files of a directory, once it has loaded them.
    #[track_caller]
    pub(crate) fn start(kind: Kind, dir: &Path, directives: &str) -> Self {
        let node = Self::launch(kind, dir, directives);
        wait("it has loaded its data", || {
            let persistence: String = redis::cmd("INFO").arg("persistence").query(&mut connect(node.port)?).ok()?;
            persistence.lines().any(|line| line.trim() == "loading:0").then_some(())
        });
        node
    }

    /// Starts it, and waits for nothing.
    pub(crate) fn launch(kind: Kind, dir: &Path, directives: &str) -> Self {
        let port = free_ports(1)[0];
        let text = format!(
            "bind 127.0.0.1\nport {port}\nsave \"\"\ndir {}\nenable-debug-command yes\n{directives}",
            dir.display()
        );
        let conf = dir.join(format!("{kind:?}.conf"));
        fs::write(&conf, text).expect("a file");
        let mut server = match kind {
            Kind::Ours => {
                let mut ours = Command::new(env!("CARGO_BIN_EXE_bongsu"));
                ours.arg("server");
                ours
            }
            Kind::Redis => Command::new("redis-server"),
        };
        let out = File::create(dir.join(format!("{kind:?}.log"))).expect("a file");
        let errors = out.try_clone().expect("a file");
        let child = server.arg(&conf).stdin(Stdio::null()).stdout(out).stderr(errors).spawn().expect("it starts");
        Self { kind, dir: dir.to_owned(), port, child }
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.join(format!("{:?}.log", self.kind))).unwrap_or_default()
    }

    /// Waits until it gives up.
    #[track_caller]
    pub(crate) fn wait_for_end(&mut self) -> Option<i32> {
        wait("it ends", || self.child.try_wait().expect("a process")).code()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn connect(&self) -> Connection {
        connect(self.port).expect("a connection")
    }

    /// The reply to a request.
    pub(crate) fn try_ask<T: FromRedisValue>(&self, words: &[&[u8]]) -> RedisResult<T> {
        let mut command = redis::cmd(std::str::from_utf8(words[0]).expect("a name"));
        words[1..].iter().for_each(|word| {
            command.arg(*word);
        });
        command.query(&mut self.connect())
    }

    /// The reply to a request that must succeed.
    #[track_caller]
    pub(crate) fn ask<T: FromRedisValue>(&self, line: &str) -> T {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        self.try_ask(&words).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// A digest of all its data.
    #[track_caller]
    pub(crate) fn digest(&self) -> String {
        self.ask("DEBUG DIGEST")
    }

    /// A field of `INFO`.
    #[track_caller]
    pub(crate) fn info(&self, name: &str) -> String {
        let text: String = self.ask("INFO everything");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("no {name}")).trim().to_owned()
    }

    /// Of each key of a database, in order: the key, its type, its encoding and its expiry.
    pub(crate) fn keys(&self, db: u8) -> Vec<(Vec<u8>, String, String, i64)> {
        let mut connection = self.connect();
        redis::cmd("SELECT").arg(db).exec(&mut connection).expect("a database");
        let mut keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query(&mut connection).expect("keys");
        keys.sort();
        let mut about = |key: Vec<u8>| {
            let kind = redis::cmd("TYPE").arg(&key).query(&mut connection).expect("a type");
            let encoding = redis::cmd("OBJECT").arg("ENCODING").arg(&key).query(&mut connection).expect("an encoding");
            let expiry = redis::cmd("PEXPIRETIME").arg(&key).query(&mut connection).expect("a time");
            (key, kind, encoding, expiry)
        };
        keys.into_iter().map(&mut about).collect()
    }

    /// The payload of a key.
    pub(crate) fn dump(&self, connection: &mut Connection, key: &[u8]) -> Vec<u8> {
        match redis::cmd("DUMP").arg(key).query(connection).expect("a payload") {
            Value::BulkString(payload) => payload,
            other => panic!("{other:?}"),
        }
    }
}

/// All files of a directory, in another one.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a directory").flatten() {
        let into = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&into).expect("a directory");
            copy(&entry.path(), &into);
        } else {
            fs::copy(entry.path(), into).expect("a copy");
        }
    }
}
