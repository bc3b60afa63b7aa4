//! The messages that are sent: queries, and the one UPDATE.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::{DNSClass, Name, Record, RecordType};

use super::contents::Contents;
use super::exchange::DATAGRAM_MAX;

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A server of the zone, for its own data: RD=0.
    Authority,
    /// A resolver: RD=1.
    Resolver,
}

/// One query for each name and type, with ids of which no two are the same. `first_id` should not be foreseeable.
pub(super) fn queries<'a>(
    first_id: u16,
    asked: Asked,
    sets: impl IntoIterator<Item = &'a (Name, RecordType)>,
) -> Vec<Message> {
    let query = |(n, (name, kind)): (u16, &(Name, RecordType))| {
        let mut message = Message::new(first_id.wrapping_add(n), MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = asked == Asked::Resolver;
        message.add_query(Query::query(name.clone(), *kind));
        let mut edns = Edns::new();
        edns.set_max_payload(DATAGRAM_MAX as u16);
        message.set_edns(edns);
        message
    };
    (0..).zip(sets).map(query).collect()
}

/// The UPDATE (RFC 2136) that replaces `old` by `new` if `old` is still there: in one message, so that nobody sees neither or both.
///
/// All RRsets as they were read are prerequisites, not the guard alone: an address that somebody changed by hand after it was read, or
/// a read of which each part is of another moment, makes it fail instead of being lost. TTLs are no part of a prerequisite.
pub(super) fn update(id: u16, zone: &Name, old: &Contents, new: &Contents) -> Message {
    let mut message = Message::new(id, MessageType::Query, OpCode::Update);
    message.add_query(Query::query(zone.clone(), RecordType::SOA));
    for set in &old.0 {
        if set.data.is_empty() {
            // Section 2.4.3: the RRset does not exist.
            message.add_answer(of_class(DNSClass::NONE, &set.name, set.kind));
        }
        for data in &set.data {
            // Section 2.4.2: the RRset exists with exactly these data.
            message.add_answer(Record::from_rdata(set.name.clone(), 0, data.clone()));
        }
    }
    for set in &new.0 {
        // Section 2.5.2: delete an RRset; then 2.5.1: add to it.
        message.add_authority(of_class(DNSClass::ANY, &set.name, set.kind));
        for data in &set.data {
            message.add_authority(Record::from_rdata(set.name.clone(), set.ttl, data.clone()));
        }
    }
    message
}

fn of_class(class: DNSClass, name: &Name, kind: RecordType) -> Record {
    let mut record = Record::update0(name.clone(), 0, kind);
    record.dns_class = class;
    record
}
