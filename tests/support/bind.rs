//! A real BIND that takes signed updates, and looking up what it serves.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;
use std::time::Duration;

use super::{GROUP, Installation, free_ports, wait};

const TYPE_SRV: u16 = 33;
const HEADER_BYTES: usize = 12;
/// Of any test: the key protects nothing.
const SECRET: &str = "c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMgbG9uZyE=";

const ZONE: &str =
    "$TTL 60\n@ SOA ns.example.org. hostmaster.example.org. 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n";

/// Where it listens.
#[derive(Clone, Copy)]
pub(crate) struct Bind {
    pub(crate) port: u16,
}

impl Bind {
    /// Starts one, which ends with the installation.
    pub(crate) fn start(i: &mut Installation) -> Self {
        Self::start_with(i, "")
    }

    /// Starts one that has more records in its zone.
    pub(crate) fn start_with(i: &mut Installation, records: &str) -> Self {
        let me = Self { port: free_ports(1)[0] };
        let home = i.home(me.port);
        std::fs::create_dir_all(&home).expect("a directory");
        std::fs::write(home.join("zone"), format!("{ZONE}{records}")).expect("a file");
        std::fs::write(home.join("named.conf"), me.configuration(&home.display().to_string())).expect("a file");
        // A copy of the program: Debian's AppArmor profile binds the one in /usr/sbin to its own folders.
        let copy = home.join("named");
        let script = format!("cp \"$(PATH=$PATH:/usr/sbin command -v named)\" {}", copy.display());
        let status = Command::new("sh").args(["-c", &script]).status().expect("sh");
        assert!(status.success(), "there is no named; tests/run installs it");
        let mut command = Command::new(copy);
        command.args(["-g", "-n", "1", "-c"]).arg(home.join("named.conf"));
        i.run(me.port, command);
        wait("named serves", || me.ask("ns.example.org", 1));
        me
    }

    fn configuration(self, home: &str) -> String {
        let port = self.port;
        format!(
            "key bongsu {{ algorithm hmac-sha256; secret \"{SECRET}\"; }};\n\
             options {{ directory \"{home}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
             recursion no; pid-file none; lock-file none; session-keyfile none; dnssec-validation no; }};\n\
             controls {{ }};\n\
             zone \"example.org\" {{ type primary; file \"{home}/zone\"; allow-update {{ key bongsu; }}; }};\n"
        )
    }

    /// Directives of a sentinel that publishes here, the port of the master included.
    pub(crate) fn directives(self) -> String {
        let port = self.port;
        let keys = [
            "type dns".to_owned(),
            format!("servers 127.0.0.1:{port}"),
            "zone example.org".to_owned(),
            "record {group}.redis.example.org".to_owned(),
            "tsig-key-name bongsu".to_owned(),
            format!("tsig-secret {SECRET}"),
            "srv yes".to_owned(),
            format!("authority-port {port}"),
        ];
        keys.iter().map(|key| format!("publish names {key}\n")).collect()
    }

    /// The master's port, as a client that knows only the name finds it.
    pub(crate) fn port_of_master(self) -> Option<u16> {
        let answer = self.ask(&format!("_redis._tcp.{GROUP}.redis.example.org"), TYPE_SRV)?;
        // Priority and weight stand before it.
        Some(u16::from_be_bytes([*answer.get(4)?, *answer.get(5)?]))
    }

    /// The data of the first record of the answer, RFC 1035.
    fn ask(self, name: &str, kind: u16) -> Option<Vec<u8>> {
        let mut query = vec![0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(u8::try_from(label.len()).expect("a label"));
            query.extend(label.bytes());
        }
        query.push(0);
        query.extend(kind.to_be_bytes());
        query.extend(1_u16.to_be_bytes());
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(500))).expect("a limit");
        socket.send_to(&query, (Ipv4Addr::LOCALHOST, self.port)).ok()?;
        let mut answer = [0; 1500];
        let length = socket.recv(&mut answer).ok()?;
        let answer = answer.get(..length)?;
        if u16::from_be_bytes([answer[6], answer[7]]) == 0 || query.len() < HEADER_BYTES {
            return None;
        }
        // The answer names the question by a pointer of two bytes; type, class and TTL follow, then the length of the data.
        let record = answer.get(query.len()..)?;
        let length = usize::from(u16::from_be_bytes([*record.get(10)?, *record.get(11)?]));
        record.get(12..12 + length).map(<[u8]>::to_vec)
    }
}
