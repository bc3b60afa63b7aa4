//! Certificates for the tests: an authority, a server on loopback, a client.

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};

/// Files in a directory of their own.
pub(crate) struct Certs {
    dir: tempfile::TempDir,
}

impl Certs {
    /// The server's certificate is for `127.0.0.1`; all of them may be presented by clients too.
    pub(crate) fn new() -> Self {
        let me = Self { dir: tempfile::tempdir().unwrap() };
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(me.path("ca.pem"), authority.pem()).unwrap();
        for (name, address) in [("server", "127.0.0.1"), ("client", "client.example")] {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(vec![address.to_owned()]).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
            let cert = params.signed_by(&key, &authority).unwrap();
            fs::write(me.path(&format!("{name}.pem")), cert.pem()).unwrap();
            fs::write(me.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
        }
        me
    }

    /// `ca.pem`, `server.pem`, `server.key`, `client.pem` or `client.key`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}
