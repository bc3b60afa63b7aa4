//! How fast a snapshot of many keys is written, read, and taken into a keyspace.
//!
//! `cargo run --release -p bongsu-persist --example snapshot_speed -- KEYS VALUE_BYTES [FILE]` leaves the snapshot in a file, for other
//! servers to be measured beside it.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made ends")]

use std::time::{Duration, Instant};

use bongsu_persist::rdb::decode::{self, Decoder, Event, Verdict};
use bongsu_persist::rdb::encode::{Encoder, Options, Sizes};
use bongsu_store::image::{Admission, AdmissionOptions, Head, Reader, Usage, Value, Writer};
use bongsu_store::random::Random;
use bongsu_store::shard::Shard;

/// What a walker hands over at a time.
const BATCH: usize = 256 << 10;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| arguments.next().map_or(default, |text| text.parse().unwrap());
    let (keys, len) = (number(2_000_000), number(256) as usize);
    let file = encoded(keys, len);
    if let Some(path) = arguments.next() {
        std::fs::write(path, &file).unwrap();
    }
    decoded(&file);
    admitted(&file);
}

fn report(what: &str, bytes: usize, took: Duration) {
    let rate = bytes as f64 / took.as_secs_f64() / 1e6;
    println!("{what}: {bytes} bytes in {:.3} s, {rate:.0} MB/s", took.as_secs_f64());
}

fn encoded(keys: u64, len: usize) -> Vec<u8> {
    let mut random = Random::new([1, 2, 3, 4]);
    let value: Vec<u8> = std::iter::repeat_with(|| random.next_u64() as u8).take(len).collect();
    let options = Options { compression: false, ..Options::default() };
    let mut encoder = Encoder::new(options, vec![Sizes { keys, expiries: 0 }]);
    // Memory that has not been touched yet costs more than what is written to it.
    let mut file = vec![1; keys as usize * (len + 32)];
    file.clear();
    let (mut image, mut took) = (Vec::with_capacity(2 * BATCH), Duration::ZERO);
    encoder.begin(&[(b"redis-ver", b"7.0.0")], &mut file);
    for n in 0..keys {
        let key = format!("key:{n:012}");
        let head =
            Head { db: 0, key: key.as_bytes(), expiry_ms: None, usage: Usage::Unknown, value: Value::Text(&value) };
        Writer::new(&mut image).head(&head);
        if image.len() >= BATCH || n + 1 == keys {
            let start = Instant::now();
            encoder.image(&image, &mut file).unwrap();
            took += start.elapsed();
            image.clear();
        }
    }
    encoder.end(&mut file).unwrap();
    report("encode", file.len(), took);
    file
}

fn decoded(file: &[u8]) {
    let start = Instant::now();
    let mut decoder = Decoder::new(file, decode::Options::default());
    while let Some(event) = decoder.next_event().unwrap() {
        match event {
            Event::Parts(parts) => decoder.recycle(parts),
            Event::End { checksum } => assert_eq!(checksum, Verdict::Good),
            _ => {}
        }
    }
    report("decode", file.len(), start.elapsed());
}

fn admitted(file: &[u8]) {
    let start = Instant::now();
    let mut shard = Shard::new(16, Random::new([1, 2, 3, 4]));
    let mut admission = Admission::new(AdmissionOptions::default());
    let mut decoder = Decoder::new(file, decode::Options::default());
    while let Some(event) = decoder.next_event().unwrap() {
        if let Event::Parts(parts) = event {
            for part in Reader::new(&parts) {
                shard.admit(&part.unwrap(), &mut admission).unwrap();
            }
            decoder.recycle(parts);
        }
    }
    report("decode and admit, on one thread", file.len(), start.elapsed());
    println!("{} keys", shard.db(0).len());
}
