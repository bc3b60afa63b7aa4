//! `bongsu server` as a process: its configuration from files, flags and clients, its listeners, its end.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use support::{command, free_ports, try_command, wait};

/// A server in a directory of its own, which ends with it.
struct Node {
    dir: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl Node {
    /// With this file, on a free port of loopback.
    fn start(directives: &str) -> Self {
        let (dir, port) = (tempfile::tempdir().unwrap(), free_ports(1)[0]);
        let text = format!("bind 127.0.0.1\nport {port}\ndir {}\n{directives}", dir.path().display());
        fs::write(dir.path().join("server.conf"), text).unwrap();
        let child = spawn(dir.path(), &[]);
        let me = Self { dir, port, child };
        me.wait_until_ready();
        me
    }

    fn wait_until_ready(&self) {
        let ready = || self.log().contains("Ready to accept connections tcp").then_some(());
        wait("the server is ready", ready);
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("out")).unwrap_or_default()
    }

    fn file(&self) -> String {
        fs::read_to_string(self.dir.path().join("server.conf")).unwrap()
    }

    #[track_caller]
    fn get(&self, name: &str) -> String {
        let found: Vec<String> = command(self.port, &["CONFIG", "GET", name]).expect("an answer");
        found.get(1).cloned().expect("a value")
    }

    #[track_caller]
    fn set(&self, pairs: &[&str]) {
        let words: Vec<&str> = ["CONFIG", "SET"].iter().chain(pairs).copied().collect();
        let reply = try_command::<String>(self.port, &words).expect("a connection");
        assert_eq!(reply.expect("done"), "OK");
    }

    /// The error of a command.
    #[track_caller]
    fn refused(&self, words: &[&str]) -> String {
        let reply = try_command::<redis::Value>(self.port, words).expect("a connection");
        let error = reply.expect_err("refused");
        format!("{} {}", error.code().unwrap_or_default(), error.detail().unwrap_or_default())
    }

    fn end(&mut self, signal: &str) -> ExitStatus {
        send(signal, self.child.id());
        self.child.wait().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn bongsu() -> Command {
    Command::new(env!("CARGO_BIN_EXE_bongsu"))
}

fn spawn(dir: &Path, flags: &[&str]) -> Child {
    let out = fs::File::options().create(true).append(true).open(dir.join("out")).unwrap();
    let mut server = bongsu();
    server.arg("server").arg(dir.join("server.conf")).args(flags).stdin(Stdio::null()).stdout(out).spawn().unwrap()
}

fn send(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

/// What a server says that cannot start.
fn fail(arguments: &[&str]) -> Output {
    let output = bongsu().arg("server").args(arguments).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    output
}

#[test]
fn what_clients_change_survives_a_restart_once_it_is_written() {
    let mut node = Node::start("# mine\nmaxmemory 100mb\nslave-priority 7\nsave 900 1\n");
    assert_eq!((node.get("maxmemory").as_str(), node.get("replica-priority").as_str()), ("104857600", "7"));
    node.set(&["maxmemory", "1gb", "notify-keyspace-events", "KEA"]);
    let error = node.refused(&["CONFIG", "SET", "maxmemory", "1", "timeout", "x"]);
    assert!(error.ends_with("(possibly related to argument 'timeout') - argument couldn't be parsed into an integer"));
    assert_eq!(node.get("maxmemory"), "1073741824");
    assert_eq!(command::<String>(node.port, &["CONFIG", "REWRITE"]).as_deref(), Some("OK"));
    let file = node.file();
    assert!(file.contains("# mine\nmaxmemory 1gb\nreplica-priority 7\nsave 900 1\n"), "{file}");
    assert!(file.contains("\nnotify-keyspace-events \"AKE\"\n"), "{file}");
    assert_eq!(node.end("-TERM").code(), Some(0));
    assert!(node.log().contains("Received SIGTERM"), "{}", node.log());
    let _old = fs::remove_file(node.dir.path().join("out"));
    node.child = spawn(node.dir.path(), &["--maxmemory", "2gb", "--save", ""]);
    node.wait_until_ready();
    let values = ["maxmemory", "save", "notify-keyspace-events"].map(|name| node.get(name));
    assert_eq!(values, ["2147483648", "", "AKE"]);
    assert_eq!(node.end("-INT").code(), Some(0));
}

#[test]
fn a_wrong_configuration_is_fatal() {
    for (arguments, said) in [
        (vec!["--invalid"], "Bad directive or wrong number of arguments"),
        (vec!["--port"], ">>> 'port'\nwrong number of arguments"),
        (vec!["--port", "6379", "6380"], ">>> 'port \"6379\" \"6380\"'\nwrong number of arguments"),
        (vec!["--port", "--bla", "--loglevel", "verbose"], "argument couldn't be parsed into an integer"),
        (vec!["--logfile", "/nowhere/log"], "Can't open the log file: No such file or directory"),
        (vec!["--rename-command", "nothing", "x"], "No such command in rename-command"),
        (
            vec!["--user", "ann", "--user", "ann"],
            "Error in user declaration 'ann': Duplicate user found. A user can only be defined once in config files",
        ),
        (vec!["--cluster-enabled", "yes"], "this server has no cluster mode"),
    ] {
        let output = fail(&arguments);
        let report = String::from_utf8_lossy(&output.stderr);
        assert!(report.starts_with("\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\n"), "{arguments:?}: {report}");
        assert!(report.trim_end().ends_with(said), "{arguments:?}: {report}");
    }
    let missing = fail(&["/nowhere/server.conf"]);
    assert!(String::from_utf8_lossy(&missing.stdout).contains("can't open config file '/nowhere/server.conf'"));
    let nowhere = fail(&["--port", "0"]);
    assert!(String::from_utf8_lossy(&nowhere.stdout).contains("Configured to not listen anywhere"));
    let path = fail(&["--port", "0", "--unixsocket", "/nowhere/s"]);
    assert!(String::from_utf8_lossy(&path.stdout).contains("Failed opening Unix socket /nowhere/s"));
}

#[test]
fn listeners_follow_the_configuration() {
    let mut node = Node::start("unixsocket socket\nunixsocketperm 700\n");
    let socket = node.dir.path().join("socket");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o700);
    let (old, port) = (node.port, free_ports(1)[0]);
    node.set(&["port", &port.to_string()]);
    node.port = port;
    assert_eq!(node.get("port"), port.to_string());
    assert!(support::connect(old).is_none(), "the old port is still open");
    node.set(&["bind", "127.0.0.1 127.0.0.2 -192.0.2.1"]);

    let other = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = other.local_addr().unwrap().port().to_string();
    let error = node.refused(&["CONFIG", "SET", "maxmemory", "7", "port", &taken]);
    assert!(error.contains("argument 'port') - Unable to listen on this port"), "{error}");
    assert_eq!((node.get("maxmemory"), node.get("port")), ("0".to_owned(), port.to_string()));
    let output = fail(&["--bind", "127.0.0.1", "--port", &port.to_string()]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains(&format!("Failed listening on port {port} (tcp), aborting.")), "{said}");
    assert_eq!(node.end("-TERM").code(), Some(0));
    assert!(!socket.exists(), "the socket is left behind");
}

#[test]
fn users_and_names_of_commands_are_as_configured() {
    let node = Node::start("rename-command FLUSHALL ''\nrename-command KEYS names\nuser ann on >secret +ping ~*\n");
    assert!(node.refused(&["FLUSHALL"]).contains("unknown command"));
    assert!(node.refused(&["KEYS", "*"]).contains("unknown command"));
    assert_eq!(command::<Vec<String>>(node.port, &["NAMES", "*"]), Some(Vec::new()));
    assert_eq!(command::<String>(node.port, &["AUTH", "ann", "secret"]).as_deref(), Some("OK"));
    node.set(&["requirepass", "other"]);
    assert!(node.refused(&["CONFIG", "GET", "*"]).contains("Authentication required"));
    assert_eq!(command::<String>(node.port, &["AUTH", "other"]).as_deref(), Some("OK"));
}

#[test]
fn a_daemon_leaves_and_its_files_tell_of_it() {
    let (dir, port) = (tempfile::tempdir().unwrap(), free_ports(1)[0]);
    let link = dir.path().join("redis-server");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_bongsu"), &link).unwrap();
    let mut server = Command::new(link);
    server.args(["--daemonize", "yes", "--pidfile", "pid", "--logfile", "log", "--bind", "127.0.0.1"]);
    let started = server.args(["--port", &port.to_string(), "--dir"]).arg(dir.path()).status().unwrap();
    assert_eq!(started.code(), Some(0));
    wait("the daemon answers", || command::<String>(port, &["PING"]));
    let pid_of = || fs::read_to_string(dir.path().join("pid")).ok()?.trim().parse::<u32>().ok();
    send("-TERM", wait("its number is known", pid_of));
    wait("it ends", || pid_of().is_none().then_some(()));
    let log = fs::read_to_string(dir.path().join("log")).unwrap();
    assert!(log.contains("Server initialized"), "{log}");
}

/// A certificate that is its own authority, as files of this name.
fn certificate(dir: &Path, name: &str) {
    let script = r#"cd "$1" && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$2" -keyout "$2.key" \
        -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE -out "$2.crt""#;
    let made = Command::new("sh").args(["-c", script, "sh"]).arg(dir).arg(name).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn certificates_are_exchanged_while_the_server_runs() {
    let port = free_ports(1)[0];
    let node = Node::start("");
    certificate(node.dir.path(), "old");
    certificate(node.dir.path(), "new");
    let asks = |authority: &str| {
        let mut client = Command::new("redis-cli");
        client.args(["-p", &port.to_string(), "--tls", "--cacert"]).arg(node.dir.path().join(authority));
        let output = client.arg("PING").output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim() == "PONG"
    };
    let error = node.refused(&["CONFIG", "SET", "tls-port", &port.to_string()]);
    assert!(error.contains("Unable to update TLS configuration"), "{error}");
    let files = ["tls-cert-file", "old.crt", "tls-key-file", "old.key", "tls-auth-clients", "no"];
    node.set(&[["tls-port", &port.to_string()].as_slice(), &files].concat());
    assert!(asks("old.crt") && !asks("new.crt"));
    let mixed = node.refused(&["CONFIG", "SET", "tls-cert-file", "new.crt"]);
    assert!(mixed.contains("argument 'tls-cert-file') - Unable to update TLS"), "{mixed}");
    assert!(asks("old.crt"));
    node.set(&["tls-cert-file", "new.crt", "tls-key-file", "new.key"]);
    assert!(asks("new.crt") && !asks("old.crt"));
}

#[test]
fn users_who_may_call_what_is_not_here_load_and_are_written_back() {
    let rules = "-@all +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info +client|setname \
                 +client|kill +script|kill";
    let app = "+@all -@scripting -eval -xgroup -function|load +xinfo|stream";
    let users = format!(
        "user sentinel-user on >somepassword allchannels {}\nuser app on nopass ~* {app}\n",
        rules.strip_prefix("-@all ").unwrap()
    );
    let hidden = "rename-command EVAL \"\"\nrename-command XADD append-to-stream\n";
    let mut node = Node::start(&format!("{users}{hidden}"));
    let listed = |node: &Node| command::<Vec<String>>(node.port, &["ACL", "LIST"]).expect("users");
    let before = listed(&node);
    let has = |lines: &[String], rules: &str| lines.iter().any(|line| line.ends_with(&format!(" {rules}")));
    assert!(has(&before, rules) && has(&before, app), "{before:?}");
    assert_eq!(command::<String>(node.port, &["CONFIG", "REWRITE"]).as_deref(), Some("OK"));
    let file = node.file();
    for kept in [rules, app, hidden] {
        assert!(file.contains(kept), "{kept}: {file}");
    }
    assert_eq!(node.end("-TERM").code(), Some(0));
    let _old = fs::remove_file(node.dir.path().join("out"));
    node.child = spawn(node.dir.path(), &[]);
    node.wait_until_ready();
    assert_eq!(listed(&node), before);
    let error = node.refused(&["ACL", "SETUSER", "app", "+scrpt|kill"]);
    assert!(error.contains("Unknown command or category name in ACL"), "{error}");
    assert!(node.refused(&["EVAL", "return 1", "0"]).contains("unknown command"));

    let file = node.dir.path().join("users.acl");
    fs::write(&file, format!("{}\n", before.join("\n"))).unwrap();
    assert_eq!(node.end("-TERM").code(), Some(0));
    let log = node.dir.path().join("out");
    fs::remove_file(&log).unwrap();
    let text = format!("bind 127.0.0.1\nport {}\ndir {}\naclfile users.acl\n", node.port, node.dir.path().display());
    fs::write(node.dir.path().join("server.conf"), text).unwrap();
    node.child = spawn(node.dir.path(), &[]);
    node.wait_until_ready();
    assert_eq!(listed(&node), before);
    assert_eq!(command::<String>(node.port, &["ACL", "SAVE"]).as_deref(), Some("OK"));
    assert_eq!(fs::read_to_string(file).unwrap(), format!("{}\n", before.join("\n")));
}
