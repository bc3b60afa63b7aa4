//! Lists, whose chunks are counted before the first of them is handed out.

use std::io::Read;

use bongsu_store::image::{Part, Value, Writer};
use bongsu_store::listpack::{Digits, Item, Listpack};

use super::super::super::code::{kind, node};
use super::super::Fault;
use super::super::small::{Small, plain_node, small};
use super::super::source::Source;
use super::super::text::{length, string};
use super::Heading;
use crate::blob::Damage;

/// Elements that come one by one are put together to chunks of so many bytes: what `list-max-listpack-size` is by default.
const CHUNK_BYTES: usize = 8 << 10;

/// A list that is being read.
#[derive(Debug)]
pub(super) struct List {
    code: u8,
    /// Nodes or elements to come.
    left: u64,
    /// Chunks that have not been handed out, as parts, and their number.
    parts: Vec<u8>,
    chunks: u64,
    /// What the last chunk is made of where elements come one by one.
    open: Listpack,
    /// The head has been handed out, with a number of chunks that must be kept.
    is_counted: bool,
}

impl List {
    pub(super) fn new(code: u8, left: u64) -> Self {
        Self { code, left, parts: Vec::new(), chunks: 0, open: Listpack::new(), is_counted: false }
    }

    /// Nothing is to come.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// There was nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_counted
    }

    /// Reads a node or an element.
    pub(super) fn node<R: Read>(&mut self, source: &mut Source<R>, scratch: &mut Vec<u8>) -> Result<(), Fault> {
        let kind = self.code;
        let damaged = |damage| Fault::Collection { kind, damage };
        let container = if kind == kind::LIST_QUICKLIST_2 { length(source)? } else { node::PACKED };
        let bytes = string(source, scratch)?;
        let mut digits = Digits::default();
        self.left -= 1;
        if kind == kind::LIST {
            return self.push(bytes).map_err(damaged);
        }
        let bytes = bytes.bytes(&mut digits);
        if bytes.is_empty() {
            // Even a node without elements has a header, and an element gets a node of its own only where it is long.
            return Err(Fault::EmptyNode);
        }
        let node = match container {
            node::PACKED => small(kind, bytes, false).map_err(damaged)?,
            node::PLAIN => plain_node(bytes).map_err(damaged)?,
            unknown => return Err(Fault::Node(unknown)),
        };
        match node {
            Small::Chunk(chunk) => self.add(&chunk),
            // Others count it and leave it out; that cannot be undone once the number of chunks has been told.
            _ if self.is_counted => return Err(Fault::EmptyNode),
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, item: Item<'_>) -> Result<(), Damage> {
        let mut digits = Digits::default();
        let bytes = item.bytes(&mut digits);
        let cost = Listpack::cost_of(bytes);
        if cost > Listpack::BYTES_MAX / 2 {
            return Err(Damage::TooLong);
        }
        if self.open.byte_len() + cost > CHUNK_BYTES {
            self.close();
        }
        self.open.push_back(bytes);
        if self.left == 0 {
            self.close();
        }
        Ok(())
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            let chunk = std::mem::take(&mut self.open);
            self.add(chunk.as_bytes());
        }
    }

    fn add(&mut self, chunk: &[u8]) {
        Writer::new(&mut self.parts).part(&Part::Chunk(chunk));
        self.chunks += 1;
    }

    /// Moves what can be handed out to the batch. True once that is all.
    ///
    /// Nodes are held back up to the size of a batch. Elements that come one by one are held back to the end: nobody knows how many
    /// chunks they come to, and only servers that are long gone wrote them so.
    pub(super) fn give(&mut self, batch_bytes: usize, heading: &Heading, batch: &mut Vec<u8>) -> bool {
        let can_count = self.code != kind::LIST && self.parts.len() >= batch_bytes;
        if self.left > 0 && !can_count && !self.is_counted {
            return false;
        }
        if !self.is_counted && self.chunks > 0 {
            self.is_counted = true;
            let rest = if self.code == kind::LIST { 0 } else { self.left };
            heading.put(batch, Value::List { chunks: self.chunks.saturating_add(rest) });
        }
        batch.append(&mut self.parts);
        self.left == 0
    }
}
