#![no_main]
//! Any bytes as an image: commands are made from it that can be read, or it is refused.

use bongsu_persist::aof::commands::Rewriter;
use bongsu_persist::aof::scan::Scanner;
use bongsu_store::image::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (mut rewriter, mut out) = (Rewriter::new(), Vec::new());
    for part in Reader::new(bytes) {
        let Ok(part) = part else { return };
        if rewriter.part(&part, &mut out).is_err() {
            return;
        }
    }
    let mut scanner = Scanner::new(out.as_slice(), 0);
    while let Some(entry) = scanner.next() {
        entry.expect("what was written is read");
    }
});
