#![no_main]
//! Any bytes in any pieces: no panic, no stack overflow, and the same replies as from one piece.

use bongsu_protocol::resp::{ReplyDecoder, ReplyLimits};
use libfuzzer_sys::fuzz_target;

const LIMITS: ReplyLimits = ReplyLimits { bytes_max: 4096, nesting_max: 32, elements_max: 512 };

fuzz_target!(|input: (u8, &[u8])| {
    let (step, data) = input;
    assert_eq!(decode(data, usize::from(step) + 1), decode(data, data.len().max(1)));
});

/// The replies in a form that also compares NaN, and the error that ended them.
fn decode(data: &[u8], step: usize) -> (Vec<String>, Option<String>) {
    let mut decoder = ReplyDecoder::new(LIMITS);
    let (mut buf, mut values) = (Vec::new(), Vec::new());
    for piece in data.chunks(step) {
        buf.extend_from_slice(piece);
        loop {
            match decoder.decode(&buf) {
                Ok(None) => break,
                Err(error) => return (values, Some(error.to_string())),
                Ok(Some((value, used))) => {
                    values.push(format!("{value:?}"));
                    buf.drain(..used);
                }
            }
        }
    }
    (values, None)
}
