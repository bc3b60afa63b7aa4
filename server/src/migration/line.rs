//! A connection to the server that keys go to: requests out, lines in.

use std::io::{self, ErrorKind};

use crate::net::outgoing::{Duplex, Target};

/// The longest line that is an answer: errors are a sentence.
const LINE_BYTES_MAX: u64 = 1024;

/// A connection that stands.
pub(super) struct Line {
    stream: Box<dyn Duplex>,
    /// What was read and is not used yet.
    input: Vec<u8>,
}

impl Line {
    pub(super) fn open(target: &Target) -> io::Result<Self> {
        Ok(Self { stream: target.connect()?, input: Vec::new() })
    }

    pub(super) fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// The next line, without its end.
    pub(super) fn hear(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.input.drain(..=end).collect();
                line.truncate(end);
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            let room = LINE_BYTES_MAX.saturating_sub(self.input.len() as u64);
            if room == 0 {
                return Err(ErrorKind::InvalidData.into());
            }
            let mut buffer = [0; LINE_BYTES_MAX as usize];
            match self.stream.read(&mut buffer[..room as usize]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(got) => self.input.extend_from_slice(&buffer[..got]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
