//! The files of an installation, as texts.

use super::certificates::{Certificates, Pair};
use super::plan::{Host, Plan};
use super::secrets::Secrets;

/// For everybody on the machine.
const PUBLIC: u32 = 0o644;
/// For their owner only.
const PRIVATE: u32 = 0o600;

/// A file to be made.
pub(super) struct Made {
    /// Below the folder of the installation.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) mode: u32,
}

impl Made {
    fn public(path: String, text: String) -> Self {
        Self { path, text, mode: PUBLIC }
    }

    fn private(path: String, text: String) -> Self {
        Self { path, text, mode: PRIVATE }
    }
}

/// All files. Without certificates only these are left out.
pub(super) fn all(plan: &Plan, secrets: &Secrets, certificates: Option<&Certificates>) -> Vec<Made> {
    let mut made = vec![Made::public("README.md".to_owned(), overview(plan))];
    for (index, host) in plan.hosts.iter().enumerate() {
        made.extend(of_host(plan, index, host, secrets));
        if let Some((certificates, own)) = certificates.and_then(|all| Some((all, all.hosts.get(index)?))) {
            made.extend(pair(&format!("{}/tls", host.folder()), "host", own, &certificates.authority));
        }
    }
    let line = |path: &str, password: &str| Made::private(path.to_owned(), format!("{password}\n"));
    made.push(line("application/data.password", &secrets.application.password));
    made.push(line("application/sentinel.password", &secrets.discovery.password));
    made.push(line("operator/admin.password", &secrets.admin.password));
    if let Some(certificates) = certificates {
        made.extend(pair("application", "client", &certificates.application, &certificates.authority));
        made.extend(pair("operator", "client", &certificates.operator, &certificates.authority));
        made.push(Made::private("operator/ca.key".to_owned(), certificates.authority.key.clone()));
    }
    made
}

fn pair(folder: &str, name: &str, pair: &Pair, authority: &Pair) -> [Made; 3] {
    [
        Made::public(format!("{folder}/ca.crt"), authority.certificate.clone()),
        Made::public(format!("{folder}/{name}.crt"), pair.certificate.clone()),
        Made::private(format!("{folder}/{name}.key"), pair.key.clone()),
    ]
}

fn of_host(plan: &Plan, index: usize, host: &Host, secrets: &Secrets) -> Vec<Made> {
    let words = Words::new(plan, host, secrets);
    let at = |name: &str| format!("{}/{name}", host.folder());
    let line = |name: &str, password: &str| Made::private(at(name), format!("{password}\n"));
    let is_master = index == 0;
    let follows = format!("replicaof {} {}\n", plan.master(), plan.port);
    let server = words
        .with([("LISTENER", server_listener(plan)), ("REPLICAOF", if is_master { String::new() } else { follows })]);
    let names = if plan.has_names() { "resolve-hostnames: yes\nannounce-hostnames: yes\n" } else { "" };
    let sentinel = words.with([("LISTENER", sentinel_listener(plan)), ("HOSTNAMES", names.to_owned())]);
    vec![
        Made::public(at("README.md"), host_page(plan, index, &words)),
        Made::private(at("server.conf"), server.fill(include_str!("templates/server.conf"))),
        Made::private(at("users.acl"), words.fill(include_str!("templates/users.acl"))),
        Made::private(at("sentinel.yaml"), sentinel.fill(include_str!("templates/sentinel.yaml"))),
        Made::public(at("bongsu-server.service"), words.fill(include_str!("templates/server.service"))),
        Made::public(at("bongsu-sentinel.service"), words.fill(include_str!("templates/sentinel.service"))),
        line("secrets/peer.password", &secrets.peer.password),
        line("secrets/sentinel.password", &secrets.sentinel.password),
    ]
}

fn server_listener(plan: &Plan) -> String {
    let (port, etc) = (plan.port, &plan.etc);
    if !plan.tls {
        return format!("# Nothing is encrypted: for networks only that nobody else can reach.\nport {port}\n");
    }
    format!(
        "# TLS only, for clients, replicas and sentinels alike; all of them show a certificate of our authority.\n\
         port 0\ntls-port {port}\ntls-cert-file {etc}/tls/host.crt\ntls-key-file {etc}/tls/host.key\n\
         tls-ca-cert-file {etc}/tls/ca.crt\ntls-auth-clients yes\ntls-replication yes\n"
    )
}

fn sentinel_listener(plan: &Plan) -> String {
    let (port, etc) = (plan.sentinel_port, &plan.etc);
    if !plan.tls {
        return format!("# Nothing is encrypted: for networks only that nobody else can reach.\nport: {port}\n");
    }
    format!(
        "# TLS only, towards clients, data servers and the other sentinels; all of them show a certificate of our authority.\n\
         port: 0\ntls-port: {port}\ntls-cert-file: {etc}/tls/host.crt\ntls-key-file: {etc}/tls/host.key\n\
         tls-ca-cert-file: {etc}/tls/ca.crt\ntls-auth-clients: 'yes'\ntls-replication: yes\n"
    )
}

fn host_page(plan: &Plan, index: usize, words: &Words) -> String {
    let (user, etc, state) = (&plan.user, &plan.etc, &plan.state);
    let role = match index {
        0 => "the master".to_owned(),
        _ => format!("a replica of {}", plan.master()),
    };
    // A user that every machine has needs not be made.
    let useradd = match user.as_str() {
        "root" => String::new(),
        _ => format!(
            "id -u {user} >/dev/null 2>&1 || useradd --system --user-group --home-dir {state} --shell /usr/sbin/nologin {user}\n"
        ),
    };
    let install = format!("install -m 0640 -o root -g {user} -t {etc}/tls tls/ca.crt tls/host.crt tls/host.key\n");
    let row = "| `tls/` | certificate and key of this host, and the authority that signed all of them |\n";
    let with_tls = |text: &str| if plan.tls { text.to_owned() } else { String::new() };
    let words = words.with([
        ("NUMBER", (index + 1).to_string()),
        ("ROLE", role),
        ("TLS_ROW", with_tls(row)),
        ("USERADD", useradd),
        ("TLS_DIR", with_tls(&format!(" {etc}/tls"))),
        ("TLS_INSTALL", with_tls(&install)),
    ]);
    words.fill(include_str!("templates/host.md"))
}

/// The page for who sets it up.
fn overview(plan: &Plan) -> String {
    let lines = |line: &dyn Fn(usize, &Host) -> String| -> String {
        plan.hosts.iter().enumerate().map(|(index, host)| line(index, host)).collect()
    };
    let rows = lines(&|index, host| {
        let role = if index == 0 { "at first the master" } else { "at first a replica" };
        format!("| `{}/` | host {host}, {role} |\n", host.folder())
    });
    let copies = lines(&|_, host| {
        let (folder, host) = (host.folder(), bracketed(host));
        format!("scp -r {folder} root@{host}:bongsu-setup\n")
    });
    let sentinels = lines(&|_, host| format!("(\"{host}\", {}), ", plan.sentinel_port));
    let with_tls = |text: &str| if plan.tls { text.to_owned() } else { String::new() };
    let certificates = Words::empty().with([("DAYS", plan.days.to_string())]);
    let python = Words::empty().with([
        ("TLS", with_tls(include_str!("templates/tls.py"))),
        ("AND_TLS", with_tls(", **tls")),
        ("SENTINELS", sentinels.trim_end_matches(", ").to_owned()),
        ("GROUP", plan.group.clone()),
    ]);
    let words = Words::of_plan(plan).with([
        ("HOST_ROWS", rows),
        ("COPIES", copies.trim_end().to_owned()),
        ("AND_CERTIFICATE", with_tls(", and a certificate with its key")),
        ("AND_AUTHORITY", with_tls(", a certificate, and the key of the authority that signed all of them")),
        ("MASTER_ADDRESS", plan.master().with_port(plan.sentinel_port)),
        (
            "STATUS_TLS",
            with_tls(" \\\n    --tls --cacert operator/ca.crt --cert operator/client.crt --key operator/client.key"),
        ),
        ("PYTHON", python.fill(include_str!("templates/client.py")).trim_end().to_owned()),
        ("CERTIFICATES", with_tls(&certificates.fill(include_str!("templates/certificates.md")))),
    ]);
    words.fill(include_str!("templates/folder.md"))
}

fn bracketed(host: &Host) -> String {
    let text = host.to_string();
    if text.contains(':') { format!("[{text}]") } else { text }
}

/// What stands for the names in double braces.
#[derive(Clone)]
struct Words(Vec<(&'static str, String)>);

impl Words {
    fn empty() -> Self {
        Self(Vec::new())
    }

    fn of_plan(plan: &Plan) -> Self {
        Self::empty().with([
            ("GROUP", plan.group.clone()),
            ("MASTER", plan.master().to_string()),
            ("PORT", plan.port.to_string()),
            ("SENTINEL_PORT", plan.sentinel_port.to_string()),
            ("ETC", plan.etc.clone()),
            ("STATE", plan.state.clone()),
            ("PROGRAM", plan.program.clone()),
            ("USER", plan.user.clone()),
            ("DOWN_AFTER_MS", plan.down_after.as_millis().to_string()),
            ("SENTINEL_HOSTS", plan.hosts.each_ref().map(|host| host.with_port(plan.sentinel_port)).join(",")),
            ("PROCESS_DEATH_MS", plan.process_death().as_millis().to_string()),
        ])
    }

    fn new(plan: &Plan, host: &Host, secrets: &Secrets) -> Self {
        Self::of_plan(plan).with([
            ("HOST", host.to_string()),
            ("DISCOVERY_PASSWORD", secrets.discovery.password.clone()),
            ("REPLICATION_PASSWORD", secrets.replication.password.clone()),
            ("ADMIN_HASH", secrets.admin.hash.clone()),
            ("APPLICATION_HASH", secrets.application.hash.clone()),
            ("DISCOVERY_HASH", secrets.discovery.hash.clone()),
            ("PEER_HASH", secrets.peer.hash.clone()),
            ("REPLICATION_HASH", secrets.replication.hash.clone()),
            ("SENTINEL_HASH", secrets.sentinel.hash.clone()),
        ])
    }

    fn with<const N: usize>(&self, more: [(&'static str, String); N]) -> Self {
        Self(self.0.iter().cloned().chain(more).collect())
    }

    fn fill(&self, template: &str) -> String {
        self.0.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
    }
}
