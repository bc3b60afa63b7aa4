//! The frame around the data that a master sends: as many bytes as it says, or up to a mark.

use bongsu_protocol::resp::parse_integer;

use super::failure::Failure;
use super::handshake::shown;

/// Bytes of a mark.
const MARK_BYTES: usize = 40;

/// Where the data end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Frame {
    /// After so many bytes.
    Length(u64),
    /// Before this mark, behind which nothing comes until the master hears that it has arrived.
    Mark([u8; MARK_BYTES]),
}

impl Frame {
    /// From the line before the data. `None` if it says nothing yet.
    pub(crate) fn parse(line: &[u8]) -> Result<Option<Self>, Failure> {
        match line {
            [] => Ok(None),
            [b'-', error @ ..] => Err(Failure::Aborted(shown(error))),
            [b'$', b'E', b'O', b'F', b':', mark @ ..] => match mark.try_into() {
                Ok(mark) => Ok(Some(Self::Mark(mark))),
                Err(_) => Err(Failure::NoPayload(shown(line))),
            },
            [b'$', length @ ..] => match parse_integer(length).and_then(|n| u64::try_from(n).ok()) {
                Some(length) => Ok(Some(Self::Length(length))),
                None => Err(Failure::NoPayload(shown(line))),
            },
            _ => Err(Failure::NoPayload(shown(line))),
        }
    }
}

/// Data on their way.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) frame: Frame,
    /// Bytes of data and mark that have arrived.
    pub(crate) read: u64,
    /// What may be the beginning of the mark.
    held: Vec<u8>,
    /// Everything has arrived.
    pub(crate) is_whole: bool,
}

impl Payload {
    pub(crate) const fn new(frame: Frame) -> Self {
        let is_whole = matches!(frame, Frame::Length(0));
        Self { frame, read: 0, held: Vec::new(), is_whole }
    }

    /// Takes what has arrived: the data in it, and how many bytes were taken.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> (Vec<u8>, usize) {
        match self.frame {
            Frame::Length(length) => {
                let used = usize::try_from(length - self.read).map_or(bytes.len(), |left| left.min(bytes.len()));
                self.read += used as u64;
                self.is_whole = self.read == length;
                (bytes[..used].to_vec(), used)
            }
            Frame::Mark(mark) => {
                let mut data = std::mem::take(&mut self.held);
                data.extend_from_slice(bytes);
                self.read += bytes.len() as u64;
                self.is_whole = data.ends_with(&mark);
                let held = data.split_off(data.len() - data.len().min(MARK_BYTES));
                if !self.is_whole {
                    self.held = held;
                }
                (data, bytes.len())
            }
        }
    }

    /// Bytes there are in all, if the master said.
    pub(crate) const fn total(&self) -> u64 {
        match self.frame {
            Frame::Length(length) => length,
            Frame::Mark(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_bytes_as_announced() {
        let mut payload = Payload::new(Frame::parse(b"$10").unwrap().unwrap());
        assert_eq!(payload.take(b"012345"), (b"012345".to_vec(), 6));
        assert!(!payload.is_whole);
        assert_eq!(payload.take(b"6789*1\r\n"), (b"6789".to_vec(), 4));
        assert!(payload.is_whole);
    }

    #[test]
    fn a_mark_may_come_in_pieces() {
        let mark = [b'm'; MARK_BYTES];
        let line = [b"$EOF:", &mark[..]].concat();
        let all = [b"data that ends with mmm", &mark[..]].concat();
        for size in 1..all.len() {
            let mut payload = Payload::new(Frame::parse(&line).unwrap().unwrap());
            let mut data = Vec::new();
            for part in all.chunks(size) {
                assert!(!payload.is_whole);
                let (more, used) = payload.take(part);
                assert_eq!(used, part.len());
                data.extend(more);
                if payload.is_whole {
                    break;
                }
            }
            assert!(payload.is_whole);
            assert!(data.starts_with(b"data that ends with"), "{size}");
        }
    }

    #[test]
    fn other_lines_are_refused() {
        assert_eq!(Frame::parse(b"").unwrap(), None);
        assert!(matches!(Frame::parse(b"-ERR no"), Err(Failure::Aborted(_))));
        for line in [&b"$"[..], b"$-1", b"$x", b"$EOF:short", b"+OK", b"$99999999999999999999"] {
            assert!(matches!(Frame::parse(line), Err(Failure::NoPayload(_))), "{line:?}");
        }
    }
}
