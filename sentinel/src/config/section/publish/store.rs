//! The settings of stores of keys: etcd, Consul, ZooKeeper.

use std::path::PathBuf;

use bongsu_publish::{
    ConsulName, ConsulSettings, Endpoint, Endpoints, EtcdSettings, EtcdUser, Layout, Patience, Prefix, Secret,
    SettingsError, TlsFiles, ZooKeeperAcl, ZooKeeperSettings, ZooKeeperUser,
};

use super::super::super::secret::Secret as Hidden;
use super::super::super::settings::Settings;
use super::super::{Entry, Fault};
use super::milliseconds;

/// Port of etcd's clients.
const ETCD_PORT: u16 = 2379;
/// Port of the HTTP API of Consul.
const CONSUL_PORT: u16 = 8500;
/// Port of ZooKeeper's clients.
const ZOOKEEPER_PORT: u16 = 2181;

pub(super) fn etcd(settings: &Settings, entry: &Entry) -> Result<EtcdSettings, Fault> {
    let user = login(entry)?.map(|(name, password)| EtcdUser { name, password });
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

pub(super) fn zookeeper(settings: &Settings, entry: &Entry) -> Result<ZooKeeperSettings, Fault> {
    let is_tls = entry.one("tls")?;
    let texts: Vec<String> = entry.many("endpoints")?;
    let endpoint = |text: &String| Endpoint::from_host(text, ZOOKEEPER_PORT, is_tls);
    let endpoints = collect(texts.iter().map(endpoint))?;
    let chroot: Option<String> = entry.one("chroot")?;
    let chroot = chroot.map(|text| Prefix::parse(&text)).transpose();
    let acl: String = entry.one("acl")?;
    let acl = match acl.as_str() {
        "owner-writes" => ZooKeeperAcl::OwnerWrites,
        "owner-only" => ZooKeeperAcl::OwnerOnly,
        _ => ZooKeeperAcl::Open,
    };
    let user = login(entry)?.map(|(name, password)| ZooKeeperUser { name, password });
    if user.is_none() && acl != ZooKeeperAcl::Open {
        return Err(Fault::at("acl", 0, "needs a user and a password"));
    }
    Ok(ZooKeeperSettings {
        tls: tls(settings, entry, &endpoints)?,
        endpoints,
        user,
        chroot: chroot.map_err(|error| Fault::at("chroot", 0, error.to_string()))?,
        acl,
        layout: layout(entry)?,
        patience: patience(entry)?,
    })
}

/// User and password, both or none.
fn login(entry: &Entry) -> Result<Option<(String, Secret)>, Fault> {
    let name: Option<String> = entry.one("user")?;
    match (name, secret(entry, "password")?) {
        (Some(name), Some(password)) => Ok(Some((name, password))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Fault::at("user", 0, "needs a password")),
        (None, Some(_)) => Err(Fault::at("password", 0, "needs a user")),
    }
}

fn collect(endpoints: impl Iterator<Item = Result<Endpoint, SettingsError>>) -> Result<Endpoints, Fault> {
    let at = |(item, endpoint): (usize, Result<Endpoint, SettingsError>)| {
        endpoint.map_err(|error| Fault::at("endpoints", item, error.to_string()))
    };
    let list = endpoints.enumerate().map(at).collect::<Result<_, _>>()?;
    Endpoints::new(list).map_err(|error| Fault::at("endpoints", 0, error.to_string()))
}

fn urls(entry: &Entry, default_port: u16) -> Result<Endpoints, Fault> {
    let texts: Vec<String> = entry.many("endpoints")?;
    collect(texts.iter().map(|text| Endpoint::from_url(text, default_port)))
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
