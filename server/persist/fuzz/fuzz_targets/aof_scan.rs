#![no_main]
//! Any bytes as a file of commands: cut back to where it is good, it is read to its end.

use bongsu_persist::aof::scan::{Entry, Scanner};
use libfuzzer_sys::fuzz_target;

/// Where the file is good until, and whether it has a good end.
fn scan(bytes: &[u8]) -> (usize, bool) {
    let mut scanner = Scanner::new(bytes, 0);
    let mut is_good = true;
    while let Some(entry) = scanner.next() {
        match entry {
            Ok(Entry::Command(command)) => assert!(command.arguments().map(<[u8]>::len).sum::<usize>() < command.bytes().len()),
            Ok(Entry::Annotation(annotation)) => assert!(annotation.timestamp().is_none() || annotation.is_timestamp()),
            Err(error) => {
                assert!(error.offset().is_some_and(|offset| offset <= bytes.len() as u64));
                is_good = false;
            }
        }
    }
    (scanner.good_until() as usize, is_good)
}

fuzz_target!(|bytes: &[u8]| {
    let (good_until, is_good) = scan(bytes);
    assert_eq!(is_good, good_until == bytes.len());
    assert_eq!(scan(&bytes[..good_until]), (good_until, true));
});
