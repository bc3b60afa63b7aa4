//! `PING`.

use super::Session;
use crate::resp::Writer;

/// Answers `PING [message]`. A RESP2 connection with subscriptions gets an array, which it can tell from a message.
pub fn handle_ping(session: &Session, argv: &[&[u8]], out: &mut Writer<'_>) {
    let message = argv.get(1);
    if argv.len() > 2 {
        out.error("ERR wrong number of arguments for 'ping' command");
    } else if session.is_subscribed_resp2() {
        out.array(2);
        out.bulk("pong");
        out.bulk(message.copied().unwrap_or_default());
    } else if let Some(message) = message {
        out.bulk(message);
    } else {
        out.simple("PONG");
    }
}
