#![no_main]
//! Any bytes come back from what they are compressed to, and any bytes are decompressed without harm.

use bongsu_persist::lzf::{Compressor, decompress};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<Vec<u8>>, u16)| {
    let (texts, len) = input;
    let mut compressor = Compressor::new();
    for text in texts {
        let (mut packed, mut back) = (Vec::new(), Vec::new());
        assert!(compressor.compress(&text, usize::MAX, &mut packed));
        assert_eq!(decompress(&packed, text.len(), &mut back), Ok(()));
        assert_eq!(back, text);
        back.clear();
        if decompress(&text, len.into(), &mut back).is_ok() {
            assert_eq!(back.len(), usize::from(len));
        }
    }
});
