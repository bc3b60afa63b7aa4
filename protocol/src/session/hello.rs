//! `HELLO`: protocol version, authentication and name in one request.

use super::Session;
use super::state::is_printable;
use crate::acl::{Acl, Dialect};
use crate::resp::{Protocol, Writer, parse_integer};

const BAD_NAME: &str = "ERR Client names cannot contain spaces, newlines or special characters.";

/// What a server says of itself in `HELLO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerIdentity<'a> {
    /// `redis` or `valkey`.
    pub server: &'a str,
    /// Version of that server whose behaviour is offered.
    pub version: &'a str,
    /// `standalone`, `sentinel` or `cluster`.
    pub mode: &'a str,
    /// `master` or `replica`; a sentinel has none.
    pub role: Option<&'a str>,
}

/// The options of a request, read before anything is changed.
struct Options<'a> {
    protocol: Option<Protocol>,
    credentials: Option<(&'a [u8], &'a [u8])>,
    name: Option<&'a [u8]>,
}

/// Answers `HELLO [protover [AUTH user password] [SETNAME name]]`. The reply is already in the new protocol version,
/// which is why this handler takes the buffer and not a writer. `now_ms` is in milliseconds since 1970.
pub fn handle_hello(
    session: &mut Session,
    acl: &mut Acl,
    identity: ServerIdentity<'_>,
    argv: &[&[u8]],
    now_ms: u64,
    out: &mut Vec<u8>,
) {
    match negotiate(session, acl, argv, now_ms) {
        Ok(()) => write_identity(session, identity, &mut Writer::new(out, session.protocol)),
        Err(error) => Writer::new(out, session.protocol).error(error),
    }
}

fn negotiate(session: &mut Session, acl: &mut Acl, argv: &[&[u8]], now_ms: u64) -> Result<(), String> {
    let options = parse(argv)?;
    if let Some((name, password)) = options.credentials {
        session.authenticate(acl, name, password, b"HELLO", now_ms).map_err(|error| error.to_string())?;
    }
    if !session.is_authenticated(acl) {
        let proto = if acl.dialect() == Dialect::Redis72 { "<proto> " } else { "" };
        return Err(format!(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO {proto}AUTH <user> \
             <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
        ));
    }
    if let Some(name) = options.name {
        session.name = name.to_vec();
    }
    if let Some(protocol) = options.protocol {
        session.protocol = protocol;
    }
    Ok(())
}

fn parse<'a>(argv: &[&'a [u8]]) -> Result<Options<'a>, String> {
    let mut options = Options { protocol: None, credentials: None, name: None };
    let Some(version) = argv.get(1) else { return Ok(options) };
    options.protocol = Some(match parse_integer(version) {
        Some(2) => Protocol::Resp2,
        Some(3) => Protocol::Resp3,
        Some(_) => return Err("NOPROTO unsupported protocol version".to_owned()),
        None => return Err("ERR Protocol version is not an integer or out of range".to_owned()),
    });
    let mut rest = argv.get(2..).unwrap_or_default();
    while let [option, values @ ..] = rest {
        rest = match (option.to_ascii_lowercase().as_slice(), values) {
            (b"auth", [name, password, rest @ ..]) => {
                options.credentials = Some((name, password));
                rest
            }
            (b"setname", [name, ..]) if !is_printable(name) => return Err(BAD_NAME.to_owned()),
            (b"setname", [name, rest @ ..]) => {
                options.name = Some(name);
                rest
            }
            _ => return Err(format!("ERR Syntax error in HELLO option '{}'", String::from_utf8_lossy(option))),
        };
    }
    Ok(options)
}

fn write_identity(session: &Session, identity: ServerIdentity<'_>, out: &mut Writer<'_>) {
    out.map(if identity.role.is_some() { 7 } else { 6 });
    out.bulk("server");
    out.bulk(identity.server);
    out.bulk("version");
    out.bulk(identity.version);
    out.bulk("proto");
    out.integer(session.protocol.number().into());
    out.bulk("id");
    out.integer(session.id.as_integer());
    out.bulk("mode");
    out.bulk(identity.mode);
    if let Some(role) = identity.role {
        out.bulk("role");
        out.bulk(role);
    }
    out.bulk("modules");
    out.array(0);
}
