//! What answers say.

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};

use super::contents::RrSet;
use crate::{TargetError, Written};

/// The error of an answer that refuses (RFC 1035, section 4.1.1; RFC 2136, section 2.2).
pub(super) fn refusal(who: String, code: ResponseCode) -> TargetError {
    let because = |text: &str| text.to_owned();
    match code {
        ResponseCode::ServFail => TargetError::Unavailable { who, reason: because("SERVFAIL") },
        ResponseCode::Refused => TargetError::NotPermitted { who, reason: because("REFUSED") },
        ResponseCode::NotAuth => {
            TargetError::NotResponsible { who, reason: because("it has no authority over the zone (NOTAUTH)") }
        }
        ResponseCode::NotZone => {
            TargetError::NotResponsible { who, reason: because("the name is not in its zone (NOTZONE)") }
        }
        ResponseCode::NotImp => {
            TargetError::NotResponsible { who, reason: because("it does not know this operation (NOTIMP)") }
        }
        code => TargetError::Protocol { who, reason: format!("{code} (response code {})", u16::from(code)) },
    }
}

/// The answer to an UPDATE.
pub(super) fn written(who: String, answer: &Message) -> Result<Written, TargetError> {
    match answer.response_code {
        ResponseCode::NoError => Ok(Written::Done),
        ResponseCode::NXRRSet | ResponseCode::YXRRSet => Ok(Written::Lost),
        code => Err(refusal(who, code)),
    }
}

/// The RRset that a server of the zone has: the answer has to be authoritative.
pub(super) fn own_set(who: &str, answer: &Message) -> Result<RrSet, TargetError> {
    let set = any_set(who, answer)?;
    if answer.authoritative {
        return Ok(set);
    }
    let reason = format!("its answer for {} is not authoritative", set.name);
    Err(TargetError::NotResponsible { who: who.to_owned(), reason })
}

/// The RRset of an answer; empty if the name or the type does not exist.
pub(super) fn any_set(who: &str, answer: &Message) -> Result<RrSet, TargetError> {
    let who = || who.to_owned();
    if !matches!(answer.response_code, ResponseCode::NoError | ResponseCode::NXDomain) {
        return Err(refusal(who(), answer.response_code));
    }
    let Some(query) = answer.queries.first() else {
        return Err(TargetError::Protocol { who: who(), reason: "it repeats no question".to_owned() });
    };
    let (name, kind): (&Name, RecordType) = (query.name(), query.query_type());
    let mut set = RrSet { name: name.clone(), kind, ttl: u32::MAX, data: Vec::new() };
    for record in &answer.answers {
        if matches!(record.record_type(), RecordType::CNAME | RecordType::DNAME) && kind != record.record_type() {
            // An alias takes no other records beside it: an update would be accepted and do nothing (RFC 2136, section 3.4.2.2).
            let reason = format!("{name} is an alias: {} {} {}", record.name, record.record_type(), record.data);
            return Err(TargetError::NotResponsible { who: who(), reason });
        }
        if record.name == *name && record.record_type() == kind && !set.data.contains(&record.data) {
            set.ttl = set.ttl.min(record.ttl);
            set.data.push(record.data.clone());
        }
    }
    if set.data.is_empty() {
        set.ttl = negative_ttl(answer);
    }
    Ok(set)
}

/// How long a resolver may remember that there is nothing (RFC 2308, section 5).
fn negative_ttl(answer: &Message) -> u32 {
    let soa = answer.authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(soa.minimum.min(record.ttl)),
        _ => None,
    });
    soa.unwrap_or(0)
}

/// The serial number of a zone, from the answer for its SOA.
pub(super) fn serial(set: &RrSet) -> Option<u32> {
    set.data.iter().find_map(|data| match data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    })
}
