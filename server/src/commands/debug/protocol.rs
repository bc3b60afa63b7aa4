//! Replies of all types.

use bongsu_protocol::resp::{Protocol, Writer};

const UNKNOWN: &str = "ERR Wrong protocol type name. Please use one of the following: \
                       string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false";

/// Written so that it is not taken for a constant of nature.
const DOUBLE: f64 = 3141.0 / 1000.0;

/// Answers with a reply of the type with this name. Clients are tested with these values.
pub(super) fn write(kind: &[u8], reply: &mut Writer<'_>) {
    match kind.to_ascii_lowercase().as_slice() {
        b"string" => reply.bulk("Hello World"),
        b"integer" => reply.integer(12345),
        b"double" => reply.double(DOUBLE),
        b"bignum" => reply.big_number("1234567999999999999999999999999999999"),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|n| reply.integer(n));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|n| reply.integer(n));
        }
        b"map" => {
            reply.map(3);
            for n in 0..3 {
                reply.integer(n);
                reply.boolean(n == 1);
            }
        }
        b"attrib" => attribute(reply),
        b"push" if reply.protocol() == Protocol::Resp2 => reply.error("ERR RESP2 is not supported by this command"),
        b"push" => {
            reply.push(2);
            reply.bulk("server-cpu-usage");
            reply.integer(42);
            // A message is no reply.
            reply.bulk("Some real reply following the push reply");
        }
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        b"verbatim" => reply.verbatim(*b"txt", "This is a verbatim\nstring"),
        _ => reply.error(UNKNOWN),
    }
}

/// A reply with something said about it, which no other command does.
fn attribute(reply: &mut Writer<'_>) {
    if reply.protocol() == Protocol::Resp3 {
        reply.raw(b"|1\r\n");
        reply.bulk("key-popularity");
        reply.array(2);
        reply.bulk("key:123");
        reply.integer(90);
    }
    reply.bulk("Some real reply following the attribute");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_well_formed() {
        for kind in ["string", "double", "null", "set", "map", "attrib", "verbatim", "true", "nonsense"] {
            for protocol in [Protocol::Resp2, Protocol::Resp3] {
                let mut out = Vec::new();
                write(kind.as_bytes(), &mut Writer::new(&mut out, protocol));
                assert!(out.ends_with(b"\r\n"), "{kind}");
            }
        }
        let mut out = Vec::new();
        write(b"attrib", &mut Writer::new(&mut out, Protocol::Resp3));
        assert!(out.starts_with(b"|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$"));
    }
}
