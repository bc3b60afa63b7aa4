#![no_main]
//! Any bytes as the payload of `RESTORE`: what is accepted can be dumped, and that is accepted again and means the same.

use bongsu_persist::dump::{Options, decode, encode};
use bongsu_persist::rdb::encode::Version;
use bongsu_store::image::{Head, Usage, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, bool)| {
    let (mut payload, distinct) = input;
    payload.extend_from_slice(&[10, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let head = Head { db: 0, key: b"key", expiry_ms: None, usage: Usage::Unknown, value: Value::Int(0) };
    let mut image = Vec::new();
    if decode(&payload, &head, Options { checksum: false, distinct }, &mut image).is_err() {
        assert!(image.is_empty());
        return;
    }
    let (mut dumped, mut again) = (Vec::new(), Vec::new());
    encode(&image, true, Version::V11, &mut dumped).expect("what is restored can be dumped");
    decode(&dumped, &head, Options { checksum: true, distinct }, &mut again).expect("what is dumped can be restored");
    assert_eq!(image, again);
});
