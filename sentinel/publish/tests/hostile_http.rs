//! Whatever a server of HTTP answers, the outcome is a typed error, in time and within bounds.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

mod contract;
mod support;

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bongsu_publish::{
    Consul, ConsulSettings, Endpoint, Endpoints, Etcd, EtcdSettings, Layout, Patience, Target, TargetError,
};
use contract::record;
use support::fake::{endless, fake};

const LIMIT: Duration = Duration::from_secs(2);

fn endpoints(port: u16) -> Endpoints {
    Endpoints::new(vec![Endpoint::from_url(&format!("http://127.0.0.1:{port}"), 1).unwrap()]).unwrap()
}

fn etcd(port: u16) -> Etcd {
    let (layout, patience) = (Layout::default(), Patience::new(LIMIT, LIMIT).unwrap());
    Etcd::new(EtcdSettings { endpoints: endpoints(port), tls: None, user: None, layout, patience }).unwrap()
}

fn consul(port: u16) -> Consul {
    Consul::new(ConsulSettings {
        endpoints: endpoints(port),
        tls: None,
        token: None,
        datacenter: None,
        namespace: None,
        partition: None,
        layout: Layout::default(),
        patience: Patience::new(LIMIT, LIMIT).unwrap(),
    })
    .unwrap()
}

/// What both clients make of such a server.
async fn read_from(answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> [TargetError; 2] {
    let port = fake(answer);
    let wanted = record("mymaster", 1);
    let started = Instant::now();
    let errors = [
        etcd(port).read(&wanted).await.map(drop).unwrap_err(),
        consul(port).read(&wanted).await.map(drop).unwrap_err(),
    ];
    assert!(started.elapsed() < LIMIT * 4, "{errors:?}");
    errors
}

/// With a complete answer.
async fn read_text(text: &'static str) -> [TargetError; 2] {
    read_from(move |stream| stream.write_all(text.as_bytes())).await
}

fn is_protocol(errors: &[TargetError]) -> bool {
    errors.iter().all(|error| matches!(error, TargetError::Protocol { .. }))
}

#[tokio::test]
async fn bodies_are_bounded() {
    let errors = read_from(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        endless(stream, format!("1000\r\n{}\r\n", " ".repeat(4096)).as_bytes())
    })
    .await;
    assert!(is_protocol(&errors), "{errors:?}");
    let errors = read_from(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")?;
        endless(stream, &[b' '; 4096])
    })
    .await;
    assert!(is_protocol(&errors), "{errors:?}");
}

#[tokio::test]
async fn heads_are_bounded() {
    let errors = read_from(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        endless(stream, format!("X-{}: y\r\n", "x".repeat(100)).as_bytes())
    })
    .await;
    assert!(is_protocol(&errors), "{errors:?}");
}

#[tokio::test]
async fn what_is_no_http_is_told_as_such() {
    let errors = read_text("-ERR unknown command\r\n\r\n").await;
    assert!(is_protocol(&errors), "{errors:?}");
}

#[tokio::test]
async fn what_is_no_answer_is_told_as_such() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
    ] {
        let errors = read_text(text).await;
        assert!(is_protocol(&errors), "{text}: {errors:?}");
    }
}

#[tokio::test]
async fn nesting_is_bounded() {
    let errors = read_from(|stream| {
        let body = "[".repeat(100_000);
        stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
    })
    .await;
    assert!(is_protocol(&errors), "{errors:?}");
}

#[tokio::test]
async fn connections_that_end_early_are_lost() {
    let errors = read_from(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")?;
        stream.shutdown(std::net::Shutdown::Both)
    })
    .await;
    assert!(errors.iter().all(|error| matches!(error, TargetError::Unreachable { .. })), "{errors:?}");
}

#[tokio::test]
async fn servers_that_dawdle_cost_the_limit() {
    let errors = read_from(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
        // A byte now and then keeps any limit from firing that starts anew with each.
        loop {
            std::thread::sleep(LIMIT / 10);
            stream.write_all(b" ")?;
        }
    })
    .await;
    assert!(errors.iter().all(|error| matches!(error, TargetError::Timeout { .. })), "{errors:?}");
}

#[tokio::test]
async fn proxies_in_between_are_unavailable() {
    let errors = read_text("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops").await;
    assert!(errors.iter().all(|error| matches!(error, TargetError::Unavailable { .. })), "{errors:?}");
}

#[tokio::test]
async fn what_servers_say_cannot_break_a_line() {
    let errors = read_text("HTTP/1.1 503 X\r\nContent-Length: 12\r\n\r\na\r\nb\x1b[31mcdef").await;
    assert!(errors.iter().all(|error| !error.to_string().contains(['\r', '\n', '\x1b'])), "{errors:?}");
}
