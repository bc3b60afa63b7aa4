//! `RESET` and `QUIT`.

use super::{ClientRole, ReplyMode, Session};
use crate::acl::{Acl, DEFAULT_USER};
use crate::pubsub::PubSub;
use crate::resp::{Protocol, Writer};

/// Answers `RESET`: the connection is as if it had just been accepted. Transactions and watched keys are the owner's
/// to drop; `pubsubs` are all registries of channels the connection may be in.
pub fn handle_reset(session: &mut Session, acl: &Acl, pubsubs: &mut [&mut PubSub], out: &mut Vec<u8>) {
    for pubsub in pubsubs {
        pubsub.remove_client(session);
    }
    session.name.clear();
    session.user = DEFAULT_USER.to_vec();
    session.authenticated = acl.default_needs_no_authentication();
    session.protocol = Protocol::Resp2;
    session.db = 0;
    session.queued = None;
    session.dirty_transaction = false;
    session.no_evict = false;
    session.no_touch = false;
    session.readonly = false;
    session.reply_mode = ReplyMode::On;
    session.tracking = None;
    if session.role == ClientRole::Monitor {
        session.role = ClientRole::Normal;
    }
    Writer::new(out, session.protocol).simple("RESET");
}

/// Answers `QUIT`: the connection is closed once the reply is sent.
pub fn handle_quit(session: &mut Session, out: &mut Writer<'_>) {
    session.close_after_reply = true;
    out.simple("OK");
}
