//! `bongsu check` beside `redis-check-aof` and `redis-check-rdb`: the same files, the same verdicts, the same repairs.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use support::{command, free_ports, try_command, wait};

const BONGSU: &str = env!("CARGO_BIN_EXE_bongsu");

/// A folder with files to be checked.
struct Folder {
    home: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    /// With these files.
    fn with(files: &[(&str, &[u8])]) -> Self {
        let me = Self::new();
        files.iter().for_each(|(name, bytes)| fs::write(me.path(name), bytes).unwrap());
        me
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Runs a program in it, and answers its question.
    fn run(&self, program: &Path, arguments: &[&str], answer: &str) -> Told {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.home.path());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Most of them do not ask.
        let _unheard = process.stdin.take().unwrap().write_all(answer.as_bytes());
        Told::from(process.wait_with_output().unwrap())
    }

    /// Runs this program under the name of a tool.
    fn ours(&self, tool: &str, arguments: &[&str], answer: &str) -> Told {
        let links = tempfile::tempdir().unwrap();
        let link = links.path().join(tool);
        symlink(BONGSU, &link).unwrap();
        self.run(&link, arguments, answer)
    }
}

/// What a tool said, and how it ended.
#[derive(Debug, PartialEq)]
struct Told {
    status: Option<i32>,
    text: String,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = [output.stdout, output.stderr].concat();
        Self { status: output.status.code(), text: String::from_utf8_lossy(&text).into_owned() }
    }
}

impl Told {
    /// The lines on which programs that call the tool rely.
    fn verdict(&self) -> Vec<&str> {
        let is_said_otherwise = |line: &&str| line.starts_with("0x") || line.starts_with("[info] RDB version");
        self.text.lines().filter(|line| !is_said_otherwise(line)).collect()
    }

    #[track_caller]
    fn says(&self, status: i32, parts: &[&str]) {
        assert_eq!(self.status, Some(status), "{}", self.text);
        let mut rest = self.text.as_str();
        for part in parts {
            let Some((_, behind)) = rest.split_once(part) else { panic!("{part:?} is missing in {}", self.text) };
            rest = behind;
        }
    }
}

fn log(commands: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for command in commands {
        if command.starts_with('#') {
            bytes.extend(format!("{command}\r\n").bytes());
            continue;
        }
        let words: Vec<_> = command.split(' ').collect();
        bytes.extend(format!("*{}\r\n", words.len()).bytes());
        words.iter().for_each(|word| bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes()));
    }
    bytes
}

/// Logs that are sound, cut off, and damaged.
fn logs() -> Vec<Vec<u8>> {
    let good = log(&["select 0", "set foo hello"]);
    let multi = log(&["multi", "set bar world"]);
    let with = |rest: &[u8]| [&good, rest].concat();
    let mut logs = vec![Vec::new(), good.clone(), with(&multi), with(&[&multi, log(&["exec"]).as_slice()].concat())];
    logs.extend(
        [b"!!!".as_slice(), b"*2\r\n$3\r\nget\r\n", b"*1\r\n$2\r\nabc", b"*1\r\n:1\r\n", b"\0\0\0\0"].map(with),
    );
    logs.push(with(&log(&["multi", "multi"])));
    logs
}

#[test]
fn logs_are_judged_as_redis_check_aof_judges_them() {
    for bytes in logs() {
        let folder = Folder::with(&[("a.aof", &bytes)]);
        let ours = folder.ours("redis-check-aof", &["a.aof"], "");
        let theirs = folder.run(Path::new("redis-check-aof"), &["a.aof"], "");
        assert_eq!((ours.status, ours.verdict()), (theirs.status, theirs.verdict()), "{}", bytes.escape_ascii());
        assert_eq!(folder.read("a.aof"), bytes);
    }
}

#[test]
fn logs_are_repaired_as_redis_check_aof_repairs_them() {
    for bytes in logs() {
        for answer in ["y\n", "Yes\n", "no\n", ""] {
            let (one, other) = (Folder::with(&[("a.aof", &bytes)]), Folder::with(&[("a.aof", &bytes)]));
            let ours = one.ours("redis-check-aof", &["--fix", "a.aof"], answer);
            let theirs = other.run(Path::new("redis-check-aof"), &["--fix", "a.aof"], answer);
            let case = format!("{answer:?} to {}", bytes.escape_ascii());
            assert_eq!((ours.status, ours.verdict()), (theirs.status, theirs.verdict()), "{case}");
            assert_eq!(one.read("a.aof"), other.read("a.aof"), "{case}");
        }
    }
}

#[test]
fn a_log_with_words_of_a_manifest_is_no_manifest() {
    let folder = Folder::with(&[("a.aof", &log(&["set file file", "set file\nfile seq"]))]);
    folder.ours("valkey-check-aof", &["a.aof"], "").says(0, &["Start checking Old-Style AOF", "is valid"]);
}

#[test]
fn the_command_of_bongsu_does_the_same() {
    let good = log(&["set foo hello"]);
    let folder = Folder::with(&[("a.aof", &[&good, b"!!!".as_slice()].concat())]);
    let check = |arguments: &[&str], answer| folder.run(Path::new(BONGSU), &[&["check"], arguments].concat(), answer);
    check(&["aof", "a.aof"], "").says(1, &["AOF a.aof format error", "ok_up_to_line=8", "a.aof is not valid"]);
    let fixed = ["Continue? [y/N]:", "Successfully truncated AOF a.aof"];
    check(&["aof", "--fix", "a.aof"], "y\n").says(0, &fixed);
    assert_eq!(folder.read("a.aof"), good);
    check(&["aof", "nowhere"], "").says(1, &["Cannot open file nowhere"]);
    check(&["rdb", "nowhere"], "").says(1, &["Cannot open file nowhere"]);
    check(&["rdb", "a.aof"], "").says(1, &["RDB ERROR DETECTED", "Wrong signature"]);
    check(&["aof"], "").says(64, &["Usage"]);
    check(&["aof", "--fix", "--truncate-to-timestamp", "1", "a.aof"], "").says(64, &["cannot be used with"]);
}

#[test]
fn tools_are_called_as_ever() {
    let folder = Folder::new();
    for (tool, arguments) in [
        ("redis-check-aof", [].as_slice()),
        ("redis-check-aof", &["--repair", "a.aof"]),
        ("redis-check-aof", &["--truncate-to-timestamp", "soon", "a.aof"]),
        ("redis-check-rdb", &[]),
        ("redis-check-rdb", &["a", "b"]),
    ] {
        let ours = folder.ours(tool, arguments, "");
        assert_eq!(ours, folder.run(Path::new(tool), arguments, ""), "{tool} {arguments:?}");
        assert_eq!(ours.status, Some(1));
    }
    folder.ours("valkey-check-rdb", &["--version"], "").says(0, &["valkey-check-rdb 7."]);
}

const MANIFEST: &str =
    "file a.1.base.aof seq 1 type b\nfile a.0.incr.aof seq 9 type h\nfile a.1.incr.aof seq 1 type i\n";

#[test]
fn all_files_of_a_manifest_are_checked_and_only_the_last_is_cut() {
    let (good, bad) = (log(&["set foo hello"]), log(&["set foo hello", "multi"]));
    let files = |base: &[u8], incremental: &[u8]| {
        Folder::with(&[("m", MANIFEST.as_bytes()), ("a.1.base.aof", base), ("a.1.incr.aof", incremental)])
    };
    for (base, incremental, arguments) in [
        (&good, &good, ["m"].as_slice()),
        (&good, &bad, &["m"]),
        (&bad, &good, &["m"]),
        (&good, &bad, &["--fix", "m"]),
        (&bad, &good, &["--fix", "m"]),
        (&Vec::new(), &Vec::new(), &["m"]),
    ] {
        let (one, other) = (files(base, incremental), files(base, incremental));
        let ours = one.ours("redis-check-aof", arguments, "y\n");
        let theirs = other.run(Path::new("redis-check-aof"), arguments, "y\n");
        // Theirs counts lines on through all files.
        let without_line = |told: &Told| -> Vec<String> {
            let cut = |line: &&str| line.split(", ok_up_to_line").next().unwrap().to_owned();
            told.verdict().iter().map(cut).collect()
        };
        assert_eq!((ours.status, without_line(&ours)), (theirs.status, without_line(&theirs)));
        assert_eq!(one.read("a.1.incr.aof"), other.read("a.1.incr.aof"));
        assert_eq!(&one.read("a.1.base.aof"), base);
    }
    let folder = files(&good, &good);
    let all =
        ["Start checking Multi Part AOF", "BASE AOF (RESP format)", "BASE AOF a.1.base.aof is valid", "INCR files"];
    let told = folder.run(Path::new(BONGSU), &["check", "aof", "m"], "");
    told.says(
        0,
        &[all.as_slice(), &["INCR AOF a.1.incr.aof is valid", "All AOF files and manifest are valid"]].concat(),
    );
    fs::write(folder.path("m"), format!("{MANIFEST}!!!\n")).unwrap();
    let told = folder.run(Path::new(BONGSU), &["check", "aof", "m"], "");
    told.says(1, &["FATAL AOF MANIFEST", "at line 4", ">>> '!!!'", "Invalid AOF manifest file format"]);
    fs::write(folder.path("m"), MANIFEST).unwrap();
    fs::remove_file(folder.path("a.1.incr.aof")).unwrap();
    folder.run(Path::new(BONGSU), &["check", "aof", "m"], "").says(1, &["a.1.incr.aof: No such file or directory"]);
}

/// A rewrite that failed leaves two files behind the base, of which the older one may be torn.
#[test]
fn a_torn_file_that_is_not_the_last_is_not_cut() {
    let manifest = format!("{MANIFEST}file a.2.incr.aof seq 2 type i\n");
    let good = log(&["set foo hello"]);
    let (torn, unfinished) = (good[..good.len() - 3].to_vec(), log(&["set foo hello", "multi", "set a b"]));
    for older in [&good, &torn, &unfinished, &Vec::new()] {
        for newer in [&good, &torn, &unfinished, &Vec::new()] {
            for arguments in [["m"].as_slice(), &["--fix", "m"]] {
                let parts = [("m", manifest.as_bytes()), ("a.1.base.aof", &good), ("a.1.incr.aof", older)];
                let [one, other] = [(); 2].map(|()| Folder::with(&parts));
                for folder in [&one, &other] {
                    fs::write(folder.path("a.2.incr.aof"), newer).unwrap();
                }
                let ours = one.ours("redis-check-aof", arguments, "y\n");
                let theirs = other.run(Path::new("redis-check-aof"), arguments, "y\n");
                assert_eq!(ours.status, theirs.status, "{} {}", ours.text, theirs.text);
                for name in ["a.1.incr.aof", "a.2.incr.aof"] {
                    assert_eq!(one.read(name), other.read(name), "{}", ours.text);
                }
            }
        }
    }
}

#[test]
fn a_log_is_cut_back_to_a_moment() {
    let mut bytes = log(&["#TS:1628217470", "set foo1 bar1", "#TS:1628217471", "set foo2 bar2", "#TS:1628217472"]);
    bytes.extend(log(&["#TS:1628217473", "set foo3 bar3", "#TS:1628217474"]));
    let manifest = "file a.1.incr.aof seq 1 type i\n";
    for seconds in 1_628_217_469..1_628_217_476_u32 {
        let folders = [(); 2].map(|()| Folder::with(&[("m", manifest.as_bytes()), ("a.1.incr.aof", &bytes)]));
        let seconds = seconds.to_string();
        let arguments = ["--truncate-to-timestamp", seconds.as_str(), "m"];
        let ours = folders[0].ours("redis-check-aof", &arguments, "");
        let theirs = folders[1].run(Path::new("redis-check-aof"), &arguments, "");
        assert_eq!(ours.status, theirs.status, "{} {}", ours.text, theirs.text);
        assert_eq!(ours.text.replace("./", ""), theirs.text.replace("./", ""));
        assert_eq!(folders[0].read("a.1.incr.aof"), folders[1].read("a.1.incr.aof"), "{seconds}");
    }
    let folder = Folder::with(&[("m", MANIFEST.as_bytes()), ("a.1.base.aof", &bytes), ("a.1.incr.aof", &bytes)]);
    let told = folder.run(Path::new(BONGSU), &["check", "aof", "--truncate-to-timestamp", "1628217472", "m"], "");
    told.says(1, &["Failed to truncate AOF a.1.base.aof to timestamp 1628217472", "because it is not the last file"]);
    assert_eq!(folder.read("a.1.base.aof"), bytes);
}

#[test]
fn a_transaction_is_not_cut_in_two() {
    let before = log(&["#TS:5", "set a b"]);
    let bytes = [&before, log(&["multi", "set c d", "#TS:9", "set e f", "exec"]).as_slice()].concat();
    let folder = Folder::with(&[("a.aof", &bytes)]);
    folder.run(Path::new(BONGSU), &["check", "aof", "--truncate-to-timestamp", "7", "a.aof"], "").says(0, &["Success"]);
    assert_eq!(folder.read("a.aof"), before);
}

/// Debian's server, which ends with this.
struct Redis {
    process: Child,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// A snapshot of `redis-server`.
fn snapshot(folder: &Folder) -> Vec<u8> {
    let port = free_ports(1)[0];
    let mut server = Command::new("redis-server");
    server.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
    server.args(["--enable-debug-command", "yes", "--dir"]).arg(folder.home.path());
    let _redis = Redis { process: server.stdout(Stdio::null()).spawn().unwrap() };
    wait("the server is ready", || matches!(try_command::<String>(port, &["PING"]), Some(Ok(_))).then_some(()));
    let ask = |words: &str| command::<redis::Value>(port, &words.split(' ').collect::<Vec<_>>()).unwrap();
    ask("DEBUG SET-ACTIVE-EXPIRE 0");
    ask("SET text hello");
    ask("SET over and-gone PX 1");
    ask("SET kept for-long EX 10000000");
    ask("RPUSH list a b 3");
    ask("SADD set a b c");
    ask("SADD ints 1 2 3");
    ask("HSET hash f v");
    ask("ZADD zset 1.5 m");
    ask("SELECT 0");
    ask("SAVE");
    folder.read("dump.rdb")
}

#[test]
fn snapshots_are_judged_as_redis_check_rdb_judges_them() {
    let folder = Folder::new();
    let bytes = snapshot(&folder);
    let check = |folder: &Folder| {
        let ours = folder.ours("redis-check-rdb", &["dump.rdb"], "");
        let theirs = folder.run(Path::new("redis-check-rdb"), &["dump.rdb"], "");
        assert_eq!(ours.status, theirs.status, "{} {}", ours.text, theirs.text);
        ours
    };
    let sound = check(&folder);
    let theirs = folder.run(Path::new("redis-check-rdb"), &["dump.rdb"], "");
    // The database is told with its first key, or with its size, whichever comes first.
    let without_place = |line: &&str| !line.contains("Selecting DB ID");
    let lines =
        |told: &Told| -> Vec<String> { told.verdict().into_iter().filter(without_place).map(str::to_owned).collect() };
    assert_eq!(lines(&sound), lines(&theirs));
    sound.says(
        0,
        &["AUX FIELD redis-ver = '7.0.15'", "Selecting DB ID 0", "Checksum OK", "RDB looks OK", "RDB version 10"],
    );

    for len in [5, 9, 40, bytes.len() / 2, bytes.len() - 20, bytes.len() - 4] {
        let cut = Folder::with(&[("dump.rdb", &bytes[..len])]);
        check(&cut).says(1, &["RDB ERROR DETECTED", "Unexpected EOF reading RDB file", "keys read"]);
    }
    let mut damaged = bytes.clone();
    let at = damaged.windows(5).position(|window| window == b"hello").unwrap();
    damaged[at] = b'j';
    check(&Folder::with(&[("dump.rdb", &damaged)])).says(1, &["RDB CRC error", "While doing: check-sum"]);
    // The type of the key before the value.
    damaged[at - 7] = 77;
    let told = check(&Folder::with(&[("dump.rdb", &damaged)]));
    told.says(1, &["Invalid object type: 77", "While doing: read-type"]);
    // The same, as a hash of pairs.
    damaged[at - 7] = 4;
    check(&Folder::with(&[("dump.rdb", &damaged)])).says(1, &["Reading key 'text'", "Reading type 4 (hash)"]);
    check(&Folder::with(&[("dump.rdb", b"REDIS0099 and more")])).says(1, &["Can't handle RDB format version 99"]);
    check(&Folder::with(&[("dump.rdb", b"something else")])).says(1, &["Wrong signature"]);
}

#[test]
fn a_snapshot_at_the_beginning_of_a_log_is_checked() {
    let folder = Folder::new();
    let snapshot = snapshot(&folder);
    let tail = log(&["set foo hello"]);
    let bytes = [&snapshot, tail.as_slice(), b"*1\r\n$3"].concat();
    fs::write(folder.path("a.aof"), &bytes).unwrap();
    let told = folder.ours("redis-check-aof", &["a.aof"], "");
    let (size, good) = (bytes.len(), snapshot.len() + tail.len());
    let analyzed = format!("size={size}, ok_up_to={good}");
    told.says(
        1,
        &["Start checking Old-Style AOF", "RDB preamble is OK, proceeding with AOF tail", &analyzed, "is not valid"],
    );
    folder.ours("redis-check-aof", &["--fix", "a.aof"], "y").says(0, &["Successfully truncated AOF"]);
    assert_eq!(folder.read("a.aof"), bytes[..good]);
    let theirs = folder.run(Path::new("redis-check-aof"), &["a.aof"], "");
    theirs.says(0, &["is valid"]);
    let mut damaged = bytes;
    damaged[snapshot.len() - 1] ^= 1;
    fs::write(folder.path("a.aof"), &damaged).unwrap();
    folder.ours("redis-check-aof", &["--fix", "a.aof"], "y").says(1, &["CRC", "RDB preamble of AOF file is not sane"]);
    assert_eq!(folder.read("a.aof"), damaged);
    let manifest = "file a.aof seq 1 type b\n";
    fs::write(folder.path("m"), manifest).unwrap();
    fs::write(folder.path("a.aof"), &snapshot).unwrap();
    let all = ["BASE AOF (RDB format)", "RDB preamble is OK", "BASE AOF a.aof is valid", "manifest are valid"];
    folder.ours("redis-check-aof", &["m"], "").says(0, &all);
}
