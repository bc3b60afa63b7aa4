//! What checksums, compression and the RDB format cost.
#![allow(missing_docs, clippy::unwrap_used, reason = "measurements")]

use std::hint::black_box;

use bongsu_persist::crc64::Crc64;
use bongsu_persist::lzf::{Compressor, decompress};
use bongsu_persist::rdb::decode::{self, Decoder, Event};
use bongsu_persist::rdb::encode::{Encoder, Options};
use bongsu_store::image::{Head, Part, Usage, Value, Writer};
use bongsu_store::listpack::Listpack;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// As much as a writer hands over at a time.
const BUFFER: usize = 256 << 10;

/// A value as applications keep them: a JSON object of about 256 bytes.
fn document() -> Vec<u8> {
    let parts: Vec<String> = (0..8).map(|n| format!(r#"{{"id":{},"name":"item-{n}","ok":true}}"#, n * 7919)).collect();
    format!("[{}]", parts.join(",")).into_bytes()
}

/// Bytes that do not compress.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn checksum(c: &mut Criterion) {
    let bytes = noise(BUFFER);
    let mut group = c.benchmark_group("crc64");
    group.throughput(Throughput::Bytes(BUFFER as u64));
    group.bench_function("256 KiB", |b| b.iter(|| Crc64::of(black_box(&bytes))));
    group.finish();
}

fn compression(c: &mut Criterion) {
    let mut group = c.benchmark_group("lzf");
    for (name, bytes) in [("document", document()), ("noise", noise(256)), ("zeros", vec![0; 4096])] {
        let (mut compressor, mut out) = (Compressor::new(), Vec::new());
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format!("compress {name}"), |b| {
            b.iter(|| {
                out.clear();
                compressor.compress(black_box(&bytes), bytes.len() - 4, &mut out)
            });
        });
        out.clear();
        assert!(compressor.compress(&bytes, usize::MAX, &mut out));
        let mut back = Vec::new();
        group.bench_function(format!("decompress {name}"), |b| {
            b.iter(|| {
                back.clear();
                decompress(black_box(&out), bytes.len(), &mut back)
            });
        });
    }
    group.finish();
}

/// Keys with values of this kind, as a batch of an image has them.
fn image(value: &[u8]) -> Vec<u8> {
    let mut image = Vec::new();
    let mut n = 0;
    while image.len() < BUFFER {
        let key = format!("key:{n:012}");
        let value = Value::Text(value);
        Writer::new(&mut image).head(&Head {
            db: 0,
            key: key.as_bytes(),
            expiry_ms: None,
            usage: Usage::Unknown,
            value,
        });
        n += 1;
    }
    image
}

/// A small hash of a user.
fn hashes() -> Vec<u8> {
    let mut list = Listpack::new();
    for n in 0..10 {
        list.push_back(format!("field:{n}").as_bytes());
        list.push_back(if n % 2 == 0 { b"a value".as_slice() } else { b"1234567" });
    }
    let mut image = Vec::new();
    while image.len() < BUFFER {
        let key = format!("user:{:012}", image.len());
        let value = Value::SmallHash(list.as_bytes());
        Writer::new(&mut image).head(&Head {
            db: 0,
            key: key.as_bytes(),
            expiry_ms: None,
            usage: Usage::Unknown,
            value,
        });
    }
    image
}

/// A large sorted set.
fn members() -> Vec<u8> {
    let mut image = Vec::new();
    let members = (BUFFER / 32) as u64;
    let head = Head { db: 0, key: b"zset", expiry_ms: None, usage: Usage::Unknown, value: Value::Zset { members } };
    Writer::new(&mut image).head(&head);
    for n in 0..members {
        Writer::new(&mut image).part(&Part::Scored(format!("member:{n:010}").as_bytes(), n as f64 / 3.0));
    }
    image
}

fn file_of(image: &[u8], options: Options) -> Vec<u8> {
    let mut encoder = Encoder::new(options, Vec::new());
    let mut file = Vec::with_capacity(2 * BUFFER);
    encoder.begin(&[], &mut file);
    encoder.image(image, &mut file).unwrap();
    encoder.end(&mut file).unwrap();
    file
}

fn files(c: &mut Criterion) {
    let mut group = c.benchmark_group("rdb");
    let plain = Options { compression: false, ..Options::default() };
    let cases = [
        ("noise of 256 bytes", image(&noise(256)), plain),
        ("noise of 256 bytes, compressed", image(&noise(256)), Options::default()),
        ("documents, compressed", image(&document()), Options::default()),
        ("numbers", image(b"1234567"), plain),
        ("small hashes", hashes(), plain),
        ("members", members(), plain),
    ];
    for (name, image, options) in cases {
        group.throughput(Throughput::Bytes(image.len() as u64));
        let mut out = Vec::with_capacity(2 * BUFFER);
        let mut encoder = Encoder::new(options, Vec::new());
        group.bench_function(format!("encode {name}"), |b| {
            b.iter(|| {
                out.clear();
                encoder.image(black_box(&image), &mut out).unwrap();
            });
        });
        // Long enough for the start not to matter.
        let file = file_of(&image.repeat(16), options);
        group.throughput(Throughput::Bytes(16 * image.len() as u64));
        group.bench_function(format!("decode {name}"), |b| {
            b.iter(|| {
                let mut decoder = Decoder::new(black_box(&file[..]), decode::Options::default());
                while let Some(event) = decoder.next_event().unwrap() {
                    if let Event::Parts(parts) = event {
                        decoder.recycle(black_box(parts));
                    }
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, checksum, compression, files);
criterion_main!(benches);
