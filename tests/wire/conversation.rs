//! Conversations with a sentinel, from a text, and what was answered.

use crate::support::resp::{Element, Wire};
use crate::support::wait;

/// One request and the lines of what was answered to it.
pub(crate) struct Exchange {
    pub(crate) request: String,
    pub(crate) replies: Vec<Element>,
    pub(crate) closed: bool,
}

/// Conversations stand apart by empty lines; each has a connection of its own. Lines that begin with `#` are remarks.
pub(crate) fn conversations(text: &str) -> Vec<Vec<&str>> {
    let mut found = vec![Vec::new()];
    for line in text.lines().map(str::trim_end).filter(|line| !line.starts_with('#')) {
        match (line.is_empty(), found.last_mut()) {
            (false, Some(conversation)) => conversation.push(line),
            _ => found.push(Vec::new()),
        }
    }
    found.retain(|conversation| !conversation.is_empty());
    found
}

/// Holds a conversation, each line of it a request: words, or after `RAW` bytes. `NOREPLY` before a request says that
/// no answer to it alone is awaited, `AWAIT text` that it is repeated until an element of the answer is that text
/// (each of several, with a + between them).
///
/// Whatever comes after the answer until a PING is answered belongs to the request, so that an element too many is seen.
pub(crate) fn hold(port: u16, lines: &[&str]) -> Vec<Exchange> {
    let mut wire = Wire::connect(port);
    let own = wire.local_port().to_string();
    let mut exchanges = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if let Some((text, request)) = line.strip_prefix("AWAIT ").and_then(|rest| rest.split_once(' ')) {
            let reply = await_reply(&mut wire, text, request);
            exchanges.push(Exchange { request: request.to_owned(), replies: vec![reply], closed: false });
            continue;
        }
        let (awaited, line) = line.strip_prefix("NOREPLY ").map_or((true, *line), |line| (false, line));
        let mut words = words(&line.replace("{own}", &own));
        let sent = match words.first().map(Vec::as_slice) {
            Some(b"RAW") => wire.send_bytes(&words.split_off(1).concat()),
            _ => wire.send(&words),
        };
        let mut exchange = Exchange { request: line.to_owned(), replies: Vec::new(), closed: !sent };
        if awaited {
            collect(&mut wire, &format!("end-{number}"), &mut exchange);
        }
        let closed = exchange.closed;
        exchanges.push(exchange);
        if closed {
            break;
        }
    }
    exchanges
}

/// Repeats a request until one of the elements of the answer is this text.
fn await_reply(wire: &mut Wire, text: &str, request: &str) -> Element {
    wait(&format!("{text} in answer to {request}"), || {
        wire.send(&words(request));
        wire.read(request).filter(|reply| text.split('+').all(|text| reply.has(text)))
    })
}

fn collect(wire: &mut Wire, mark: &str, exchange: &mut Exchange) {
    match wire.read(&exchange.request) {
        Some(reply) => exchange.replies.push(reply),
        None => exchange.closed = true,
    }
    if exchange.closed || !wire.send(&[b"PING".to_vec(), mark.as_bytes().to_vec()]) {
        exchange.closed = true;
        return;
    }
    loop {
        match wire.read(&exchange.request) {
            // Who may not even send PING is told so.
            Some(reply) if ends(&reply, mark) || reply.is_error() => return,
            Some(reply) => exchange.replies.push(reply),
            None => {
                exchange.closed = true;
                return;
            }
        }
    }
}

fn ends(reply: &Element, mark: &str) -> bool {
    match reply {
        Element::Leaf(_, text) => text == mark,
        Element::Aggregate(_, elements) => elements.len() == 2 && elements[1].text() == mark,
    }
}

/// Words between spaces; in quotes with the escapes of `\n`, `\r`, `\0` and `\\`.
pub(crate) fn words(line: &str) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quoted = false;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            '\\' if quoted => {
                let escaped = match chars.next() {
                    Some('n') => b'\n',
                    Some('r') => b'\r',
                    Some('0') => 0,
                    _ => b'\\',
                };
                word.get_or_insert_default().push(escaped);
            }
            _ => word.get_or_insert_default().extend(c.to_string().as_bytes()),
        }
    }
    words.extend(word);
    words
}
