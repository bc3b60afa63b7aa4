#![no_main]
//! Any pattern against any text: no panic and no run away.

use bongsu_protocol::glob;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (pattern, text) = input;
    glob::matches(pattern, text);
    glob::matches_ignoring_case(pattern, text);
});
