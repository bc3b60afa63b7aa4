//! The settings of stores of keys: etcd, Consul, ZooKeeper.

use std::path::PathBuf;

use bongsu_publish::{
    ConsulName, ConsulSettings, Endpoint, Endpoints, EtcdSettings, EtcdUser, Layout, Patience, Prefix, Secret, TlsFiles,
};

use super::super::super::secret::Secret as Hidden;
use super::super::super::settings::Settings;
use super::super::{Entry, Fault};
use super::milliseconds;

/// Port of etcd's clients.
const ETCD_PORT: u16 = 2379;
/// Port of the HTTP API of Consul.
const CONSUL_PORT: u16 = 8500;

pub(super) fn etcd(settings: &Settings, entry: &Entry) -> Result<EtcdSettings, Fault> {
    let password = secret(entry, "password")?;
    let name: Option<String> = entry.one("user")?;
    let user = match (name, password) {
        (Some(name), Some(password)) => Some(EtcdUser { name, password }),
        (None, None) => None,
        (Some(_), None) => return Err(Fault::at("user", 0, "needs a password")),
        (None, Some(_)) => return Err(Fault::at("password", 0, "needs a user")),
    };
    let endpoints = urls(entry, ETCD_PORT)?;
    let tls = tls(settings, entry, &endpoints)?;
    Ok(EtcdSettings { endpoints, tls, user, layout: layout(entry)?, patience: patience(entry)? })
}

pub(super) fn consul(settings: &Settings, entry: &Entry) -> Result<ConsulSettings, Fault> {
    let name = |key: &'static str| -> Result<Option<ConsulName>, Fault> {
        let text: Option<String> = entry.one(key)?;
        let name = text.map(|text| ConsulName::parse(&text)).transpose();
        name.map_err(|error| Fault::at(key, 0, error.to_string()))
    };
    let endpoints = urls(entry, CONSUL_PORT)?;
    Ok(ConsulSettings {
        tls: tls(settings, entry, &endpoints)?,
        endpoints,
        token: secret(entry, "token")?,
        datacenter: name("datacenter")?,
        namespace: name("namespace")?,
        partition: name("partition")?,
        layout: layout(entry)?,
        patience: patience(entry)?,
    })
}

fn urls(entry: &Entry, default_port: u16) -> Result<Endpoints, Fault> {
    let texts: Vec<String> = entry.many("endpoints")?;
    let endpoint = |(item, text): (usize, &String)| {
        Endpoint::from_url(text, default_port).map_err(|error| Fault::at("endpoints", item, error.to_string()))
    };
    let list = texts.iter().enumerate().map(endpoint).collect::<Result<_, _>>()?;
    Endpoints::new(list).map_err(|error| Fault::at("endpoints", 0, error.to_string()))
}

fn layout(entry: &Entry) -> Result<Layout, Fault> {
    let prefix: String = entry.one("prefix")?;
    let prefix = Prefix::parse(&prefix).map_err(|error| Fault::at("prefix", 0, error.to_string()))?;
    Ok(Layout { prefix, breakdown: entry.one("break-down")? })
}

fn patience(entry: &Entry) -> Result<Patience, Fault> {
    let request = milliseconds(entry, "timeout-milliseconds")?;
    // Whoever only shortens the whole does not mean that it cannot be used.
    let connect = match entry.has("connect-timeout-milliseconds") {
        true => milliseconds(entry, "connect-timeout-milliseconds")?,
        false => milliseconds(entry, "connect-timeout-milliseconds")?.min(request),
    };
    Patience::new(connect, request).map_err(|error| Fault::at("connect-timeout-milliseconds", 0, error.to_string()))
}

/// The files of TLS, where an endpoint speaks it.
fn tls(settings: &Settings, entry: &Entry, endpoints: &Endpoints) -> Result<Option<TlsFiles>, Fault> {
    let file = |key: &'static str| -> Result<Option<PathBuf>, Fault> {
        let path: Option<PathBuf> = entry.one(key)?;
        Ok(path.map(|path| settings.path(&path)))
    };
    let files = TlsFiles {
        ca_file: file("tls-ca-cert-file")?,
        ca_dir: file("tls-ca-cert-dir")?,
        cert: file("tls-cert-file")?,
        key: file("tls-key-file")?,
        server_name: entry.one("tls-server-name")?,
    };
    if files == TlsFiles::default() {
        return match endpoints.as_slice().iter().find(|endpoint| endpoint.is_tls()) {
            Some(endpoint) => {
                let reason =
                    format!("{endpoint} speaks TLS, but neither tls-ca-cert-file nor tls-ca-cert-dir is given");
                Err(Fault::at("endpoints", 0, reason))
            }
            None => Ok(None),
        };
    }
    Ok(Some(files))
}

fn secret(entry: &Entry, key: &'static str) -> Result<Option<Secret>, Fault> {
    let secret: Option<Hidden> = entry.one(key)?;
    let Some(secret) = secret else { return Ok(None) };
    let text = String::from_utf8(secret.expose().to_vec());
    text.map(|text| Some(Secret::new(text))).map_err(|_| Fault::at(key, 0, "is no text"))
}
