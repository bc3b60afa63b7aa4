//! A redis-server, which every file has to get along with.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bongsu_protocol::resp::{ReplyDecoder, Value};

/// Names another server than the one that is installed.
const PROGRAM: &str = "BONGSU_TEST_REDIS";

/// A server with a directory of its own.
pub(crate) struct Redis {
    child: Child,
    stream: UnixStream,
    buffer: Vec<u8>,
    dir: tempfile::TempDir,
}

impl Redis {
    /// Starts one without keys, with more directives.
    pub(crate) fn start(directives: &[&str]) -> Self {
        Self::start_with(None, directives).unwrap()
    }

    /// Starts one that loads this file; what it logs if it does not.
    pub(crate) fn load(file: &[u8], directives: &[&str]) -> Result<Self, String> {
        Self::start_with(Some(file), directives)
    }

    fn start_with(file: Option<&[u8]>, directives: &[&str]) -> Result<Self, String> {
        let dir = tempfile::tempdir().unwrap();
        if let Some(file) = file {
            std::fs::write(dir.path().join("dump.rdb"), file).unwrap();
        }
        let mut child = Command::new(std::env::var_os(PROGRAM).unwrap_or_else(|| "redis-server".into()))
            .args(["--port", "0", "--unixsocket", "socket", "--save", "", "--enable-debug-command", "yes", "--dir"])
            .arg(dir.path())
            .args(directives)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while !log.to_lowercase().contains("ready to accept connections") {
            let Some(line) = lines.next() else {
                child.wait().unwrap();
                return Err(log);
            };
            log.push_str(&line.unwrap());
            log.push('\n');
        }
        // What it logs from here on has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        let stream = UnixStream::connect(dir.path().join("socket")).unwrap();
        Ok(Self { child, stream, buffer: Vec::new(), dir })
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Runs a command, which must not fail.
    #[track_caller]
    pub(crate) fn run<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Value<'static> {
        let mut request = format!("*{}\r\n", arguments.len()).into_bytes();
        for argument in arguments.iter().map(AsRef::as_ref) {
            request.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
            request.extend_from_slice(argument);
            request.extend_from_slice(b"\r\n");
        }
        self.stream.write_all(&request).unwrap();
        let reply = self.reply();
        assert!(!matches!(reply, Value::Error(_)), "{reply:?}");
        reply
    }

    fn reply(&mut self) -> Value<'static> {
        let mut decoder = ReplyDecoder::default();
        loop {
            if let Some((reply, len)) = decoder.decode(&self.buffer).unwrap() {
                let reply = reply.into_owned();
                self.buffer.drain(..len);
                return reply;
            }
            let mut chunk = [0; 4096];
            let len = self.stream.read(&mut chunk).unwrap();
            assert!(len > 0, "the server is gone");
            self.buffer.extend_from_slice(&chunk[..len]);
        }
    }

    /// As [`Self::run`], for words.
    #[track_caller]
    pub(crate) fn words(&mut self, words: &str) -> Value<'static> {
        self.run(&words.split(' ').collect::<Vec<_>>())
    }

    /// A reply of bytes.
    #[track_caller]
    pub(crate) fn bytes<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Vec<u8> {
        match self.run(arguments) {
            Value::Bulk(bytes) | Value::Simple(bytes) => bytes.into_owned(),
            reply => panic!("{reply:?}"),
        }
    }

    /// What its data comes to.
    pub(crate) fn digest(&mut self) -> Vec<u8> {
        self.bytes(&["DEBUG", "DIGEST"])
    }

    /// Its snapshot.
    pub(crate) fn saved(&mut self) -> Vec<u8> {
        self.words("SAVE");
        std::fs::read(self.dir().join("dump.rdb")).unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}
