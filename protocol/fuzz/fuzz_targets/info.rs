#![no_main]
//! Any text of `INFO`: no panic.

use bongsu_protocol::info::NodeInfo;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    NodeInfo::parse(text);
});
