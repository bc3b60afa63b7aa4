#![no_main]
//! Any string as a value of `PFADD`: no panic, and a value that was read once is one after every change.

use bongsu_store::hyperloglog::{Registers, Sketch};
use libfuzzer_sys::fuzz_target;

const SPARSE_BYTES_MAX: usize = 3000;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (bytes, element) = input;
    let mut value = b"HYLL".to_vec();
    value.extend_from_slice(bytes);
    let Ok(mut sketch) = Sketch::read(value) else { return };
    sketch.has(element);
    let is_whole = sketch.histogram().is_ok();
    let _corrupted = Registers::default().merge(&sketch);
    let is_added = sketch.add(element, SPARSE_BYTES_MAX).is_ok();
    if is_whole {
        assert!(is_added && sketch.has(element));
        assert!(sketch.make_dense().is_ok());
        assert!(sketch.has(element));
    }
});
