//! Texts of which not all is allowed.

use super::value_error::ValueError;

/// Longest name of a host, with its end.
const HOST_BYTES: usize = 256;

/// Variables of `proc-title-template`, and whether they always stand for something.
const TITLE_VARIABLES: [(&[u8], bool); 7] = [
    (b"title", false),
    (b"listen-addr", true),
    (b"server-mode", false),
    (b"port", true),
    (b"tls-port", true),
    (b"unixsocket", false),
    (b"config-file", false),
];

pub(super) fn host_name(text: &[u8]) -> Result<(), ValueError> {
    if text.len() >= HOST_BYTES {
        return Err(ValueError::HostLength(HOST_BYTES));
    }
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if text.iter().all(is_allowed) { Ok(()) } else { Err(ValueError::HostCharacter) }
}

pub(super) fn node_name(text: &[u8]) -> Result<(), ValueError> {
    let is_allowed = |byte: &u8| !b"!#$%&()*+:;<>?@[]{|}~".contains(byte);
    if text.iter().all(is_allowed) { Ok(()) } else { Err(ValueError::NodeName) }
}

/// Strings are compared byte by byte, which these names stand for.
pub(super) fn collation(text: &[u8]) -> Result<(), ValueError> {
    let is_bytewise = matches!(text, b"" | b"C" | b"POSIX" | b"C.UTF-8" | b"C.utf8");
    if is_bytewise { Ok(()) } else { Err(ValueError::Locale) }
}

pub(super) fn rdb_file(text: &[u8]) -> Result<(), ValueError> {
    base_name(text, "dbfilename", "filename")
}

pub(super) fn aof_file(text: &[u8]) -> Result<(), ValueError> {
    not_empty(text, "appendfilename")?;
    base_name(text, "appendfilename", "filename")
}

pub(super) fn aof_directory(text: &[u8]) -> Result<(), ValueError> {
    not_empty(text, "appenddirname")?;
    base_name(text, "appenddirname", "dirname")
}

pub(super) fn state_file(text: &[u8]) -> Result<(), ValueError> {
    base_name(text, "node-state-file", "filename")
}

/// Hosts with ports, as [`host_and_port`] takes them apart.
pub(super) fn hosts(text: &[u8]) -> Result<(), ValueError> {
    let text = std::str::from_utf8(text).map_err(|_| ValueError::Hosts)?;
    let mut hosts = text.split([' ', ',']).filter(|host| !host.is_empty());
    if hosts.all(|host| host_and_port(host).is_some()) { Ok(()) } else { Err(ValueError::Hosts) }
}

/// Both of `HOST:PORT`, where the host may be an address of IPv6 in brackets.
pub(crate) fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = bracketed.or_else(|| (!host.contains(':')).then_some(host))?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty()).then_some((host, port))
}

pub(super) fn title_template(text: &[u8]) -> Result<(), ValueError> {
    let (mut rest, mut says_something) = (text, false);
    let is_more_than_blank = |text: &[u8]| !text.trim_ascii().is_empty();
    while let Some(open) = rest.iter().position(|byte| *byte == b'{') {
        let inside = &rest[open + 1..];
        let close = inside.iter().position(|byte| *byte == b'}').ok_or(ValueError::Template)?;
        let variable = TITLE_VARIABLES.iter().find(|(name, _)| *name == &inside[..close]);
        says_something |= variable.ok_or(ValueError::Template)?.1 || is_more_than_blank(&rest[..open]);
        rest = &inside[close + 1..];
    }
    if says_something || is_more_than_blank(rest) { Ok(()) } else { Err(ValueError::Template) }
}

fn base_name(text: &[u8], directive: &'static str, what: &'static str) -> Result<(), ValueError> {
    if text.iter().any(|byte| matches!(byte, b'/' | b'\\')) {
        return Err(ValueError::Path(directive, what));
    }
    Ok(())
}

fn not_empty(text: &[u8], directive: &'static str) -> Result<(), ValueError> {
    if text.is_empty() { Err(ValueError::Empty(directive)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_checked() {
        assert_eq!(title_template(b"{title} {listen-addr} x"), Ok(()));
        assert_eq!(title_template(b"{title"), Err(ValueError::Template));
        assert_eq!(title_template(b"{title} "), Err(ValueError::Template));
        assert_eq!(title_template(b"{who}"), Err(ValueError::Template));
        assert_eq!(collation(b"de_DE"), Err(ValueError::Locale));
        assert_eq!(rdb_file(b"a/b"), Err(ValueError::Path("dbfilename", "filename")));
        assert_eq!(aof_file(b""), Err(ValueError::Empty("appendfilename")));
        assert_eq!(host_name(b"a-b.example"), Ok(()));
        assert_eq!(host_name(b"a_b"), Err(ValueError::HostCharacter));
        assert!(host_name(&[b'a'; 300]).is_err());
    }

    #[test]
    fn hosts_have_ports() {
        assert_eq!(host_and_port("db1.example:26379"), Some(("db1.example", 26379)));
        assert_eq!(host_and_port("[2001:db8::1]:1"), Some(("2001:db8::1", 1)));
        for text in ["", "a", ":1", "a:", "a:b", "a:0", "a:65536", "2001:db8::1", "[::1]", "[]:1", "[::1:1"] {
            assert_eq!(host_and_port(text), None, "{text}");
        }
        assert!(hosts(b"").is_ok() && hosts(b"a:1,b:2, [::1]:3").is_ok());
        assert!(hosts(b"a:1,b").is_err() && hosts(b"\xff:1").is_err());
    }
}
