//! Elements of collections in replies.

use bongsu_protocol::resp::Writer;

use crate::listpack::Item;

/// Writes an element as a string, whichever way it is kept.
#[inline]
pub(super) fn write_item(reply: &mut Writer<'_>, item: Item<'_>) {
    match item {
        Item::Int(n) => reply.bulk_integer(n),
        Item::Bytes(bytes) => reply.bulk(bytes),
    }
}
