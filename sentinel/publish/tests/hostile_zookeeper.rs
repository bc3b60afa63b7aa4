//! Whatever a server of ZooKeeper's protocol answers, the outcome is a typed error, in time and within bounds.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod contract;
mod support;

use std::io::Write;
use std::net::TcpStream;
use std::time::Instant;

use bongsu_publish::{Target, TargetError, ZooKeeper};
use contract::record;
use support::fake::{endless, fake};
use support::zookeeper::{LIMIT, settings};

fn frame(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

/// The answer to a handshake, with this timeout.
fn session(timeout_ms: i32) -> Vec<u8> {
    let password = [&16_u32.to_be_bytes()[..], &[7; 16]].concat();
    frame(&[&[0; 4][..], &timeout_ms.to_be_bytes(), &[1; 8], &password, &[0]].concat())
}

/// The answer to a request.
fn answer(xid: i32, code: i32, body: &[u8]) -> Vec<u8> {
    frame(&[&xid.to_be_bytes()[..], &[0; 8], &code.to_be_bytes(), body].concat())
}

/// A session in which the request for `sync` was answered.
fn synced() -> Vec<u8> {
    [session(10_000), answer(1, 0, &[0, 0, 0, 1, b'/'])].concat()
}

async fn read_from(answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> TargetError {
    let target = ZooKeeper::new(settings(fake(answer), false)).unwrap();
    let started = Instant::now();
    let error = target.read(&record("mymaster", 1)).await.map(drop).unwrap_err();
    assert!(started.elapsed() < LIMIT * 3, "{error:?}");
    error
}

async fn read_bytes(bytes: Vec<u8>) -> TargetError {
    read_from(move |stream| stream.write_all(&bytes)).await
}

#[tokio::test]
async fn lengths_are_bounded() {
    for length in [[0x7f, 0xff, 0xff, 0xff], [0xff; 4], [0x80, 0, 0, 0]] {
        let error = read_bytes(length.to_vec()).await;
        assert!(matches!(error, TargetError::Protocol { .. }), "{error:?}");
        let error = read_bytes([session(10_000), length.to_vec()].concat()).await;
        assert!(matches!(error, TargetError::Protocol { .. }), "{error:?}");
    }
    let error = read_from(|stream| endless(stream, b"HTTP/1.1 400 Bad Request\r\n")).await;
    assert!(matches!(error, TargetError::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn answers_belong_to_requests() {
    for xid in [-1, 0, 2] {
        let error = read_bytes([session(10_000), answer(xid, 0, &[])].concat()).await;
        assert!(matches!(error, TargetError::Protocol { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn answers_are_whole() {
    let value = [&1_u32.to_be_bytes()[..], b"x"].concat();
    let negative = [&value[..], &[0; 32], &(-1_i32).to_be_bytes(), &[0; 32]].concat();
    for body in [&[][..], &[0, 0], &[0x7f, 0xff, 0xff, 0xff], &value, &negative] {
        let error = read_bytes([synced(), answer(2, 0, body)].concat()).await;
        assert!(matches!(error, TargetError::Protocol { .. }), "{body:?}: {error:?}");
    }
    let error = read_bytes([session(10_000), frame(&[0; 3])].concat()).await;
    assert!(matches!(error, TargetError::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn codes_are_typed() {
    for (code, word) in [
        (-4, "unreachable"),
        (-112, "unreachable"),
        (-102, "not-permitted"),
        (-115, "not-authenticated"),
        (-119, "unavailable"),
        (-127, "unavailable"),
        (-9999, "protocol"),
    ] {
        let error = read_bytes([synced(), answer(2, code, &[])].concat()).await;
        assert_eq!(error.as_str(), word, "{error}");
    }
}

#[tokio::test]
async fn sessions_can_be_refused_or_lost() {
    let error = read_bytes(session(0)).await;
    assert!(matches!(error, TargetError::Unavailable { .. }), "{error:?}");
    let error = read_from(|stream| {
        stream.write_all(&synced())?;
        stream.shutdown(std::net::Shutdown::Both)
    })
    .await;
    assert!(matches!(error, TargetError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn servers_that_dawdle_cost_the_limit() {
    let error = read_from(|stream| {
        stream.write_all(&[&synced()[..], &1000_u32.to_be_bytes()].concat())?;
        // A byte now and then keeps any limit from firing that starts anew with each.
        loop {
            std::thread::sleep(LIMIT / 10);
            stream.write_all(&[0])?;
        }
    })
    .await;
    assert!(matches!(error, TargetError::Timeout { .. }), "{error:?}");
}
