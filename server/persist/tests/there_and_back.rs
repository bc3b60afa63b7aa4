//! What is written is read, and what is not whole is refused.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod common;

use bongsu_persist::dump;
use bongsu_persist::rdb::decode::{Fault, Options as DecodeOptions, Verdict};
use bongsu_persist::rdb::encode::{Encoder, Options, Sizes, Version};
use bongsu_store::image::{Head, Usage, Value};
use proptest::prelude::*;

use common::images::{form, image, put};
use common::model::Model;
use common::{Trickle, drain, load, written};

fn options() -> impl Strategy<Value = Options> {
    let version = prop_oneof![Just(Version::V10), Just(Version::V11)];
    (any::<bool>(), any::<bool>(), version).prop_map(|(compression, checksum, version)| Options {
        compression,
        checksum,
        version,
    })
}

proptest! {
    #[test]
    fn an_image_comes_back(image in image(), options in options(), step in 1usize..5000, batch_bytes in 0usize..5000) {
        let file = written(&image, options);
        let reading = DecodeOptions { distinct: true, checksum: true, batch_bytes };
        let loaded = load(Trickle { bytes: &file, step }, reading).unwrap();
        prop_assert_eq!(loaded.model, Model::of(&image));
        prop_assert_eq!(loaded.aux.len(), 2);
        prop_assert_eq!(loaded.checksum, Some(if options.checksum { Verdict::Good } else { Verdict::Unknown }));
    }

    #[test]
    fn pieces_of_an_image_make_the_same_file(image in image(), options in options()) {
        let mut encoder = Encoder::new(options, Vec::new());
        let (mut file, mut buffer) = (Vec::new(), Vec::new());
        encoder.begin(&[(b"redis-ver", b"7.0.15"), (b"x-own", b"anything")], &mut buffer);
        for part in bongsu_store::image::Reader::new(&image) {
            encoder.part(&part.unwrap(), &mut buffer).unwrap();
            file.append(&mut buffer);
        }
        encoder.end(&mut buffer).unwrap();
        file.append(&mut buffer);
        prop_assert_eq!(file, written(&image, options));
    }

    #[test]
    fn no_end_is_no_snapshot(image in image(), options in options(), cut in any::<prop::sample::Index>()) {
        let file = written(&image, options);
        let error = load(&file[..cut.index(file.len())], DecodeOptions::default()).unwrap_err();
        prop_assert!(matches!(error.fault, Fault::Truncated), "{}", error);
    }

    #[test]
    fn a_wrong_bit_is_noticed(image in image(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut file = written(&image, Options::default());
        let at = at.index(file.len());
        file[at] ^= 1 << bit;
        if let Ok((loaded, _)) = drain(&file[..], DecodeOptions { distinct: true, ..DecodeOptions::default() }) {
            prop_assert_ne!(loaded.checksum, Some(Verdict::Good));
        }
    }

    #[test]
    fn payloads_come_back(form in form(), options in options(), at in any::<prop::sample::Index>()) {
        let mut image = Vec::new();
        let known = (Some(5), Usage::Frequency(7));
        put(&mut image, 3, b"key", known, &form);
        let mut payload = Vec::new();
        dump::encode(&image, options.compression, options.version, &mut payload).unwrap();
        let head = Head { db: 3, key: b"key", expiry_ms: known.0, usage: known.1, value: Value::Int(0) };
        let mut restored = Vec::new();
        dump::decode(&payload, &head, dump::Options::default(), &mut restored).unwrap();
        prop_assert_eq!(Model::of(&restored), Model::of(&image));

        let at = at.index(payload.len());
        payload[at] ^= 0x10;
        let refused = dump::decode(&payload, &head, dump::Options::default(), &mut Vec::new());
        prop_assert!(matches!(refused, Err(dump::RestoreError::Footer)));
        let unchecked = dump::Options { checksum: false, ..dump::Options::default() };
        let mut image = Vec::new();
        if dump::decode(&payload, &head, unchecked, &mut image).is_ok() {
            // No element twice, no list without elements, and as many as announced.
            Model::of(&image);
        }
    }
}

#[test]
fn databases_are_announced_with_their_sizes() {
    let mut image = Vec::new();
    for db in [0, 2, 0] {
        let key = format!("key:{}", image.len());
        put(&mut image, db, key.as_bytes(), (None, Usage::Unknown), &common::images::Form::Int(1));
    }
    let mut encoder = Encoder::new(Options::default(), vec![Sizes { keys: 2, expiries: 1 }]);
    let mut file = Vec::new();
    encoder.begin(&[], &mut file);
    encoder.function(b"#!lua name=lib", &mut file);
    encoder.image(&image, &mut file).unwrap();
    encoder.end(&mut file).unwrap();
    let loaded = load(&file[..], DecodeOptions::default()).unwrap();
    assert_eq!(loaded.sizes, [(0, 2, 1), (0, 2, 1)]);
    assert_eq!(loaded.functions, [b"#!lua name=lib"]);
    assert_eq!(loaded.model, Model::of(&image));
}
