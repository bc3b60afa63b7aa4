//! Requests read and replies written, as a server does it.
#![allow(missing_docs, clippy::unwrap_used, reason = "measurements")]

use std::hint::black_box;

use bongsu_protocol::resp::{Protocol, RequestLimits, RequestParser, Writer};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Requests of a pipeline.
const PIPELINE: usize = 64;

fn requests(c: &mut Criterion) {
    let limits = RequestLimits::default();
    let mut group = c.benchmark_group("request");
    let set =
        [b"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$64\r\n".to_vec(), vec![b'x'; 64], b"\r\n".to_vec()].concat();
    for (name, request) in [
        ("get", b"*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n".to_vec()),
        ("set", set),
        ("inline", b"GET key\r\n".to_vec()),
    ] {
        let bytes = request.repeat(PIPELINE);
        group.throughput(Throughput::Elements(PIPELINE as u64));
        group.bench_function(name, |b| {
            let mut parser = RequestParser::new();
            b.iter(|| {
                let (mut rest, mut seen) = (bytes.as_slice(), 0);
                while !rest.is_empty() {
                    let progress = parser.parse(rest, &limits).unwrap();
                    seen += progress.request.map_or(0, |request| request.len());
                    rest = &rest[progress.consumed..];
                }
                seen
            });
        });
    }
}

fn replies(c: &mut Criterion) {
    let mut group = c.benchmark_group("reply");
    let value = [b'x'; 64];
    let mut out = Vec::new();
    let mut measure = |name: &str, write: &dyn Fn(&mut Writer<'_>)| {
        group.bench_function(name, |b| {
            b.iter(|| {
                out.clear();
                write(&mut Writer::new(&mut out, Protocol::Resp3));
                out.len()
            });
        });
    };
    measure("ok", &|reply| reply.simple(black_box("OK")));
    measure("integer", &|reply| reply.integer(black_box(123_456_789)));
    measure("bulk", &|reply| reply.bulk(black_box(value)));
    measure("double", &|reply| reply.double(black_box(0.1)));
    measure("array of 100", &|reply| {
        reply.array(100);
        (0..100).for_each(|_| reply.bulk(black_box(value)));
    });
}

criterion_group!(benches, requests, replies);
criterion_main!(benches);
