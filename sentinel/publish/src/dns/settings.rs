//! What a target of DNS is configured with.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::key::{Algorithm, KEY_FILE_MAX, Key};
use super::names::{NameTemplate, Zone};

/// Port of DNS.
const PORT: u16 = 53;

/// Servers or resolvers in one list; each of them is asked at every look.
const SERVERS_MAX: usize = 16;

/// How long clients and resolvers may keep an answer, in seconds; at most a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl(u32);

impl Ttl {
    /// In seconds.
    pub const fn secs(self) -> u32 {
        self.0
    }
}

impl FromStr for Ttl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(secs) if secs <= 86_400 => Ok(Self(secs)),
            _ => Err(format!("{text:?} is no number of seconds from 0 to 86400")),
        }
    }
}

/// Addresses of servers in the order of preference, without repetition, one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers(Vec<SocketAddr>);

impl Servers {
    /// The addresses.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.0
    }
}

impl FromStr for Servers {
    type Err = String;

    /// Addresses between commas or blanks, each an IP address or one with a port (`10.0.0.53:5353`, `[fd00::53]:5353`). They are not
    /// names, since the name service that would look them up may be what is down.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut servers = Vec::new();
        for word in text.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
            let server = word
                .parse()
                .or_else(|_| word.parse().map(|ip: IpAddr| SocketAddr::new(ip, PORT)))
                .map_err(|_| format!("{word:?} is no IP address, nor one with a port"))?;
            if !servers.contains(&server) {
                servers.push(server);
            }
        }
        match servers.len() {
            0 => Err("no address is given".to_owned()),
            1..=SERVERS_MAX => Ok(Self(servers)),
            _ => Err(format!("more than {SERVERS_MAX} addresses are given")),
        }
    }
}

/// What updates and reads travel over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// One message, delivered once or not at all.
    #[default]
    Tcp,
    /// One datagram, never sent again here; longer messages and truncated answers go over TCP.
    Udp,
}

/// Which name servers are asked whether they have the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorities {
    /// Those that the zone names, on this port.
    OfZone {
        /// UDP and TCP port.
        port: u16,
    },
    /// These.
    Listed(Servers),
}

/// A target of DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Servers that take updates: the primary, then those that are tried when it cannot be reached.
    pub servers: Servers,
    /// The zone.
    pub zone: Zone,
    /// Names in it.
    pub name: NameTemplate,
    /// TTL of all records.
    pub ttl: Ttl,
    /// The key.
    pub key: Key,
    /// Transport of reads and updates.
    pub transport: Transport,
    /// Whether an SRV record shows the port.
    pub service: bool,
    /// Whether the replicas are written.
    pub replicas: bool,
    /// Whether addresses that stand there without a guard are taken over.
    pub adopt: bool,
    /// Name servers to look at.
    pub authorities: Authorities,
    /// Resolvers to look at.
    pub resolvers: Option<Servers>,
    /// How long one exchange with one server may take.
    pub limit: Duration,
}

/// A wrong setting.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{key}: {reason}")]
pub struct SettingsError {
    /// The key.
    pub key: &'static str,
    /// What about it.
    pub reason: String,
}

/// Key, its default if it may be left out, and what it says.
pub const KEYS: [(&str, Option<&str>, &str); 16] = [
    (
        "server",
        None,
        "Addresses of the name servers that take updates, IP[:port]: the primary first, then others to fall back on.",
    ),
    ("zone", None, "Name of the zone that is updated."),
    (
        "name",
        None,
        "Name of the master in the zone, with `{group}` for the name of the group: `{group}.redis.example.org`.",
    ),
    ("ttl-s", Some("5"), "How long clients and resolvers may keep an answer, in seconds."),
    ("key-file", Some(""), "File with the TSIG key, as `tsig-keygen` writes it. Either this or the next three."),
    ("key-name", Some(""), "Name of the TSIG key."),
    ("key-algorithm", Some("hmac-sha256"), "`hmac-sha256`, `hmac-sha384` or `hmac-sha512`."),
    ("key-secret", Some(""), "The secret of the key, Base64."),
    ("transport", Some("tcp"), "`tcp`, or `udp` (never sent again; long messages go over TCP)."),
    ("srv", Some("no"), "Also write `_redis._tcp.<name>` SRV with the port of the master."),
    ("replicas", Some("no"), "Also write the addresses of the replicas to `replicas.<name>`."),
    ("adopt", Some("no"), "Take over addresses that stand at the name without having been written by bongsu."),
    ("authorities", Some(""), "Name servers to verify, IP[:port]; those that the zone names if empty."),
    ("authority-port", Some("53"), "Port of the name servers that the zone names."),
    ("resolvers", Some(""), "Resolvers that clients use, IP[:port], to verify."),
    ("timeout-ms", Some("2000"), "How long one exchange with one server may take."),
];

impl Settings {
    /// Settings from the keys of [`KEYS`]. Reads the key file, if one is named.
    ///
    /// # Errors
    /// A key is missing or unknown, its value is wrong, the name is outside the zone, or the key file cannot be read.
    pub fn from_keys(values: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let values = Values(values);
        values.check_known()?;
        let settings = Self {
            servers: values.parse("server")?,
            zone: values.parse("zone")?,
            name: values.parse("name")?,
            ttl: values.parse("ttl-s")?,
            key: values.key()?,
            transport: values.one_of("transport", &[("tcp", Transport::Tcp), ("udp", Transport::Udp)])?,
            service: values.flag("srv")?,
            replicas: values.flag("replicas")?,
            adopt: values.flag("adopt")?,
            authorities: match values.given("authorities")? {
                None => Authorities::OfZone { port: values.parse("authority-port")? },
                Some(_) => Authorities::Listed(values.parse("authorities")?),
            },
            resolvers: values.given("resolvers")?.map(|_| values.parse("resolvers")).transpose()?,
            limit: Duration::from_millis(values.parse("timeout-ms")?),
        };
        settings.name.check_inside(&settings.zone).map_err(|error| wrong("name", error))?;
        if !(10..=60_000).contains(&settings.limit.as_millis()) {
            return Err(wrong("timeout-ms", "it is not between 10 and 60000"));
        }
        Ok(settings)
    }
}

fn wrong(key: &'static str, reason: impl ToString) -> SettingsError {
    SettingsError { key, reason: reason.to_string() }
}

struct Values<'a>(&'a BTreeMap<String, String>);

impl Values<'_> {
    fn check_known(&self) -> Result<(), SettingsError> {
        match self.0.keys().find(|given| !KEYS.iter().any(|(known, ..)| known == given)) {
            None => Ok(()),
            Some(unknown) => Err(wrong("dns", format!("there is no key {unknown:?}"))),
        }
    }

    /// The value or its default; `None` if both are empty.
    fn given(&self, key: &'static str) -> Result<Option<&str>, SettingsError> {
        let default = KEYS.iter().find(|(known, ..)| *known == key).and_then(|(_, default, _)| *default);
        match self.0.get(key).map(String::as_str).or(default) {
            None => Err(wrong(key, "it is missing")),
            Some(value) => Ok((!value.is_empty()).then_some(value)),
        }
    }

    fn parse<T: FromStr<Err: ToString>>(&self, key: &'static str) -> Result<T, SettingsError> {
        let value = self.given(key)?.ok_or_else(|| wrong(key, "it is empty"))?;
        value.parse().map_err(|error: T::Err| wrong(key, error))
    }

    fn one_of<T: Copy>(&self, key: &'static str, choices: &[(&str, T)]) -> Result<T, SettingsError> {
        let value = self.given(key)?.unwrap_or_default();
        let found = choices.iter().find(|(name, _)| *name == value);
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            wrong(key, format!("{value:?} is none of {}", names.join(", ")))
        })
    }

    fn flag(&self, key: &'static str) -> Result<bool, SettingsError> {
        self.one_of(key, &[("yes", true), ("no", false), ("true", true), ("false", false)])
    }

    fn key(&self) -> Result<Key, SettingsError> {
        let Some(path) = self.given("key-file")? else {
            let algorithm: Algorithm = self.parse("key-algorithm")?;
            let name = self.given("key-name")?.ok_or_else(|| wrong("key-file", "neither it nor key-name is given"))?;
            let secret = self.given("key-secret")?.ok_or_else(|| wrong("key-secret", "it is missing"))?;
            return Key::new(name, algorithm, secret).map_err(|error| wrong("key-secret", error));
        };
        if self.given("key-name")?.is_some() || self.given("key-secret")?.is_some() {
            return Err(wrong("key-file", "the key is given a second time, by its parts"));
        }
        let unreadable = |error: std::io::Error| wrong("key-file", format!("{path}: {error}"));
        if fs::metadata(path).map_err(unreadable)?.len() > KEY_FILE_MAX as u64 {
            return Err(wrong("key-file", format!("{path} is longer than a key")));
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        Key::from_bind_file(&text).map_err(|error| wrong("key-file", format!("{path}: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(more: &[(&str, &str)]) -> BTreeMap<String, String> {
        let basic = [
            ("server", "10.0.0.53, [fd00::53]:5353"),
            ("zone", "example.org"),
            ("name", "{group}.redis.example.org"),
            ("key-name", "bongsu"),
            ("key-secret", "c2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXMgbG9uZyE="),
        ];
        basic.iter().chain(more).map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn defaults() {
        let settings = Settings::from_keys(&keys(&[])).unwrap();
        let servers: Vec<String> = settings.servers.addresses().iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.0.0.53:53", "[fd00::53]:5353"]);
        assert_eq!(settings.ttl.secs(), 5);
        assert_eq!(settings.transport, Transport::Tcp);
        assert_eq!((settings.service, settings.replicas, settings.adopt), (false, false, false));
        assert_eq!(settings.authorities, Authorities::OfZone { port: 53 });
        assert!(!format!("{settings:?}").contains("c2VjcmV0"));
    }

    #[test]
    fn every_key_is_documented() {
        let page = include_str!("../../../../docs/publishing.md");
        for (key, default, help) in KEYS {
            let default = match default {
                None => "required".to_owned(),
                Some("") => String::new(),
                Some(default) => format!("`{default}`"),
            };
            let row = format!("| `{key}` | {default} | {help} |");
            assert!(page.contains(&row), "docs/publishing.md lacks the line\n{row}");
        }
    }

    #[test]
    fn wrong_values_name_their_key() {
        for (key, value) in [
            ("server", ""),
            ("server", "ns1.example.org"),
            ("zone", "a b"),
            ("name", "{group}.example.com"),
            ("ttl-s", "86401"),
            ("ttl-s", "-1"),
            ("key-algorithm", "hmac-md5"),
            ("key-secret", "?"),
            ("key-file", "/nowhere"),
            ("transport", "carrier-pigeon"),
            ("srv", "maybe"),
            ("authority-port", "70000"),
            ("resolvers", "x"),
            ("timeout-ms", "0"),
        ] {
            let error = Settings::from_keys(&keys(&[(key, value)])).unwrap_err();
            assert_eq!(error.key, key, "{error}");
        }
        assert_eq!(
            Settings::from_keys(&keys(&[("colour", "red")])).unwrap_err().to_string(),
            "dns: there is no key \"colour\""
        );
    }
}
