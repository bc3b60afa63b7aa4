//! A private authority, and the certificates that it signs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, Error, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

use super::plan::{HOSTS, Host, Plan};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Certificates begin this much before they are made, for hosts whose clocks are behind.
const CLOCK_SKEW: Duration = DAY;

/// A certificate and its key, PEM.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

pub(super) struct Certificates {
    pub(super) authority: Pair,
    /// One per host: data server and sentinel are servers and clients of each other.
    pub(super) hosts: [Pair; HOSTS],
    /// For applications.
    pub(super) application: Pair,
    /// For the operator's commands.
    pub(super) operator: Pair,
}

impl Certificates {
    pub(super) fn make(plan: &Plan) -> Result<Self, Error> {
        let days = u32::from(plan.days);
        let key = KeyPair::generate()?;
        let mut params = named("bongsu authority", days);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?.pem();
        let authority = Pair { certificate, key: key.serialize_pem() };
        let issuer = Issuer::new(params, key);
        let [a, b, c] = &plan.hosts;
        let node = |number: usize, host: &Host| {
            let mut params = named(&format!("bongsu node {number}"), days);
            params.subject_alt_names = names(host)?;
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            signed(params, &issuer)
        };
        let client = |name: &str| {
            let mut params = named(name, days);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            signed(params, &issuer)
        };
        Ok(Self {
            hosts: [node(1, a)?, node(2, b)?, node(3, c)?],
            application: client("bongsu application")?,
            operator: client("bongsu operator")?,
            authority,
        })
    }
}

fn named(name: &str, days: u32) -> CertificateParams {
    let now = SystemTime::now();
    let mut params = CertificateParams::default();
    params.not_before = (now - CLOCK_SKEW).into();
    params.not_after = (now + DAY * days).into();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn signed(mut params: CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Result<Pair, Error> {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    Ok(Pair { certificate: params.signed_by(&key, issuer)?.pem(), key: key.serialize_pem() })
}

/// The host as others and as its own clients name it.
fn names(host: &Host) -> Result<Vec<SanType>, Error> {
    let first = match host {
        Host::Address(address) => SanType::IpAddress(*address),
        Host::Name(name) => SanType::DnsName(name.as_str().try_into()?),
    };
    Ok(vec![
        first,
        SanType::DnsName("localhost".try_into()?),
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ])
}
