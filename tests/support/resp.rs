//! Replies as they stand on the wire: every element with its type, where a client library would hide it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use super::LIMIT;

/// One element of a reply.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Element {
    /// Everything but aggregates: the name of its type, and its text.
    Leaf(&'static str, String),
    /// The name of its type, and its elements; those of a map are key, value, key, value.
    Aggregate(&'static str, Vec<Self>),
}

impl Element {
    /// The text of a leaf.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Leaf(_, text) => text,
            Self::Aggregate(..) => "",
        }
    }

    /// Whether one of its leaves is this text.
    pub(crate) fn has(&self, text: &str) -> bool {
        match self {
            Self::Leaf(_, own) => own == text,
            Self::Aggregate(_, elements) => elements.iter().any(|element| element.has(text)),
        }
    }

    pub(crate) fn is_error(&self) -> bool {
        matches!(self, Self::Leaf("error", _))
    }

    /// One line per element, and per line of a text, indented by depth; an aggregate is as long as its lines are
    /// indented deeper.
    pub(crate) fn render(&self, depth: usize, lines: &mut Vec<String>) {
        let indent = "  ".repeat(depth);
        match self {
            Self::Leaf(kind, text) => {
                let mut parts = text.split("\r\n");
                lines.push(format!("{indent}{kind} {}", parts.next().unwrap_or_default().escape_default()));
                lines.extend(parts.map(|part| format!("{indent}| {}", part.escape_default())));
            }
            Self::Aggregate(kind, elements) => {
                lines.push(format!("{indent}{kind}"));
                for element in elements {
                    element.render(depth + 1, lines);
                }
            }
        }
    }
}

/// A connection that shows what it reads.
pub(crate) struct Wire {
    stream: BufReader<TcpStream>,
}

impl Wire {
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        stream.set_nodelay(true).expect("an option");
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn local_port(&self) -> u16 {
        self.stream.get_ref().local_addr().expect("an address").port()
    }

    /// Whether it could be handed to the kernel.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) -> bool {
        self.stream.get_mut().write_all(bytes).is_ok()
    }

    pub(crate) fn send(&mut self, words: &[Vec<u8>]) -> bool {
        let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            bytes.extend_from_slice(word);
            bytes.extend_from_slice(b"\r\n");
        }
        self.send_bytes(&bytes)
    }

    /// The next reply or push; `None` when the other side has closed. `to` tells what it is awaited for.
    #[track_caller]
    pub(crate) fn read(&mut self, to: &str) -> Option<Element> {
        match self.read_element() {
            Ok(element) => Some(element),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                panic!("no answer within {LIMIT:?} to {to}")
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => panic!("{error}, in answer to {to}"),
            Err(_) => None,
        }
    }

    /// The next message, however long it takes; `None` when the other side has closed.
    pub(crate) fn next(&mut self) -> Option<Element> {
        loop {
            match self.stream.fill_buf() {
                Ok(_) => return self.read("the subscription"),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                Err(_) => return None,
            }
        }
    }

    fn read_element(&mut self) -> io::Result<Element> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        let Some(line) = line.strip_suffix(b"\r\n").filter(|line| !line.is_empty()) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let text = String::from_utf8_lossy(&line[1..]).into_owned();
        let leaf = |kind, text| Ok(Element::Leaf(kind, text));
        match line[0] {
            b'+' => leaf("simple", text),
            b'-' => leaf("error", text),
            b':' => leaf("integer", text),
            b',' => leaf("double", text),
            b'#' => leaf("boolean", text),
            b'_' => leaf("null", text),
            b'(' => leaf("big number", text),
            b'$' if text == "-1" => leaf("null bulk", String::new()),
            b'*' if text == "-1" => leaf("null array", String::new()),
            b'$' => Ok(Element::Leaf("bulk", self.read_text(&text)?)),
            b'=' => Ok(Element::Leaf("verbatim", self.read_text(&text)?)),
            b'*' => self.read_elements("array", &text, 1),
            b'%' => self.read_elements("map", &text, 2),
            b'~' => self.read_elements("set", &text, 1),
            b'>' => self.read_elements("push", &text, 1),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, format!("not a reply: {line:?}"))),
        }
    }

    fn read_text(&mut self, length: &str) -> io::Result<String> {
        let mut bytes = vec![0; parse(length)? + 2];
        self.stream.read_exact(&mut bytes)?;
        bytes.truncate(bytes.len() - 2);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn read_elements(&mut self, kind: &'static str, count: &str, each: usize) -> io::Result<Element> {
        let elements: io::Result<Vec<Element>> = (0..parse(count)? * each).map(|_| self.read_element()).collect();
        Ok(Element::Aggregate(kind, elements?))
    }
}

fn parse(number: &str) -> io::Result<usize> {
    number.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("not a length: {number}")))
}
