#![no_main]
//! Any bytes as a snapshot: what is read of them is an image whose heads are followed by as many elements as they say.

use bongsu_persist::rdb::decode::{Decoder, Event, Options};
use bongsu_persist::rdb::encode::{self, Encoder};
use bongsu_store::image::{Part, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, bool, u8)| {
    let (body, distinct, batch_bytes) = input;
    // Most inputs are not to fail for want of a header.
    let mut file = b"REDIS0011".to_vec();
    file.extend_from_slice(&body);
    let options = Options { distinct, checksum: true, batch_bytes: batch_bytes.into() };
    let mut decoder = Decoder::new(&file[..], options);
    let mut encoder = Encoder::new(encode::Options::default(), Vec::new());
    let (mut missing, mut out) = (0, Vec::new());
    while let Ok(Some(event)) = decoder.next_event() {
        let Event::Parts(parts) = event else { continue };
        encoder.image(&parts, &mut out).expect("what is read can be written");
        for part in Reader::new(&parts) {
            match part.expect("parts are whole") {
                Part::Head(head) => {
                    assert_eq!(missing, 0);
                    missing = head.value.elements();
                }
                _ => missing -= 1,
            }
        }
    }
});
