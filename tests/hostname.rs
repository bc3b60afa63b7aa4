//! A group known by a host name whose address changes.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{GROUP, Installation, ask, free_ports, wait};

const NAME: &str = "data.bongsu.test";

/// Puts a file of our own in the place of `/etc/hosts` and becomes the command that follows.
const OWN_HOSTS: &str = r#"mount --bind "$1" /etc/hosts && shift && exec "$@""#;

fn say(hosts: &Path, ip: &str) {
    fs::write(hosts, format!("127.0.0.1 localhost\n{ip} {NAME}\n")).unwrap();
}

#[test]
fn a_name_that_gets_another_address_is_followed() {
    let mut i = Installation::empty();
    // The same port on two addresses: only the name tells them apart.
    let port = free_ports(1)[0];
    for ip in ["127.0.0.2", "127.0.0.3"] {
        let mut server = Command::new("redis-server");
        server.args(["--port", &port.to_string(), "--bind", ip, "--save", ""]);
        i.run(port, server);
    }
    let sentinel = free_ports(1)[0];
    let (hosts, file) = (i.home(sentinel).join("hosts"), i.home(sentinel).join("the.conf"));
    fs::create_dir_all(i.home(sentinel)).unwrap();
    say(&hosts, "127.0.0.2");
    fs::write(
        &file,
        format!(
            "port {sentinel}\ndir {}\nsentinel resolve-hostnames yes\nsentinel announce-hostnames yes\n\
             sentinel monitor {GROUP} {NAME} {port} 1\nsentinel down-after-milliseconds {GROUP} 1000\n",
            i.home(sentinel).display()
        ),
    )
    .unwrap();
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", OWN_HOSTS, "sh"]).arg(&hosts);
    command.arg(env!("CARGO_BIN_EXE_bongsu")).arg("sentinel").arg(&file);
    i.run(sentinel, command);

    let run_id_at = |ip: &str| {
        let client = redis::Client::open((ip, port)).unwrap();
        wait("a data server answers", || {
            let mut connection = client.get_connection().ok()?;
            let info: String = redis::cmd("INFO").arg("server").query(&mut connection).ok()?;
            info.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::to_owned)
        })
    };
    let (first, second) = (run_id_at("127.0.0.2"), run_id_at("127.0.0.3"));
    let watched = |run_id: &str| {
        wait("the sentinel watches it", || {
            let told: Vec<String> = ask(sentinel, &["MASTER", GROUP])?;
            let is = |name: &str, value: &str| support::field(&told, name).as_deref() == Some(value);
            (is("runid", run_id) && is("flags", "master")).then_some(())
        });
        let named: (String, u16) = ask(sentinel, &["GET-MASTER-ADDR-BY-NAME", GROUP]).unwrap();
        assert_eq!(named, (NAME.to_owned(), port), "clients are told the name");
    };
    watched(&first);
    say(&hosts, "127.0.0.3");
    // The old one goes away, as a host does whose name was given to another.
    i.kill(port);
    watched(&second);
}
