//! One connection: what arrived and was not run yet, and what waits to be sent.

use std::io::ErrorKind;

use bongsu_protocol::resp::RequestParser;
use bongsu_protocol::session::ClientId;

use super::stream::Stream;
use crate::limits::UNCOUNTED_BYTES;

/// Buffers that grew beyond this are not kept.
pub(crate) const KEPT_BYTES: usize = 32 * 1024;

/// Arguments of this length and more have room made for them once they are announced.
const LARGE_ARGUMENT_BYTES: usize = 32 * 1024;

/// The most that an announcement alone makes room for. The rest follows what really comes.
const ANNOUNCED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Sent at a time, so that who takes a long reply as fast as it comes does not keep the others waiting.
const SENT_BYTES_MAX: usize = 1024 * 1024;

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
    /// Requests of what arrived were not run because replies of others before them wait to be sent.
    pub(crate) behind: bool,
    /// Nothing of it is read for now, because too many replies wait to be sent.
    pub(crate) left_alone: bool,
    /// The other side has ended the stream: what is left is to be read to its end.
    pub(crate) ended: bool,
    /// It is in the list of those with replies to send.
    pub(crate) flushing: bool,
    /// Its replies have to wait for the disk, and it waits with them.
    pub(crate) withheld: bool,
    /// In which round of those who wait for the disk it was answered last.
    pub(crate) answered_in: u64,
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
            behind: false,
            left_alone: false,
            ended: false,
            flushing: false,
            withheld: false,
            answered_in: 0,
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

    /// Makes room for so many bytes more, and for the argument that is awaited, if it is a large one.
    pub(crate) fn reserve(&mut self, more: usize) {
        let (len, needed) = (self.input.len() + more, self.parser.buffer_len_needed());
        // One argument after another would have the buffer copied each time. Growing by doubling is for those.
        let is_first = self.parser.understood() <= needed / 2;
        if needed >= LARGE_ARGUMENT_BYTES && needed > self.input.capacity() && is_first {
            let room = needed.min(ANNOUNCED_BYTES_MAX.max(2 * len));
            self.input.reserve_exact(room.saturating_sub(self.input.len()));
        }
    }

    /// More of an argument is to come.
    pub(crate) fn awaits_argument(&self) -> bool {
        self.parser.buffer_len_needed() > self.input.len()
    }

    /// Sends replies as far as the socket takes them, but not without end.
    pub(crate) fn flush(&mut self) -> Result<(), Lost> {
        self.full = false;
        let mut room = SENT_BYTES_MAX;
        while self.sent < self.output.len() {
            if room == 0 {
                self.drop_sent();
                return Ok(());
            }
            let end = self.output.len().min(self.sent + room);
            match self.stream.write(&self.output[self.sent..end]) {
                Ok(0) => return Err(Lost),
                Ok(n) => (self.sent, room) = (self.sent + n, room - n),
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
        match self.stream.push() {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.full = true;
                Ok(())
            }
            Err(_) => Err(Lost),
        }
    }

    /// Sends bytes that are kept elsewhere, after all replies. The number of those that need not be kept any more.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<usize, Lost> {
        if self.unsent() > 0 || self.full {
            return Ok(0);
        }
        let sent = loop {
            match self.stream.write(bytes) {
                Ok(0) => return Err(Lost),
                Ok(n) => break n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.full = true;
                    return Ok(0);
                }
                Err(_) => return Err(Lost),
            }
        };
        match self.stream.push() {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.full = true,
            Err(_) => return Err(Lost),
        }
        Ok(sent)
    }

    /// Bytes that wait to be sent.
    pub(crate) fn unsent(&self) -> usize {
        self.output.len() - self.sent
    }

    /// Nothing waits to be sent, here or in what encrypts it.
    pub(crate) fn has_sent_all(&self) -> bool {
        self.unsent() == 0 && !self.full
    }

    /// Gives back what its buffers have to spare: all of it after a silence, otherwise what something large needed.
    pub(crate) fn relax(&mut self, is_quiet: bool) {
        if is_quiet {
            self.input.shrink_to_fit();
        } else if self.input.len() < self.input.capacity() / 4 && !self.awaits_argument() {
            self.input.shrink_to(KEPT_BYTES);
        }
    }

    /// Memory. A few replies that the socket takes lie in a buffer that goes from connection to connection.
    pub(crate) fn heap_bytes(&self) -> usize {
        let replies = if self.full || self.unsent() > UNCOUNTED_BYTES { self.output.capacity() } else { 0 };
        size_of::<Self>() + self.input.capacity() + replies
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
