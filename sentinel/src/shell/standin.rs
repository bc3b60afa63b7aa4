//! The configuration's types by signature.
#![allow(missing_docs, clippy::all)]
use bongsu_sentinel_core::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
#[derive(Clone, Default)]
pub struct Settings {
    pub server: ServerSettings,
    pub announce_ip: Option<String>,
    pub announce_port: u16,
    pub sentinel_user: Option<String>,
    pub sentinel_pass: Option<Secret>,
    pub masters: BTreeMap<GroupName, MasterSettings>,
}
#[derive(Clone, Default)]
pub struct MasterSettings {
    pub auth_user: Option<String>,
    pub auth_pass: Option<Secret>,
    pub notification_script: Option<PathBuf>,
    pub client_reconfig_script: Option<PathBuf>,
    pub renames: Renames,
}
#[derive(Clone, Default)]
pub struct ServerSettings {
    pub port: u16,
    pub bind_source_addr: Option<String>,
    pub tls_port: u16,
    pub tls_cert_file: Option<PathBuf>,
    pub tls_key_file: Option<PathBuf>,
    pub tls_client_cert_file: Option<PathBuf>,
    pub tls_client_key_file: Option<PathBuf>,
    pub tls_ca_cert_file: Option<PathBuf>,
    pub tls_ca_cert_dir: Option<PathBuf>,
    pub tls_replication: bool,
}
#[derive(Clone, Default)]
pub struct Renames(Vec<(String, String)>);
impl Renames {
    pub fn get(&self, command: &str) -> Option<&str> {
        self.0.iter().find(|(old, _)| old.eq_ignore_ascii_case(command)).map(|(_, new)| new.as_str())
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
#[derive(Clone)]
pub struct Secret(Box<[u8]>);
impl Secret {
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}
impl Settings {
    pub fn master(&self, name: &str) -> Option<&MasterSettings> {
        self.masters.get(name)
    }
    pub fn peer_credentials(&self) -> Option<(Option<&str>, &Secret)> {
        self.sentinel_pass.as_ref().map(|pass| (self.sentinel_user.as_deref(), pass))
    }
}
pub struct Store;
impl Store {
    pub fn save(&mut self, _: &Settings, _: &Durable) -> Result<(), std::io::Error> {
        Ok(())
    }
}
