//! Directives of TLS, in the form in which it wants them.

use bongsu_process::tls::{ClientCertificates, ClientFiles, ServerFiles};

use super::value::Value;
use super::{Config, Directive};

impl Config {
    /// What the server side of TLS is made of.
    pub(crate) fn tls_files(&self) -> ServerFiles {
        ServerFiles {
            cert: self.path(Directive::TlsCertFile),
            key: self.path(Directive::TlsKeyFile),
            has_key_pass: !self.text(Directive::TlsKeyFilePass).is_empty(),
            ca_file: self.path(Directive::TlsCaCertFile),
            ca_dir: self.path(Directive::TlsCaCertDir),
            protocols: self.words(Directive::TlsProtocols),
            clients: match self.value(Directive::TlsAuthClients) {
                Value::Choice(0) => ClientCertificates::Ignored,
                Value::Choice(2) => ClientCertificates::Optional,
                _ => ClientCertificates::Required,
            },
        }
    }

    /// What the client side of TLS is made of.
    pub(crate) fn tls_client_files(&self) -> ClientFiles {
        ClientFiles {
            cert: self.path(Directive::TlsClientCertFile).or_else(|| self.path(Directive::TlsCertFile)),
            key: self.path(Directive::TlsClientKeyFile).or_else(|| self.path(Directive::TlsKeyFile)),
            has_key_pass: !self.text(Directive::TlsClientKeyFilePass).is_empty(),
            ca_file: self.path(Directive::TlsCaCertFile),
            ca_dir: self.path(Directive::TlsCaCertDir),
            protocols: self.words(Directive::TlsProtocols),
        }
    }
}
