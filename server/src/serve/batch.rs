//! Requests of one connection that have been read and not run yet.

use std::ops::Range;

use bongsu_protocol::resp::{ProtocolError, RequestLimits, RequestParser};

/// Arguments for which there is always room. Requests with more are rare.
const KEPT_RANGES: usize = 64 * 1024;

/// Room for copies that is kept from one batch to the next.
const KEPT_COPIES_BYTES: usize = 64 * 1024;

/// A few requests, in order. Nothing of them is copied, nearly always.
#[derive(Default)]
pub(super) struct Batch {
    requests: Vec<Parsed>,
    /// Where arguments lie, in the input or in the copies.
    ranges: Vec<Range<usize>>,
    /// Arguments of requests that do not lie in the input as they are meant, because of quotes.
    copies: Vec<u8>,
    /// The hash of the first argument of each, if it was computed.
    pub(super) hashes: Vec<Option<u64>>,
}

struct Parsed {
    /// Which of the ranges are its arguments.
    arguments: Range<usize>,
    is_copied: bool,
    /// Where the request ends in the input.
    end: usize,
}

/// How far reading came.
pub(super) struct Progress {
    /// Bytes of the input that are done with.
    pub(super) used: usize,
    /// What comes next makes no sense.
    pub(super) error: Option<ProtocolError>,
}

impl Batch {
    /// Reads up to `max` complete requests of `input` from `used` on.
    pub(super) fn read(
        &mut self,
        parser: &mut RequestParser,
        input: &[u8],
        mut used: usize,
        limits: &RequestLimits,
        max: usize,
    ) -> Progress {
        self.requests.clear();
        self.ranges.clear();
        self.ranges.shrink_to(KEPT_RANGES);
        self.copies.clear();
        self.copies.shrink_to(KEPT_COPIES_BYTES);
        self.hashes.clear();
        while self.requests.len() < max {
            let progress = match parser.parse(&input[used..], limits) {
                Ok(progress) => progress,
                Err(error) => return Progress { used, error: Some(error) },
            };
            let start = used;
            used += progress.consumed;
            let Some(request) = progress.request else { break };
            let (first, positions) = (self.ranges.len(), request.positions());
            let is_copied = positions.is_none();
            match positions {
                Some(positions) => {
                    self.ranges.extend(positions.map(|range| start + range.start..start + range.end));
                }
                None => self.ranges.extend(request.iter().map(|argument| {
                    let begin = self.copies.len();
                    self.copies.extend_from_slice(argument);
                    begin..self.copies.len()
                })),
            }
            self.requests.push(Parsed { arguments: first..self.ranges.len(), is_copied, end: used });
        }
        Progress { used, error: None }
    }

    /// Number of requests.
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Where a request ends in the input.
    pub(super) fn end_of(&self, index: usize) -> usize {
        self.requests[index].end
    }

    /// The number of arguments of a request.
    pub(super) fn argc(&self, index: usize) -> usize {
        self.requests[index].arguments.len()
    }

    /// The arguments of a request.
    #[inline]
    pub(super) fn argv<'b>(&'b self, index: usize, input: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
        let request = &self.requests[index];
        let bytes = if request.is_copied { &self.copies } else { input };
        self.ranges[request.arguments.clone()].iter().map(|range| &bytes[range.clone()])
    }

    /// The arguments behind the name of a request: what is probably its key, and what follows.
    #[inline]
    pub(super) fn first_arguments<'b>(&'b self, index: usize, input: &'b [u8]) -> [Option<&'b [u8]>; 3] {
        let mut arguments = self.argv(index, input).skip(1);
        [arguments.next(), arguments.next(), arguments.next()]
    }

    /// The hash of the first argument of a request, if it was computed.
    pub(super) fn hash(&self, index: usize) -> Option<u64> {
        self.hashes.get(index).copied().flatten()
    }
}
