use proptest::prelude::*;

use super::*;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"before".to_vec();
    assert!(Compressor::new().compress(bytes, usize::MAX, &mut out));
    out.split_off(6)
}

fn unpacked(compressed: &[u8], len: usize) -> Result<Vec<u8>, Damaged> {
    let mut out = b"before".to_vec();
    let result = decompress(compressed, len, &mut out);
    assert_eq!(&out[..6], b"before");
    assert!(result.is_ok() || out.len() == 6);
    result.map(|()| out.split_off(6))
}

#[test]
fn what_repeats_becomes_short() {
    assert_eq!(packed(&[b'a'; 1000]).len(), 2 + 4 * 3);
    assert!(packed("all work and no play ".repeat(50).as_bytes()).len() < 60);
}

#[test]
fn each_kind_of_run() {
    assert_eq!(unpacked(b"\x02abc", 3).as_deref(), Ok(&b"abc"[..]));
    assert_eq!(unpacked(b"\x02abc\x20\x02", 6).as_deref(), Ok(&b"abcabc"[..]));
    assert_eq!(unpacked(b"\x00a\xe0\x01\x00", 11).as_deref(), Ok(&b"aaaaaaaaaaa"[..]));
}

#[test]
fn lies_are_found() {
    assert_eq!(unpacked(b"\x02ab", 3), Err(Damaged::Truncated));
    assert_eq!(unpacked(b"\x00a\xe0", 11), Err(Damaged::Truncated));
    assert_eq!(unpacked(b"\x00a\xe0\x01", 11), Err(Damaged::Truncated));
    assert_eq!(unpacked(b"\x00a\x20", 4), Err(Damaged::Truncated));
    assert_eq!(unpacked(b"\x00a\x20\x01", 4), Err(Damaged::Distance));
    assert_eq!(unpacked(b"\x02abc", 2), Err(Damaged::Length));
    assert_eq!(unpacked(b"\x02abc", 4), Err(Damaged::Length));
    assert_eq!(unpacked(b"\x00a\x20\x00", 3), Err(Damaged::Length));
    assert_eq!(unpacked(b"\x00a", usize::MAX), Err(Damaged::Length));
    assert_eq!(unpacked(b"", 0).as_deref(), Ok(&b""[..]));
}

#[test]
fn too_long_leaves_nothing() {
    let mut out = Vec::new();
    let bytes: Vec<u8> = (0..=255).collect();
    assert!(!Compressor::new().compress(&bytes, 252, &mut out));
    assert!(out.is_empty());
}

#[test]
fn positions_begin_anew_before_they_overflow() {
    let mut compressor = Compressor::new();
    compressor.base = u32::MAX - 10;
    for _ in 0..3 {
        let (bytes, mut out) = (b"again and again and again and again".repeat(3), Vec::new());
        assert!(compressor.compress(&bytes, usize::MAX, &mut out));
        assert_eq!(unpacked(&out, bytes.len()), Ok(bytes));
    }
}

/// Bytes that repeat what was before, as texts do.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let pieces =
        proptest::collection::vec((any::<u16>(), 0usize..300, proptest::collection::vec(0u8..6, 0..40)), 0..40);
    pieces.prop_map(|pieces| {
        let mut all = Vec::new();
        for (from, len, new) in pieces {
            if !all.is_empty() {
                let from = usize::from(from) % all.len();
                let to = (from + len).min(all.len());
                all.extend_from_within(from..to);
            }
            all.extend(new);
        }
        all
    })
}

proptest! {
    #[test]
    fn what_was_compressed_comes_back(texts in proptest::collection::vec(texts(), 1..5)) {
        let mut compressor = Compressor::new();
        for text in texts {
            let mut out = Vec::new();
            prop_assert!(compressor.compress(&text, usize::MAX, &mut out));
            prop_assert!(out.len() <= text.len() + text.len().div_ceil(LITERALS_MAX));
            prop_assert_eq!(unpacked(&out, text.len()), Ok(text));
        }
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), len in 0usize..2000) {
        if let Ok(out) = unpacked(&bytes, len) {
            prop_assert_eq!(out.len(), len);
        }
    }
}
