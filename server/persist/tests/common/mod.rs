//! What the tests of this package share.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part of it; a failed expectation ends the test")]

pub(crate) mod images;
pub(crate) mod legacy;
pub(crate) mod model;
pub(crate) mod redis;

use std::io::Read;

use bongsu_persist::rdb::decode::{Decoder, Error, Event, Options as DecodeOptions, Verdict};
use bongsu_persist::rdb::encode::{Encoder, Options as EncodeOptions};

use model::Model;

/// A snapshot of an image.
pub(crate) fn written(image: &[u8], options: EncodeOptions) -> Vec<u8> {
    let mut encoder = Encoder::new(options, Vec::new());
    let mut out = Vec::new();
    encoder.begin(&[(b"redis-ver", b"7.0.15"), (b"x-own", b"anything")], &mut out);
    encoder.image(image, &mut out).unwrap();
    encoder.end(&mut out).unwrap();
    out
}

/// All that is read from a snapshot.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) model: Model,
    pub(crate) aux: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) functions: Vec<Vec<u8>>,
    pub(crate) sizes: Vec<(u32, u64, u64)>,
    pub(crate) checksum: Option<Verdict>,
    pub(crate) empty_keys: Vec<Vec<u8>>,
}

/// Reads a snapshot to its end.
pub(crate) fn load(read: impl Read, options: DecodeOptions) -> Result<Loaded, Error> {
    let (mut loaded, image) = drain(read, options)?;
    loaded.model = Model::of(&image);
    Ok(loaded)
}

/// Reads a snapshot that may be damaged to its end. The image may be one that contradicts itself.
pub(crate) fn drain(read: impl Read, options: DecodeOptions) -> Result<(Loaded, Vec<u8>), Error> {
    let mut decoder = Decoder::new(read, options);
    let mut loaded = Loaded::default();
    let mut image = Vec::new();
    while let Some(event) = decoder.next_event()? {
        match event {
            Event::Aux { name, value } => loaded.aux.push((name, value)),
            Event::Sizes { db, keys, expiries } => loaded.sizes.push((db, keys, expiries)),
            Event::Function(code) => loaded.functions.push(code),
            Event::Parts(parts) => {
                image.extend_from_slice(&parts);
                decoder.recycle(parts);
            }
            Event::EmptyKey { key, .. } => loaded.empty_keys.push(key),
            Event::End { checksum } => loaded.checksum = Some(checksum),
        }
    }
    Ok((loaded, image))
}

/// Gives a few bytes at a time.
pub(crate) struct Trickle<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) step: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let len = self.step.min(into.len());
        self.bytes.read(&mut into[..len])
    }
}
