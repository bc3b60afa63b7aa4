//! The settings of DNS.

use std::path::PathBuf;
use std::str::FromStr;

use bongsu_publish::dns::{
    self, Algorithm, Authorities, Key, KeyError, NameTemplate, Naming, Servers, ServersError, Transport, Ttl, Zone,
};

use super::super::super::secret::Secret;
use super::super::super::settings::Settings;
use super::super::{Entry, Fault};
use super::milliseconds;

pub(super) fn settings(settings: &Settings, entry: &Entry) -> Result<dns::Settings, Fault> {
    let zone: Zone = parsed(entry, "zone")?;
    let template: NameTemplate = parsed(entry, "record")?;
    let authorities = match servers(entry, "authorities")? {
        Some(listed) => Authorities::Listed(listed),
        None => Authorities::OfZone { port: entry.one("authority-port")? },
    };
    let ttl = Ttl::from_secs(entry.one("ttl-seconds")?);
    Ok(dns::Settings {
        servers: servers(entry, "servers")?.ok_or_else(|| Fault::at("servers", 0, "is empty"))?,
        naming: Naming::new(zone, template).map_err(|error| Fault::at("record", 0, error.to_string()))?,
        ttl: ttl.ok_or_else(|| Fault::at("ttl-seconds", 0, format!("is above {}", Ttl::MAX_SECS)))?,
        key: key(settings, entry)?,
        transport: match entry.one::<String>("transport")?.as_str() {
            "udp" => Transport::Udp,
            _ => Transport::Tcp,
        },
        service: entry.one("srv")?,
        replicas: entry.one("replica-addresses")?,
        adopt: entry.one("adopt")?,
        authorities,
        resolvers: servers(entry, "resolvers")?,
        limit: milliseconds(entry, "timeout-milliseconds")?,
    })
}

fn parsed<T: FromStr<Err: ToString>>(entry: &Entry, key: &'static str) -> Result<T, Fault> {
    let text: String = entry.one(key)?;
    text.parse().map_err(|error: T::Err| Fault::at(key, 0, error.to_string()))
}

fn servers(entry: &Entry, key: &'static str) -> Result<Option<Servers>, Fault> {
    if !entry.has(key) {
        return Ok(None);
    }
    let words: Vec<String> = entry.many(key)?;
    let fault = |error: ServersError| match error {
        ServersError::Address { item, .. } => Fault::at(key, item, error.to_string()),
        ServersError::Number { .. } => Fault::at(key, 0, error.to_string()),
    };
    Servers::parse(&words).map(Some).map_err(fault)
}

/// The key, from its file or from its parts.
fn key(settings: &Settings, entry: &Entry) -> Result<Key, Fault> {
    let name: Option<String> = entry.one("tsig-key-name")?;
    let secret: Option<Secret> = entry.one("tsig-secret")?;
    if let Some(path) = entry.one::<Option<PathBuf>>("tsig-key-file")? {
        if name.is_some() || secret.is_some() {
            return Err(Fault::at("tsig-key-file", 0, "the key is given a second time, by its parts"));
        }
        return Key::load(&settings.path(&path)).map_err(|error| Fault::at("tsig-key-file", 0, error.to_string()));
    }
    let name = name.ok_or_else(|| Fault::whole("missing key 'tsig-key-file', or 'tsig-key-name' and 'tsig-secret'"))?;
    let secret = secret.ok_or_else(|| Fault::at("tsig-key-name", 0, "needs a tsig-secret"))?;
    let algorithm: Algorithm = parsed(entry, "tsig-algorithm")?;
    let made = Key::new(&name, algorithm, &String::from_utf8_lossy(secret.expose()));
    made.map_err(|error| {
        let key = if matches!(error, KeyError::Name(_)) { "tsig-key-name" } else { "tsig-secret" };
        Fault::at(key, 0, error.to_string())
    })
}
