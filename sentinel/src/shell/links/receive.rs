//! From bytes to inputs of the core.

use std::rc::Rc;

use bongsu_protocol::resp::Value;
use bongsu_sentinel_core::{Channel, HELLO_CHANNEL, Hello, Input, LinkFailure, Reply, RequestId, Time};

use super::conn::{Conn, Expect};
use super::{HelloAnswer, answer, on_hello_answer};
use crate::shell::Shell;

/// Feeds all complete replies among the bytes received and carries out what the core wants, but for sending.
pub(super) fn received(shell: &Shell, conn: &Rc<Conn>, bytes: &[u8]) -> Result<(), LinkFailure> {
    if conn.tail.borrow().is_empty() {
        let used = replies(shell, conn, bytes)?;
        if let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty() && !conn.is_shut()) {
            conn.tail.replace(rest.to_vec());
        }
    } else {
        let mut tail = conn.tail.take();
        tail.extend_from_slice(bytes);
        let used = replies(shell, conn, &tail)?;
        if used < tail.len() && !conn.is_shut() {
            tail.drain(..used);
            conn.tail.replace(tail);
        }
    }
    Ok(())
}

fn replies(shell: &Shell, conn: &Rc<Conn>, bytes: &[u8]) -> Result<usize, LinkFailure> {
    let now = shell.now();
    let mut used = 0;
    while used < bytes.len() && !conn.is_shut() {
        let decoded = conn.decoder.borrow_mut().decode(&bytes[used..]);
        match decoded {
            Ok(Some((value, len))) => {
                used += len;
                on_value(shell, conn, now, value)?;
                // At once: the core may close this link over what it just heard, and must then hear no more of it.
                shell.drain();
            }
            Ok(None) => break,
            Err(error) => {
                shell.0.log.debug(format_args!("a reply that breaks the protocol: {error}"));
                return Err(LinkFailure::Rejected);
            }
        }
    }
    Ok(used)
}

fn on_value(shell: &Shell, conn: &Rc<Conn>, now: Time, value: Value<'_>) -> Result<(), LinkFailure> {
    if let Value::Push(items) = &value {
        return on_message(shell, conn, now, items);
    }
    let front = conn.expected.borrow().front().copied();
    if let (Channel::PubSub, None | Some(Expect::Subscribe), Value::Array(items)) = (conn.channel, front, &value) {
        return on_message(shell, conn, now, items);
    }
    // A reply to nothing means that we lost count: no later answer could be trusted.
    let expect = front.ok_or(LinkFailure::Rejected)?;
    if let Expect::Transaction { id, left } = expect
        && left > 1
    {
        note_trouble(conn, &value);
        if let Some(front) = conn.expected.borrow_mut().front_mut() {
            *front = Expect::Transaction { id, left: left - 1 };
        }
        return Ok(());
    }
    conn.expected.borrow_mut().pop_front();
    match expect {
        Expect::Ignored | Expect::Unsubscribe => {
            if let Some(error) = value.as_error() {
                shell.0.log.verbose(format_args!("refused by a node: {}", String::from_utf8_lossy(error)));
            }
        }
        Expect::Hello => on_hello_answer(shell, conn, hello_answer(&value)),
        Expect::Subscribe => return subscribe_refused(shell, conn, &value),
        Expect::Ping(id) => reply(shell, conn, now, id, answer::ping(&value)),
        Expect::Info(id) => on_info(shell, conn, now, id, &value),
        Expect::Plain(id) => reply(shell, conn, now, id, answer::plain(&value)),
        Expect::Write(id) => reply(shell, conn, now, id, answer::write(&value)),
        Expect::Vote(id) => reply(shell, conn, now, id, answer::vote(&value)),
        Expect::Transaction { id, .. } => {
            let (outcome, complaints) = answer::transaction(&value, conn.trouble.take());
            for complaint in complaints {
                shell.0.log.warning(format_args!("a reconfigured node complains: {complaint}"));
            }
            reply(shell, conn, now, id, outcome);
        }
    }
    Ok(())
}

fn reply(shell: &Shell, conn: &Conn, now: Time, id: RequestId, reply: Reply) {
    shell.feed(now, Input::Reply { link: conn.link, id, reply });
}

fn on_info(shell: &Shell, conn: &Conn, now: Time, id: RequestId, value: &Value<'_>) {
    if let Some(text) = answer::info_text(value)
        && let Some(link) = shell.0.links.table.borrow_mut().get_mut(conn.link)
    {
        link.info = Some((now, text));
    }
    reply(shell, conn, now, id, answer::info(value));
}

fn note_trouble(conn: &Conn, value: &Value<'_>) {
    if let Some(error) = value.as_error() {
        conn.trouble.borrow_mut().get_or_insert_with(|| String::from_utf8_lossy(error).into_owned());
    }
}

fn hello_answer(value: &Value<'_>) -> HelloAnswer {
    match (value.as_error(), value.error_code()) {
        (None, _) => HelloAnswer::Accepted,
        (_, Some(b"NOPERM" | b"NOPROTO")) => HelloAnswer::Unsupported,
        (Some(text), _) if text.starts_with(b"ERR unknown command") => HelloAnswer::Unsupported,
        _ => HelloAnswer::Refused,
    }
}

fn subscribe_refused(shell: &Shell, conn: &Rc<Conn>, value: &Value<'_>) -> Result<(), LinkFailure> {
    let text = String::from_utf8_lossy(value.as_error().unwrap_or_default()).into_owned();
    shell.0.log.verbose(format_args!("SUBSCRIBE was refused: {text}"));
    if conn.channel == Channel::PubSub {
        return Err(LinkFailure::Rejected);
    }
    if let Some(link) = shell.0.links.table.borrow_mut().get_mut(conn.link) {
        link.pubsub = super::PubSub::Off;
    }
    let (link, channel, cause) = (conn.link, Channel::PubSub, LinkFailure::Rejected);
    shell.feed(shell.now(), Input::Disconnected { link, channel, cause });
    Ok(())
}

fn on_message(shell: &Shell, conn: &Rc<Conn>, now: Time, items: &[Value<'_>]) -> Result<(), LinkFailure> {
    let front = conn.expected.borrow().front().copied();
    match (items.first().and_then(Value::as_bytes), front) {
        (Some(b"message"), _) if conn.is_listening() => on_hello(shell, conn, now, items),
        (Some(b"subscribe"), Some(Expect::Subscribe)) => {
            conn.expected.borrow_mut().pop_front();
            conn.set_listening(true);
            shell.feed(now, Input::Connected { link: conn.link, channel: Channel::PubSub });
        }
        (Some(b"unsubscribe"), Some(Expect::Unsubscribe)) => {
            conn.expected.borrow_mut().pop_front();
        }
        // Pushes of other kinds and late messages concern nobody.
        _ => {}
    }
    Ok(())
}

fn on_hello(shell: &Shell, conn: &Conn, now: Time, items: &[Value<'_>]) {
    let (Some(channel), Some(payload)) = (items.get(1), items.get(2)) else { return };
    if channel.as_bytes() != Some(HELLO_CHANNEL.as_bytes()) {
        return;
    }
    match payload.as_str().map(Hello::parse) {
        Some(Ok(hello)) => shell.feed(now, Input::Hello { via: Some(conn.link), hello }),
        Some(Err(error)) => malformed(shell, &error.to_string()),
        None => malformed(shell, "hello message is not UTF-8"),
    }
}

fn malformed(shell: &Shell, why: &str) {
    let count = &shell.0.links.malformed;
    count.set(count.get() + 1);
    shell.0.log.debug(format_args!("ignored: {why}"));
}
