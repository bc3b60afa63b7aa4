#![no_main]
//! Any configuration file: no panic, and a rewrite without settings keeps every directive.

use bongsu_protocol::conf::{ConfDocument, ConfRewrite};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let document = ConfDocument::parse(text);
    let rewritten = ConfDocument::parse(&document.rewrite(&ConfRewrite::new()));
    let words = |document: &ConfDocument| -> Vec<_> {
        document.directives().flatten().map(|directive| directive.words.to_vec()).collect()
    };
    assert_eq!(words(&document), words(&rewritten));
    assert!(rewritten.directives().all(|directive| directive.is_ok()));
});
