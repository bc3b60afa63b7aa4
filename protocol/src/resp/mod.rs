//! RESP2 and RESP3: requests as a server reads them, replies as a client reads them, and writers for both.
//!
//! Server side: [`RequestParser`] reads commands, [`Writer`] writes replies. Client side: [`encode_command`] writes
//! commands, [`ReplyDecoder`] reads replies. Both decoders are given the unread bytes of the connection each time,
//! say how many of them they are done with, and remember how far they looked, so that no byte is examined again
//! when more data arrives.

mod command;
mod double;
mod frame;
mod number;
mod reply;
mod request;
mod value;
mod writer;

pub use command::{encode_command, push_arg, start_command};
pub use double::double_text;
pub use number::parse_integer;
pub use reply::{ReplyDecoder, ReplyError, ReplyErrorKind, ReplyLimits};
pub use request::{Progress, ProtocolError, Request, RequestLimits, RequestParser};
pub use value::Value;
pub use writer::Writer;

/// The version of the protocol a connection speaks; `HELLO` changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// What every connection starts with.
    #[default]
    Resp2,
    /// Adds maps, sets, pushes, doubles, booleans and a real null.
    Resp3,
}

impl Protocol {
    /// The number used by `HELLO` and shown by `CLIENT LIST`.
    pub fn number(self) -> u8 {
        match self {
            Self::Resp2 => 2,
            Self::Resp3 => 3,
        }
    }
}
