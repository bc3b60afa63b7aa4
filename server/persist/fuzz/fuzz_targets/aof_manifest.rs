#![no_main]
//! Any bytes as a manifest: what is accepted is read again as it was written, also after a rewrite.

use bongsu_persist::aof::Format;
use bongsu_persist::aof::manifest::{File, Manifest, Names};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(manifest) = Manifest::parse(text) else { return };
    let again = |manifest: &Manifest| {
        let text = manifest.to_text();
        // Escapes can make a line longer than one may be.
        if text.lines().all(|line| line.len() < 1000) && !text.is_empty() {
            let read = Manifest::parse(text.as_bytes()).expect("what was written is read");
            assert_eq!(read.to_text(), text);
        }
    };
    again(&manifest);
    let names = Names::new(b"appendonly.aof");
    let begun = manifest.with_incremental(&names, None);
    let done = begun.with_base(&names, Format::Rdb, begun.last().map(File::seq));
    assert_eq!(done.live().count(), 2);
    again(&done);
    assert_eq!(done.without_history().removable().count(), 0);
});
