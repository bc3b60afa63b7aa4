//! Servers that are silent, late, wrong, or lose what they were told.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bongsu_publish::dns::DnsTarget;
use bongsu_publish::{Holds, Target, TargetError, Written};
use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME};
use hickory_proto::rr::{RData, Record};

use crate::fake::{self, Via, secret, signed, unsigned};
use crate::given::{NAME, read, record, settings};
use crate::raw;

fn target(server: std::net::SocketAddr, more: &[(&str, &str)]) -> DnsTarget {
    DnsTarget::new(settings(server, &secret(), more))
}

/// A server on which nothing stands and which answers updates with `code`.
async fn answering(code: ResponseCode) -> DnsTarget {
    let script = move |request: &Message, _| {
        let code = if request.op_code == OpCode::Update { code } else { ResponseCode::NXDomain };
        Some(signed(request, unsigned(request, code, Vec::new())))
    };
    target(fake::start(script).await, &[])
}

#[tokio::test]
async fn every_code_of_an_update() {
    let wanted = record(1, "10.0.0.1");
    for (code, expected) in [
        (ResponseCode::NotZone, Err("not-responsible")),
        (ResponseCode::NotAuth, Err("not-responsible")),
        (ResponseCode::NotImp, Err("not-responsible")),
        (ResponseCode::Refused, Err("not-permitted")),
        (ResponseCode::ServFail, Err("unavailable")),
        (ResponseCode::FormErr, Err("protocol")),
        (ResponseCode::YXDomain, Err("protocol")),
        (ResponseCode::NXRRSet, Ok(Written::Lost)),
        (ResponseCode::YXRRSet, Ok(Written::Lost)),
        (ResponseCode::NoError, Ok(Written::Done)),
    ] {
        let target = answering(code).await;
        let seen = read(&target, &wanted).await;
        assert_eq!(seen.holds, Holds::Nothing);
        let written = target.write(&seen.token, &wanted).await;
        assert_eq!(written.as_ref().map_err(TargetError::as_str), expected.as_ref().map_err(|word| *word), "{code}");
        // Whoever lost an update although it said that it was done is found out by reading again.
        assert_eq!(read(&target, &wanted).await.holds, Holds::Nothing);
    }
}

#[tokio::test]
async fn silence_and_late_answers() {
    for transport in ["tcp", "udp"] {
        let more = [("transport", transport), ("timeout-ms", "300")];
        let heard = Arc::new(Mutex::new(0));
        let counter = Arc::clone(&heard);
        let silent = move |_: &Message, _| {
            *counter.lock().unwrap() += 1;
            None
        };
        let target = target(fake::start(silent).await, &more);
        let started = Instant::now();
        let error = target.read(&record(1, "10.0.0.1")).await.unwrap_err();
        assert!(matches!(error, TargetError::Timeout { .. }) && error.is_undecided(), "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(10));
        assert!(*heard.lock().unwrap() <= 3, "nothing is sent twice");
    }

    // The answer to a query comes after the limit, with the next one: it belongs to nobody any more.
    let late = Arc::new(Mutex::new(Vec::new()));
    let script = move |request: &Message, _: Via| {
        let mut late = late.lock().unwrap();
        late.push(signed(request, unsigned(request, ResponseCode::NXDomain, Vec::new())));
        (late.len() > 3).then(|| late.remove(0))
    };
    let target = target(fake::start(script).await, &[("transport", "udp"), ("timeout-ms", "300")]);
    for _ in 0..2 {
        let error = target.read(&record(1, "10.0.0.1")).await.unwrap_err();
        assert!(matches!(error, TargetError::Timeout { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn answers_that_are_not_signed() {
    for (code, word) in [
        (ResponseCode::NoError, "protocol"),
        (ResponseCode::NXDomain, "protocol"),
        (ResponseCode::Refused, "not-permitted"),
        (ResponseCode::NotAuth, "not-responsible"),
        (ResponseCode::FormErr, "protocol"),
    ] {
        let script = move |request: &Message, _| Some(unsigned(request, code, Vec::new()).to_vec().unwrap());
        let error = target(fake::start(script).await, &[]).read(&record(1, "10.0.0.1")).await.unwrap_err();
        assert_eq!(error.as_str(), word, "{error}");
    }
    // Signed, but changed on the way.
    let script = |request: &Message, _| {
        let mut answer = signed(request, unsigned(request, ResponseCode::NoError, Vec::new()));
        answer[3] = 0x03;
        Some(answer)
    };
    let error = target(fake::start(script).await, &[]).read(&record(1, "10.0.0.1")).await.unwrap_err();
    assert!(error.to_string().contains("not signed with our key"), "{error}");
}

#[tokio::test]
async fn answers_that_make_no_sense() {
    let read = async |script: fn(&Message) -> Vec<u8>| {
        let address = fake::start(move |request: &Message, _| Some(script(request))).await;
        target(address, &[]).read(&record(1, "10.0.0.1")).await.unwrap_err()
    };
    let error = read(|_| vec![0; 12]).await;
    assert_eq!(error.as_str(), "protocol", "{error}");
    let error = read(|request| request.to_vec().unwrap()).await;
    assert_eq!(error.as_str(), "protocol", "{error}");
    let error = read(|request| {
        let mut other = unsigned(request, ResponseCode::NoError, Vec::new());
        other.queries[0].set_name(raw::name("other.example.org"));
        signed(request, other)
    });
    assert!(error.await.to_string().contains("another question"));
    let error = read(|request| {
        let mut cached = unsigned(request, ResponseCode::NoError, Vec::new());
        cached.metadata.authoritative = false;
        signed(request, cached)
    });
    assert!(error.await.to_string().contains("not authoritative"));
    let error = read(|request| {
        let alias = RData::CNAME(CNAME(raw::name("db1.example.org")));
        let alias = Record::from_rdata(raw::name(NAME), 5, alias);
        signed(request, unsigned(request, ResponseCode::NoError, vec![alias]))
    });
    assert!(error.await.to_string().contains("is an alias"));
}

#[tokio::test]
async fn truncated_answers_are_asked_for_over_tcp() {
    let script = |request: &Message, via: Via| {
        let address = RData::A(A([10, 0, 0, 1].into()));
        let address = Record::from_rdata(raw::name(NAME), 5, address);
        let is_address = request.queries[0].query_type() == hickory_proto::rr::RecordType::A;
        let answers = if is_address && via == Via::Tcp { vec![address] } else { Vec::new() };
        let mut answer = unsigned(request, ResponseCode::NoError, answers);
        answer.metadata.truncation = is_address && via == Via::Udp;
        Some(signed(request, answer))
    };
    let target = target(fake::start(script).await, &[("transport", "udp")]);
    let held = read(&target, &record(1, "10.0.0.1")).await.holds;
    assert_eq!(held, Holds::Foreign { what: format!("{NAME}. A 10.0.0.1 without a guard") });
}
