//! One connection: what arrived and was not run yet, and what waits to be sent.

use std::io::ErrorKind;

use bongsu_protocol::resp::RequestParser;
use bongsu_protocol::session::ClientId;

use super::stream::Stream;

/// Buffers that grew beyond this are not kept.
const KEPT_BYTES: usize = 32 * 1024;

/// A connection is over: it ended, or broke.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Lost;

/// A connection of a client.
pub(crate) struct Conn {
    pub(crate) client: ClientId,
    stream: Stream,
    pub(crate) parser: RequestParser,
    /// What arrived and was not understood yet.
    pub(crate) input: Vec<u8>,
    /// Replies, those before `sent` included.
    pub(crate) output: Vec<u8>,
    sent: usize,
    /// The socket takes no more for now.
    full: bool,
    /// There is something to be read.
    pub(crate) unread: bool,
    /// The other side has ended the stream: what is left is to be read to its end.
    pub(crate) ended: bool,
    /// It is in the list of those with replies to send.
    pub(crate) flushing: bool,
    /// Since when more waits to be sent than should, in microseconds since the start of the server.
    pub(crate) slow_since_us: Option<u64>,
    /// The memory that was counted for it last, in bytes.
    pub(crate) counted_bytes: usize,
}

impl Conn {
    pub(crate) fn new(client: ClientId, stream: Stream) -> Self {
        Self {
            client,
            stream,
            parser: RequestParser::new(),
            input: Vec::new(),
            output: Vec::new(),
            sent: 0,
            full: false,
            unread: false,
            ended: false,
            flushing: false,
            slow_since_us: None,
            counted_bytes: 0,
        }
    }

    /// The socket.
    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Reads once into `buffer`. The number of bytes, 0 if there are none now.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Lost> {
        self.unread = false;
        loop {
            return match self.stream.read(buffer) {
                Ok(0) => Err(Lost),
                Ok(n) => {
                    self.unread = self.ended || !self.stream.is_emptied_by(n, buffer.len());
                    Ok(n)
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
                Err(_) => Err(Lost),
            };
        }
    }

    /// Sends replies as far as the socket takes them.
    pub(crate) fn flush(&mut self) -> Result<(), Lost> {
        self.full = false;
        while self.sent < self.output.len() {
            match self.stream.write(&self.output[self.sent..]) {
                Ok(0) => return Err(Lost),
                Ok(n) => self.sent += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.full = true;
                    self.drop_sent();
                    return Ok(());
                }
                Err(_) => return Err(Lost),
            }
        }
        self.sent = 0;
        self.output.clear();
        self.output.shrink_to(KEPT_BYTES);
        match self.stream.push() {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.full = true;
                Ok(())
            }
            Err(_) => Err(Lost),
        }
    }

    /// Bytes that wait to be sent.
    pub(crate) fn unsent(&self) -> usize {
        self.output.len() - self.sent
    }

    /// Gives back what its buffers have to spare, as it has been silent for a while.
    pub(crate) fn relax(&mut self) {
        self.input.shrink_to_fit();
        if self.output.is_empty() {
            self.output.shrink_to_fit();
        }
    }

    /// Memory.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.input.capacity() + self.output.capacity()
    }

    /// The socket takes no more for now.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// What was sent need not be kept, once it is most of the buffer.
    fn drop_sent(&mut self) {
        if self.sent > self.output.len() / 2 {
            self.output.drain(..self.sent);
            self.sent = 0;
        }
    }
}
