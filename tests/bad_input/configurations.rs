//! Configurations with a mistake: the sentinel does not start, and says where it is.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::wait;

/// The text, the line of the mistake, and what must be said of it.
const CONF: &[(&str, usize, &str)] = &[
    ("port 99999\n", 1, "between 0 and 65535"),
    ("port\n", 1, "wrong number of arguments"),
    ("port 26379 26380\n", 1, "wrong number of arguments"),
    ("port 0x10\n", 1, "integer"),
    ("\n# a comment\nfrobnicate yes\n", 3, "frobnicate"),
    ("sentinel frobnicate x\n", 1, "Unrecognized sentinel configuration statement"),
    ("sentinel monitor m 127.0.0.1\n", 1, "Unrecognized sentinel configuration statement"),
    ("sentinel monitor m 127.0.0.1 notaport 2\n", 1, "Invalid port number"),
    ("sentinel monitor m 127.0.0.1 6379 0\n", 1, "Quorum must be 1 or greater"),
    ("sentinel monitor m 127.0.0.1 6379 two\n", 1, "Quorum"),
    ("sentinel monitor m no-such-host 6379 2\n", 1, "resolve"),
    ("sentinel monitor m 127.0.0.1 6379 2\nsentinel monitor m 127.0.0.1 6380 2\n", 2, "Duplicate"),
    ("sentinel down-after-milliseconds other 1000\n", 1, "No such master"),
    ("sentinel monitor m 127.0.0.1 6379 2\nsentinel down-after-milliseconds m -5\n", 2, "negative or zero"),
    ("sentinel monitor m 127.0.0.1 6379 2\nsentinel notification-script m /no/such/script\n", 2, "script"),
    ("sentinel myid short\n", 1, "Malformed Sentinel id"),
    ("sentinel current-epoch many\n", 1, "epoch"),
    ("port 26379\nsentinel monitor m \"127.0.0.1 6379 2\n", 2, "Unbalanced quotes"),
    ("port 26379\nuser ann on +nosuchcommand\n", 2, "nosuchcommand"),
    ("user ann on (+ping\n", 1, "Unmatched parenthesis"),
    ("port 26379\nlogfile \"\\xff\n", 2, "Unbalanced quotes"),
];

const YAML: &[(&str, usize, &str)] = &[
    ("port: many\n", 1, "integer"),
    ("port: 26379\nport: 26380\n", 2, "given twice"),
    ("port: 26379\nfrobnicate: yes\n", 2, "frobnicate"),
    ("port: 26379\nmasters:\n  - name: m\n    host: 127.0.0.1\n    port: x\n    quorum: 2\n", 5, "integer"),
    ("masters:\n  - name: m\n    host: 127.0.0.1\n    port: 6379\n", 2, "quorum"),
    ("masters:\n  - name: m\n    host: 127.0.0.1\n    port: 6379\n    quorum: 2\n    frob: 1\n", 6, "frob"),
    ("masters: m\n", 1, "list"),
    ("port: [[[[\n", 2, ""),
    ("port: {a: *b}\n", 1, ""),
    ("\"\n", 2, ""),
    ("- port\n", 1, "map"),
    ("port: 26379\nusers:\n  - ann on >secret +nosuchcommand\n", 3, "nosuchcommand"),
];

/// A process that should end by itself, and does so at the latest with this.
struct Brief(Child);

impl Drop for Brief {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// What a sentinel says of its file before it ends with a failure.
fn refusal(file: &Path) -> String {
    let mut command = bongsu();
    command.arg("sentinel").arg(file).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Brief(command.spawn().unwrap());
    let status = wait(&format!("it ends: {}", file.display()), || child.0.try_wait().unwrap());
    let mut text = String::new();
    child.0.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    child.0.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(status.code(), Some(1), "{text}");
    text
}

fn bongsu() -> Command {
    Command::new(env!("CARGO_BIN_EXE_bongsu"))
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let cases = CONF.iter().map(|case| ("conf", case)).chain(YAML.iter().map(|case| ("yaml", case)));
    for (at, (kind, (text, line, complaint))) in cases.enumerate() {
        let file = dir.path().join(format!("{at}.{kind}"));
        fs::write(&file, text).unwrap();
        let said = refusal(&file);
        let place = format!("{}, line {line}", file.display());
        assert!(said.contains(&place) && said.contains(complaint), "{text:?}: {said}");
        assert_eq!(fs::read_to_string(&file).unwrap(), *text, "it is not touched");
        let checked = bongsu().args(["config", "check"]).arg(&file).output().unwrap();
        assert!(!checked.status.success(), "{text:?} passes the check");
        assert!(!said.contains("secret"), "passwords are not shown: {said}");
    }
}

#[test]
fn bytes_that_are_no_text_are_told_with_their_place() {
    let dir = tempfile::tempdir().unwrap();
    for kind in ["conf", "yaml"] {
        let file = dir.path().join(format!("bytes.{kind}"));
        fs::write(&file, b"port: 26379\n  requirepass: secret\xff\n").unwrap();
        let said = refusal(&file);
        assert!(said.contains(&format!("({}, line 2, column 22)", file.display())), "{said}");
        assert!(said.contains("not UTF-8 text"), "{said}");
    }
}

#[test]
fn a_file_that_is_none_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let huge = dir.path().join("huge.conf");
    fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    for file in [dir.path().join("none.conf"), dir.path().to_owned(), huge] {
        let said = refusal(&file);
        assert!(said.contains(&file.display().to_string()), "{said}");
    }
}

#[test]
fn state_that_is_damaged_is_not_taken_for_none() {
    let dir = tempfile::tempdir().unwrap();
    let (file, state) = (dir.path().join("s.yaml"), dir.path().join("state"));
    fs::write(
        &file,
        format!("port: 0\nunixsocket: {}\nstate-dir: {}\n", dir.path().join("s").display(), state.display()),
    )
    .unwrap();
    fs::create_dir(&state).unwrap();
    for damage in
        ["", "sentinel current-epoch 5\n", "# bongsu sentinel state, version 1, sha256 00\nsentinel current-epoch 5\n"]
    {
        fs::write(state.join("state"), damage).unwrap();
        let said = refusal(&file);
        assert!(said.contains(&state.join("state").display().to_string()) && said.contains("damaged"), "{said}");
        assert_eq!(fs::read_to_string(state.join("state")).unwrap(), damage, "it is kept as it is");
    }
}
