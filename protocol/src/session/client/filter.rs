//! The filters of `CLIENT KILL`.

use super::list::parse_type;
use super::{ClientRequest, SYNTAX_ERROR};
use crate::resp::parse_integer;
use crate::session::{ClientId, ClientType, Session};

/// Conditions a connection must all fulfil.
pub(super) struct Filter<'a> {
    id: Option<ClientId>,
    addr: Option<&'a [u8]>,
    laddr: Option<&'a [u8]>,
    client_type: Option<ClientType>,
    user: Option<&'a [u8]>,
    age_min_seconds: Option<u64>,
    skip_me: bool,
}

impl<'a> Filter<'a> {
    pub(super) fn parse(arguments: &[&'a [u8]], request: &ClientRequest<'_>) -> Result<Self, String> {
        let mut filter = Self {
            id: None,
            addr: None,
            laddr: None,
            client_type: None,
            user: None,
            age_min_seconds: None,
            skip_me: true,
        };
        for pair in arguments.chunks(2) {
            let &[option, value] = pair else { return Err(SYNTAX_ERROR.to_owned()) };
            filter.set(option, value, request)?;
        }
        Ok(filter)
    }

    fn set(&mut self, option: &[u8], value: &'a [u8], request: &ClientRequest<'_>) -> Result<(), String> {
        match option.to_ascii_lowercase().as_slice() {
            b"id" => self.id = Some(parse_integer(value).and_then(ClientId::from_integer).ok_or(BAD_ID)?),
            b"addr" => self.addr = Some(value),
            b"laddr" => self.laddr = Some(value),
            b"type" => self.client_type = Some(parse_type(value)?),
            b"maxage" => self.age_min_seconds = Some(parse_age(value)?),
            b"user" if request.acl.user(value).is_none() => {
                return Err(format!("ERR No such user '{}'", String::from_utf8_lossy(value)));
            }
            b"user" => self.user = Some(value),
            b"skipme" if value.eq_ignore_ascii_case(b"yes") => self.skip_me = true,
            b"skipme" if value.eq_ignore_ascii_case(b"no") => self.skip_me = false,
            _ => return Err(SYNTAX_ERROR.to_owned()),
        }
        Ok(())
    }

    pub(super) fn matches(&self, session: &Session, request: &ClientRequest<'_>) -> bool {
        !(self.skip_me && session.id == request.id)
            && self.id.is_none_or(|id| session.id == id)
            && self.addr.is_none_or(|addr| session.addr.as_bytes() == addr)
            && self.laddr.is_none_or(|laddr| session.laddr.as_bytes() == laddr)
            && self.client_type.is_none_or(|client_type| session.client_type() == client_type)
            && self.user.is_none_or(|user| session.user == user)
            && self.age_min_seconds.is_none_or(|age| session.age_seconds(request.now_ms) >= age)
    }
}

const BAD_ID: &str = "ERR client-id should be greater than 0";

fn parse_age(value: &[u8]) -> Result<u64, String> {
    let age = parse_integer(value).ok_or("ERR maxage is not an integer or out of range")?;
    u64::try_from(age).ok().filter(|age| *age > 0).ok_or_else(|| "ERR maxage should be greater than 0".to_owned())
}
