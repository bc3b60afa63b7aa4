//! Logs that `redis-server` starts from because we wrote them, and logs that it wrote.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bongsu_persist::aof::commands::Rewriter;
use bongsu_persist::aof::manifest::{File, Manifest, Names, Origin};
use bongsu_persist::aof::scan::{Entry, Scanner};
use bongsu_persist::aof::{Format, push_timestamp};
use bongsu_protocol::resp::encode_command;
use bongsu_store::image::{Head, Part, Usage, Value};
use bongsu_store::intset::IntSet;
use bongsu_store::listpack::Listpack;

const PATIENCE: Duration = Duration::from_secs(30);

/// Debian's server, in a directory that stays.
struct Redis {
    process: Child,
    stream: BufReader<UnixStream>,
}

impl Redis {
    fn start(dir: &Path, options: &[&str]) -> Self {
        let socket = dir.join("socket");
        let _none = fs::remove_file(&socket);
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"]);
        command.args(["--aof-load-truncated", "no", "--dir"]).arg(dir).arg("--unixsocket").arg(&socket).args(options);
        let mut process =
            command.stdout(fs::File::create(dir.join("out")).unwrap()).stderr(Stdio::null()).spawn().unwrap();
        let limit = Instant::now() + PATIENCE;
        let stream = loop {
            if let Ok(stream) = UnixStream::connect(&socket) {
                break stream;
            }
            let ended = process.try_wait().unwrap();
            let log = || fs::read_to_string(dir.join("out")).unwrap();
            assert!(ended.is_none() && Instant::now() < limit, "redis-server does not start: {}", log());
            std::thread::yield_now();
        };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut redis = Self { process, stream: BufReader::new(stream) };
        redis.until("PING", |reply| reply == "PONG");
        redis
    }

    /// The words of a reply.
    fn ask(&mut self, words: &str) -> String {
        let words: Vec<_> = words.split(' ').collect();
        let mut request = Vec::new();
        encode_command(&mut request, &words);
        self.stream.get_mut().write_all(&request).unwrap();
        self.reply()
    }

    fn reply(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let (kind, text) = line.trim_end().split_at(1);
        match kind {
            "*" => (0..text.parse().unwrap()).map(|_| self.reply()).collect::<Vec<_>>().join(" "),
            "$" if text != "-1" => {
                let mut bytes = vec![0; text.parse::<usize>().unwrap() + 2];
                self.stream.read_exact(&mut bytes).unwrap();
                bytes.truncate(bytes.len() - 2);
                String::from_utf8_lossy(&bytes).into_owned()
            }
            _ => text.to_owned(),
        }
    }

    fn until(&mut self, words: &str, is_so: impl Fn(&str) -> bool) {
        let limit = Instant::now() + PATIENCE;
        while !is_so(&self.ask(words)) {
            assert!(Instant::now() < limit, "{words}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Killed, it would leave a child behind that writes a log.
        let _gone = self.stream.get_mut().write_all(b"SHUTDOWN NOSAVE NOW FORCE\r\n");
        let _gone = self.process.wait();
    }
}

/// The folder of a log.
struct Folder {
    home: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("appendonlydir")).unwrap();
        Self { home }
    }

    fn path(&self, name: &[u8]) -> PathBuf {
        self.home.path().join("appendonlydir").join(OsStr::from_bytes(name))
    }

    fn write(&self, names: &Names, manifest: &Manifest) {
        fs::write(self.path(&names.manifest()), manifest.to_text()).unwrap();
    }

    fn manifest(&self, names: &Names) -> Manifest {
        Manifest::read(fs::File::open(self.path(&names.manifest())).unwrap()).unwrap()
    }

    /// All commands of the live files, and how many annotations say when.
    fn commands(&self, manifest: &Manifest) -> (Vec<String>, usize) {
        let (mut commands, mut timestamps) = (Vec::new(), 0);
        for file in manifest.live() {
            let mut scanner = Scanner::new(fs::File::open(self.path(file.name())).unwrap(), 0);
            while let Some(entry) = scanner.next() {
                match entry.unwrap() {
                    Entry::Command(command) => {
                        let words: Vec<_> = command.arguments().map(String::from_utf8_lossy).collect();
                        commands.push(words.join(" "));
                    }
                    Entry::Annotation(annotation) => timestamps += usize::from(annotation.timestamp().is_some()),
                }
            }
        }
        (commands, timestamps)
    }
}

fn base() -> Vec<u8> {
    let mut ints = IntSet::new();
    (-100..100).for_each(|n| assert!(ints.insert(n * 1000)));
    let mut list = Listpack::new();
    (0..70).for_each(|n| list.push_back(format!("e{n}").as_bytes()));
    let mut zset = Listpack::new();
    ["m", "1.5", "n", "20"].iter().for_each(|item| zset.push_back(item.as_bytes()));
    let mut rewriter = Rewriter::new();
    let (mut out, mut expiry_ms) = (Vec::new(), None);
    push_timestamp(&mut out, 1_700_000_000);
    let mut key = |db, key: &'static str, value, elements: &[Part<'_>]| {
        let head = Head { db, key: key.as_bytes(), expiry_ms, usage: Usage::Unknown, value };
        rewriter.part(&Part::Head(head), &mut out).unwrap();
        elements.iter().for_each(|part| rewriter.part(part, &mut out).unwrap());
        expiry_ms = Some(4_000_000_000_000);
    };
    key(0, "text", Value::Text(b"hello"), &[]);
    key(0, "int", Value::Int(41), &[]);
    key(3, "ints", Value::Ints(ints.as_bytes()), &[]);
    key(3, "list", Value::List { chunks: 2 }, &[Part::Chunk(list.as_bytes()), Part::Chunk(list.as_bytes())]);
    key(3, "zset", Value::SmallZset(zset.as_bytes()), &[]);
    let scored = [Part::Scored(b"a", f64::INFINITY), Part::Scored(b"b", 0.1), Part::Scored(b"c", -1e-300)];
    key(3, "zset2", Value::Zset { members: 3 }, &scored);
    key(3, "hash", Value::Hash { fields: 1 }, &[Part::Field(b"f", b"v")]);
    rewriter.finish().unwrap();
    out
}

#[test]
fn redis_starts_from_a_log_of_ours() {
    let (folder, names) = (Folder::new(), Names::new(b"append 'only\n.aof"));
    let origin = |offset| Some(Origin { id: *b"0123456789abcdef0123456789abcdef01234567", offset });
    let manifest = Manifest::new().with_incremental(&names, origin(7)).with_base(&names, Format::Commands, Some(1));
    let manifest = manifest.with_incremental(&names, origin(4242));
    folder.write(&names, &manifest);
    fs::write(folder.path(manifest.base().unwrap().name()), base()).unwrap();
    let mut bytes = b"# whatever\r\n".to_vec();
    ["SELECT 0", "MULTI", "INCR int", "EXEC"]
        .iter()
        .for_each(|words| encode_command(&mut bytes, &words.split(' ').collect::<Vec<_>>()));
    for file in manifest.incremental() {
        fs::write(folder.path(file.name()), &bytes).unwrap();
    }
    let mut redis = Redis::start(folder.home.path(), &["--appendfilename", "append 'only\n.aof"]);
    for (words, reply) in [
        ("GET text", "hello"),
        ("PEXPIRETIME text", "-1"),
        ("GET int", "43"),
        ("PEXPIRETIME int", "4000000000000"),
        ("DBSIZE", "2"),
        ("SELECT 3", "OK"),
        ("DBSIZE", "5"),
        ("SCARD ints", "200"),
        ("SISMEMBER ints -100000", "1"),
        ("LLEN list", "140"),
        ("LRANGE list 69 70", "e69 e0"),
        ("PEXPIRETIME list", "4000000000000"),
        ("ZRANGE zset 0 -1 WITHSCORES", "m 1.5 n 20"),
        ("ZRANGE zset2 0 -1 WITHSCORES", "c -1e-300 b 0.10000000000000001 a inf"),
        ("HGETALL hash", "f v"),
    ] {
        assert_eq!(redis.ask(words), reply, "{words}");
    }
}

#[test]
fn a_log_that_redis_wrote_is_read_and_goes_on() {
    let (folder, names) = (Folder::new(), Names::new(b"appendonly.aof"));
    let options = ["--aof-use-rdb-preamble", "no", "--aof-timestamp-enabled", "yes", "--appendfsync", "always"];
    {
        let mut redis = Redis::start(folder.home.path(), &options);
        redis.ask("SET before rewrite");
        redis.ask("BGREWRITEAOF");
        redis.until("INFO persistence", |info| {
            info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
        });
        redis.ask("INCR counter");
        redis.ask("MULTI");
        redis.ask("INCR counter");
        redis.ask("PEXPIREAT before 4000000000000");
        redis.ask("EXEC");
        // A rewrite that does not end, so that there are two incremental files.
        redis.ask("CONFIG SET rdb-key-save-delay 100000000");
        redis.ask("BGREWRITEAOF");
        redis.until("INFO persistence", |info| info.contains("aof_rewrite_in_progress:1"));
        redis.ask("INCR counter");
    }
    let manifest = folder.manifest(&names);
    assert_eq!((manifest.base().map(File::seq), manifest.incremental().len()), (Some(2), 2));
    assert_eq!(manifest.last().unwrap().name(), b"appendonly.aof.3.incr.aof");
    let text = fs::read_to_string(folder.path(&names.manifest())).unwrap();
    let live: String = text.lines().filter(|line| !line.ends_with('h')).map(|line| format!("{line}\n")).collect();
    assert_eq!(manifest.without_history().to_text(), live);
    let (commands, timestamps) = folder.commands(&manifest);
    let expected = [
        "SELECT 0",
        "SET before rewrite",
        "SELECT 0",
        "INCR counter",
        "MULTI",
        "INCR counter",
        "PEXPIREAT before 4000000000000",
        "EXEC",
        "SELECT 0",
        "INCR counter",
    ];
    assert_eq!(commands, expected);
    assert!(timestamps >= 1, "at most one a second: {timestamps}");

    // Another base, with a command in a file of our own behind it, and the rest cut off within a transaction.
    let next = manifest.with_incremental(&names, None);
    let mut bytes = Vec::new();
    for words in [["INCR", "counter"].as_slice(), &["MULTI"], &["INCR", "counter"]] {
        encode_command(&mut bytes, words);
    }
    let file = folder.path(next.last().unwrap().name());
    fs::write(&file, &bytes).unwrap();
    let mut scanner = Scanner::new(bytes.as_slice(), 0);
    while let Some(Ok(_)) = scanner.next() {}
    fs::File::options().write(true).open(&file).unwrap().set_len(scanner.good_until()).unwrap();
    folder.write(&names, &next);
    let mut redis = Redis::start(folder.home.path(), &options);
    assert_eq!(redis.ask("GET counter"), "4");
    assert_eq!(redis.ask("PEXPIRETIME before"), "4000000000000");
}

#[test]
fn redis_takes_over_a_single_file_that_we_began_to_take_over() {
    let (folder, names) = (Folder::new(), Names::new(b"appendonly.aof"));
    let mut bytes = Vec::new();
    encode_command(&mut bytes, &["SET", "a", "b"]);
    fs::write(folder.home.path().join("appendonly.aof"), &bytes).unwrap();
    folder.write(&names, &Manifest::of_single_file(&names));
    let mut redis = Redis::start(folder.home.path(), &[]);
    assert_eq!(redis.ask("GET a"), "b");
    let manifest = folder.manifest(&names);
    assert_eq!(manifest, Manifest::of_single_file(&names).with_incremental(&names, None));
    assert!(!manifest.wants_single_file(&names, false));
}
