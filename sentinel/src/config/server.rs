//! The directives of the process as a whole: one table makes the typed settings, their defaults, parser and page.

use std::path::PathBuf;
use std::time::Duration;

use super::buffers::BufferLimits;
use super::choices::{AclPubsubDefault, Guard, LogFormat, LogLevel, LogTimestampFormat, Supervised, TlsAuthClients};
use super::directive::{Directive, Section};
use super::field::{ByteCount, Field, FileMode};
use super::renames::Renames;
use super::secret::Secret;
use super::value::Syntax;

/// Largest number that the servers accept for a signed 32-bit setting.
const INT_MAX: i64 = i32::MAX as i64;

macro_rules! server_settings {
    ($($field:ident: $ty:ty = $name:literal, $section:ident, $syntax:expr, $default:literal, $help:literal;)+) => {
        /// Settings of the process as a whole. The defaults are those of sentinel mode.
        #[derive(Clone, Debug, PartialEq)]
        pub struct ServerSettings {
            $(#[doc = concat!("`", $name, "`: ", $help)] pub $field: $ty,)+
        }

        /// Every directive of the process as a whole that has an effect.
        pub static SERVER_DIRECTIVES: &[Directive] = &[$(Directive {
            name: $name,
            section: Section::$section,
            syntax: $syntax,
            default: $default,
            help: $help,
            assign: |settings, value| settings.$field.assign(value),
            lines: |settings| settings.$field.lines(),
        },)+];

        impl ServerSettings {
            fn unset() -> Self {
                Self { $($field: Default::default(),)+ }
            }
        }
    };
}

server_settings! {
    port: u16 = "port", Network, Syntax::Int(0, 65535), "26379",
        "TCP port of the listener; 0: none.";
    bind: Vec<String> = "bind", Network, Syntax::Words, "* -::*",
        "Addresses to listen on. A leading `-` allows the address to be unavailable; `*` and `::*` mean all of IPv4 and IPv6.";
    protected_mode: bool = "protected-mode", Network, Syntax::YesNo, "no",
        "Without a password, accept clients from this host only.";
    tcp_backlog: u32 = "tcp-backlog", Network, Syntax::Int(0, INT_MAX), "511",
        "Length of the queue of connections not accepted yet.";
    timeout: Duration = "timeout", Network, Syntax::Int(0, INT_MAX), "0",
        "Seconds after which an idle client is disconnected; 0: never.";
    tcp_keepalive: Duration = "tcp-keepalive", Network, Syntax::Int(0, INT_MAX), "300",
        "Seconds between TCP keep-alive probes; 0: none.";
    unixsocket: Option<PathBuf> = "unixsocket", Network, Syntax::Text, "",
        "Path of a Unix socket to listen on.";
    unixsocketperm: FileMode = "unixsocketperm", Network, Syntax::Mode, "0",
        "File mode of the Unix socket; 0: as the umask gives.";
    maxclients: u32 = "maxclients", Network, Syntax::Int(1, u32::MAX as i64), "10000",
        "Most clients connected at the same time.";
    bind_source_addr: Option<String> = "bind-source-addr", Network, Syntax::Text, "",
        "Local address of outgoing links.";
    client_output_buffer_limit: BufferLimits = "client-output-buffer-limit", Network, Syntax::BufferLimits,
        "normal 0 0 0 slave 256mb 64mb 60 pubsub 32mb 8mb 60",
        "Bytes of unread replies after which a client of a class is disconnected.";
    client_query_buffer_limit: ByteCount = "client-query-buffer-limit", Network,
        Syntax::Memory(1 << 20, i64::MAX as u64), "1gb",
        "Most bytes of one unfinished request.";
    client_default_resp: u8 = "client-default-resp", Network, Syntax::Int(2, 3), "2",
        "Protocol version of a connection that has not sent HELLO.";
    extended_redis_compatibility: bool = "extended-redis-compatibility", Network, Syntax::YesNo, "no",
        "Call this program redis in HELLO and INFO.";
    availability_zone: Option<String> = "availability-zone", Network, Syntax::Text, "",
        "Where this sentinel runs, shown to clients.";

    tls_port: u16 = "tls-port", Tls, Syntax::Int(0, 65535), "0",
        "TCP port of the TLS listener; 0: none.";
    tls_cert_file: Option<PathBuf> = "tls-cert-file", Tls, Syntax::Text, "",
        "Certificate chain of the listener, PEM.";
    tls_key_file: Option<PathBuf> = "tls-key-file", Tls, Syntax::Text, "",
        "Private key of the listener, PEM.";
    tls_key_file_pass: Option<Secret> = "tls-key-file-pass", Tls, Syntax::Secret, "",
        "Passphrase of the listener's private key.";
    tls_client_cert_file: Option<PathBuf> = "tls-client-cert-file", Tls, Syntax::Text, "",
        "Certificate chain of outgoing links; unset: the listener's.";
    tls_client_key_file: Option<PathBuf> = "tls-client-key-file", Tls, Syntax::Text, "",
        "Private key of outgoing links; unset: the listener's.";
    tls_client_key_file_pass: Option<Secret> = "tls-client-key-file-pass", Tls, Syntax::Secret, "",
        "Passphrase of the private key of outgoing links.";
    tls_ca_cert_file: Option<PathBuf> = "tls-ca-cert-file", Tls, Syntax::Text, "",
        "Certificates of the authorities that are trusted, PEM.";
    tls_ca_cert_dir: Option<PathBuf> = "tls-ca-cert-dir", Tls, Syntax::Text, "",
        "Directory of such certificates.";
    tls_auth_clients: TlsAuthClients = "tls-auth-clients", Tls, Syntax::Choice(TlsAuthClients::WORDS), "yes",
        "Whether clients must present a certificate.";
    tls_protocols: Option<String> = "tls-protocols", Tls, Syntax::Text, "",
        "Accepted protocol versions, such as `TLSv1.2 TLSv1.3`; unset: both.";
    tls_replication: bool = "tls-replication", Tls, Syntax::YesNo, "no",
        "Use TLS on every outgoing link: to masters, replicas and sentinels.";

    dir: PathBuf = "dir", Process, Syntax::Text, ".",
        "Working directory: relative paths start here, scripts run here.";
    daemonize: bool = "daemonize", Process, Syntax::YesNo, "no",
        "Run in the background.";
    pidfile: Option<PathBuf> = "pidfile", Process, Syntax::Text, "",
        "File that holds the process id while running.";
    supervised: Supervised = "supervised", Process, Syntax::Choice(Supervised::WORDS), "no",
        "Supervisor that is told when the sentinel is ready.";
    loglevel: LogLevel = "loglevel", Process, Syntax::Choice(LogLevel::WORDS), "notice",
        "Least important message that is logged.";
    logfile: Option<PathBuf> = "logfile", Process, Syntax::Text, "",
        "File for the log; unset: standard output.";
    log_format: LogFormat = "log-format", Process, Syntax::Choice(LogFormat::WORDS), "legacy",
        "Form of a line of the log.";
    log_timestamp_format: LogTimestampFormat = "log-timestamp-format", Process,
        Syntax::Choice(LogTimestampFormat::WORDS), "legacy",
        "Form of the time in the log.";
    syslog_enabled: bool = "syslog-enabled", Process, Syntax::YesNo, "no",
        "Accepted for compatibility: nothing is sent to syslog, which a warning tells.";
    syslog_ident: Option<String> = "syslog-ident", Process, Syntax::Text, "redis",
        "Name of this process in syslog.";
    syslog_facility: String = "syslog-facility", Process,
        Syntax::Choice(&["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"]),
        "local0",
        "Facility used in syslog.";
    state_dir: Option<PathBuf> = "state-dir", Process, Syntax::Text, "",
        "YAML only: directory of the run-time state; unset: `sentinel-<port>` under `dir`.";

    requirepass: Option<Secret> = "requirepass", Access, Syntax::Secret, "",
        "Password of the default user. Also presented to peer sentinels unless `sentinel-pass` is set.";
    aclfile: Option<PathBuf> = "aclfile", Access, Syntax::Text, "",
        "File with the users, instead of `user` lines.";
    acllog_max_len: u32 = "acllog-max-len", Access, Syntax::Int(0, INT_MAX), "128",
        "Most entries of ACL LOG.";
    acl_pubsub_default: AclPubsubDefault = "acl-pubsub-default", Access, Syntax::Choice(AclPubsubDefault::WORDS),
        "resetchannels",
        "Channels that a new user may use.";
    enable_debug_command: Guard = "enable-debug-command", Access, Syntax::Choice(Guard::WORDS), "no",
        "Who may use DEBUG.";
    enable_protected_configs: Guard = "enable-protected-configs", Access, Syntax::Choice(Guard::WORDS), "no",
        "Who may change protected settings.";
    rename_command: Renames = "rename-command", Access, Syntax::Pair, "",
        "Another name for a command of this sentinel; the empty name removes it.";
}

impl Default for ServerSettings {
    /// The defaults of the table. (A unit test makes sure that the table can read its own defaults.)
    fn default() -> Self {
        let mut settings = Self::unset();
        for directive in SERVER_DIRECTIVES {
            if let Ok(words) = default_words(directive) {
                let _checked_by_test = directive.apply(&mut settings, &words);
            }
        }
        settings
    }
}

/// The default as words; none at all for the directives that start empty because they collect.
fn default_words(directive: &Directive) -> Result<Vec<Vec<u8>>, ()> {
    if directive.syntax == Syntax::Pair {
        return Err(());
    }
    Ok(vec![directive.default.as_bytes().to_vec()])
}

/// The directive of this name, whatever its case.
pub fn server_directive(name: &str) -> Option<&'static Directive> {
    SERVER_DIRECTIVES.iter().find(|directive| directive.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_its_own_defaults() {
        for directive in SERVER_DIRECTIVES {
            let mut settings = ServerSettings::unset();
            if let Ok(words) = default_words(directive) {
                directive.apply(&mut settings, &words).unwrap_or_else(|e| panic!("{}: {e:?}", directive.name));
            }
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for directive in SERVER_DIRECTIVES {
            let mut settings = ServerSettings::unset();
            for line in (directive.lines)(&ServerSettings::default()) {
                let words = bongsu_protocol::conf::split_words(line.as_bytes()).expect("line splits");
                directive.apply(&mut settings, &words).unwrap_or_else(|e| panic!("{}: {e:?}", directive.name));
            }
            assert_eq!(
                (directive.lines)(&settings),
                (directive.lines)(&ServerSettings::default()),
                "{}",
                directive.name
            );
        }
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = SERVER_DIRECTIVES.iter().map(|d| d.name).collect();
        assert_eq!(names.len(), SERVER_DIRECTIVES.len());
    }
}
