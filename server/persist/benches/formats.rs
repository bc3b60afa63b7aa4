//! What checksums, compression and the RDB format cost.
#![allow(missing_docs, clippy::unwrap_used, reason = "measurements")]

use std::hint::black_box;

use bongsu_persist::crc64::Crc64;
use bongsu_persist::lzf::{Compressor, decompress};
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

criterion_group!(benches, checksum, compression);
criterion_main!(benches);
