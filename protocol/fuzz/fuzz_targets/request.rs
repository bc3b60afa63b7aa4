#![no_main]
//! Any bytes in any pieces: no panic, and the same requests as from one piece.

use bongsu_protocol::resp::{RequestLimits, RequestParser};
use libfuzzer_sys::fuzz_target;

const LIMITS: RequestLimits =
    RequestLimits { line_bytes_max: 128, args_max: 64, bulk_bytes_max: 1024, unauthenticated: false };

fuzz_target!(|input: (u8, &[u8])| {
    let (step, data) = input;
    assert_eq!(parse(data, usize::from(step) + 1), parse(data, data.len().max(1)));
});

fn parse(data: &[u8], step: usize) -> (Vec<Vec<Vec<u8>>>, bool) {
    let mut parser = RequestParser::new();
    let (mut buf, mut requests) = (Vec::new(), Vec::new());
    for piece in data.chunks(step) {
        buf.extend_from_slice(piece);
        loop {
            let Ok(progress) = parser.parse(&buf, &LIMITS) else { return (requests, false) };
            let (consumed, request) = (progress.consumed, progress.request.map(|request| request.to_vec()));
            buf.drain(..consumed);
            let Some(request) = request else { break };
            assert!(!request.is_empty());
            requests.push(request);
        }
    }
    (requests, true)
}
