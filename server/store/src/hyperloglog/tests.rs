use proptest::prelude::*;

use super::*;

const SPARSE_MAX_BYTES: usize = 3000;

fn sketch_of<'a>(elements: impl IntoIterator<Item = &'a str>, sparse_max_bytes: usize) -> Sketch<Vec<u8>> {
    let mut sketch = Sketch::empty();
    for element in elements {
        sketch.add(element.as_bytes(), sparse_max_bytes).unwrap();
    }
    sketch
}

fn estimate<B: AsRef<[u8]>>(sketch: &Sketch<B>) -> u64 {
    sketch.histogram().unwrap().estimate()
}

/// What `GET` of `redis-server` 7.2 gives.
#[test]
fn bytes_are_those_of_redis() {
    let bytes = |elements: &[&str]| sketch_of(elements.iter().copied(), SPARSE_MAX_BYTES).bytes().to_vec();
    assert_eq!(bytes(&[]), b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff");
    let mut expected = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80".to_vec();
    expected.extend(b"Y\x9d\x8cAX\x8cA\xba\x90B\x07\x84@\xe1\x80Gu\x80X\xe7");
    let mut sketch = sketch_of(["foo", "bar", "baz", "foo:1", "foo:2", "zap"], SPARSE_MAX_BYTES);
    sketch.forget_estimate();
    assert_eq!(sketch.bytes(), expected);
}

#[test]
fn estimates_are_kept_until_registers_change() {
    let mut sketch = sketch_of(["a", "b"], SPARSE_MAX_BYTES);
    assert_eq!(sketch.kept_estimate(), None);
    sketch.keep_estimate(2);
    assert_eq!(sketch.kept_estimate(), Some(2));
    assert!(!sketch.add(b"a", SPARSE_MAX_BYTES).unwrap());
    assert_eq!(sketch.kept_estimate(), Some(2));
    assert!(sketch.add(b"c", SPARSE_MAX_BYTES).unwrap());
    assert_eq!(sketch.kept_estimate(), None);
    assert_eq!(estimate(&sketch), 3);
}

#[test]
fn what_is_no_sketch_is_refused() {
    let good = Sketch::empty().bytes().to_vec();
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        encoding_of(&bytes)
    };
    assert_eq!(changed(7, 1), Ok(Encoding::Sparse));
    for (at, byte) in [(0, b'h'), (4, 2), (4, 0)] {
        assert_eq!(changed(at, byte), Err(NotASketch));
    }
    assert_eq!(encoding_of(b"HYLL\x01"), Err(NotASketch));
    assert_eq!(encoding_of(b""), Err(NotASketch));
}

#[test]
fn long_values_become_dense() {
    let elements: Vec<String> = (0..2000).map(|n| n.to_string()).collect();
    let mut sketch = Sketch::empty();
    for element in &elements {
        let before = sketch.bytes().len();
        sketch.add(element.as_bytes(), 300).unwrap();
        match sketch.encoding() {
            Encoding::Sparse => assert!(sketch.bytes().len() <= 300),
            Encoding::Dense => assert!(before > 290),
        }
    }
    assert_eq!(sketch.encoding(), Encoding::Dense);
    assert!(estimate(&sketch).abs_diff(2000) < 60);
}

#[test]
fn the_self_test_passes() {
    let mut n = 0u64;
    let random = || {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        n >> 8
    };
    assert_eq!(self_test(random, SPARSE_MAX_BYTES), Ok(()));
}

#[test]
fn registers_that_no_element_reaches_give_an_overflow() {
    let mut sketch = Sketch::empty();
    sketch.make_dense().unwrap();
    let bytes: Vec<u8> =
        sketch.bytes().iter().enumerate().map(|(at, byte)| if at < HEADER_LEN { *byte } else { 0xff }).collect();
    assert_eq!(estimate(&Sketch::read(bytes).unwrap()), 1 << 63);
}

proptest! {
    /// Runs hold what an array holds, and the estimates are the same.
    #[test]
    fn sparse_and_dense_values_agree(elements in proptest::collection::vec(0u32..3000, 0..600)) {
        let elements: Vec<String> = elements.iter().map(u32::to_string).collect();
        let sparse = sketch_of(elements.iter().map(String::as_str), SPARSE_MAX_BYTES);
        let mut dense = sketch_of(elements.iter().map(String::as_str), 0);
        prop_assert!(elements.is_empty() || dense.encoding() == Encoding::Dense);
        dense.make_dense().unwrap();
        prop_assert_eq!(sparse.encoding(), Encoding::Sparse);
        prop_assert_eq!(sparse.histogram(), dense.histogram());
        let mut merged = [Registers::default(), Registers::default()];
        merged[0].merge(&sparse).unwrap();
        merged[1].merge(&dense).unwrap();
        prop_assert_eq!(&merged[0], &merged[1]);
        prop_assert_eq!(merged[0].histogram(), sparse.histogram().unwrap());
        let mut converted = sparse.clone();
        converted.make_dense().unwrap();
        prop_assert_eq!(&converted.bytes()[HEADER_LEN..], &dense.bytes()[HEADER_LEN..]);
    }

    /// Whatever the bytes are, nothing panics, and what is not corrupted has all registers.
    #[test]
    fn any_bytes_are_refused_or_used(tail in proptest::collection::vec(any::<u8>(), 0..200), element in any::<u64>()) {
        let mut bytes = Sketch::empty().bytes()[..HEADER_LEN].to_vec();
        bytes.extend(tail);
        let mut sketch = Sketch::read(bytes).unwrap();
        let is_good = sketch.histogram().is_ok();
        prop_assert_eq!(Registers::default().merge(&sketch).is_ok(), is_good);
        prop_assert_eq!(sketch.clone().make_dense().is_ok(), is_good);
        let added = sketch.add(&element.to_le_bytes(), SPARSE_MAX_BYTES);
        prop_assert!(!is_good || added.is_ok());
    }
}
