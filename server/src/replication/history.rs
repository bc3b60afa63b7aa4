//! Which stream of changes this server's data come from, and how much of it.

use super::backlog::Backlog;
use super::trail::Trail;
use crate::engine::{Feed, Reader};
use crate::info::identity;

/// Letters of the name of a history.
const ID_LEN: usize = 40;

/// The name of a stream of changes (`master_replid`): 40 hexadecimal digits, chosen at random when the stream begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ReplicationId(String);

impl ReplicationId {
    /// The name of no history.
    pub(crate) fn none() -> Self {
        Self("0".repeat(ID_LEN))
    }

    /// Of a new history.
    pub(crate) fn random() -> Self {
        Self(identity())
    }

    /// From what somebody sent. `None` if it is no such name.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let is_name = text.len() == ID_LEN && text.iter().all(u8::is_ascii_hexdigit);
        is_name.then(|| Self(String::from_utf8_lossy(text).to_ascii_lowercase()))
    }

    /// The digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The stream of changes. Its bytes are counted from the beginning: an offset is how many there were.
#[derive(Debug)]
pub(crate) struct History {
    /// The stream's name.
    pub(crate) id: ReplicationId,
    /// The stream that this one goes on from, and up to which offset it is the same.
    pub(crate) before: Option<(ReplicationId, u64)>,
    /// The database that was selected last in that one, for a server that goes back to it.
    before_db: Option<u32>,
    /// Bytes of the stream so far.
    pub(crate) offset: u64,
    /// The last part of it, if anybody may come for it.
    pub(crate) backlog: Option<Backlog>,
    /// The database that was selected last in the stream.
    selected: Option<u32>,
    /// How much of it is on disk.
    trail: Trail,
    /// Used again and again.
    unit: Vec<u8>,
}

impl History {
    /// A stream that begins.
    pub(crate) fn new(id: ReplicationId) -> Self {
        Self {
            id,
            before: None,
            before_db: None,
            offset: 0,
            backlog: None,
            selected: None,
            trail: Trail::default(),
            unit: Vec::new(),
        }
    }

    /// Keeps the last part of the stream from now on.
    pub(crate) fn keep(&mut self, size: usize) -> &mut Backlog {
        self.backlog.get_or_insert_with(|| Backlog::new(self.offset, size))
    }

    /// A unit goes into the stream, if anybody keeps it.
    pub(crate) fn tell(&mut self, feed: &Feed) {
        if self.backlog.is_none() {
            return;
        }
        let mut unit = std::mem::take(&mut self.unit);
        unit.clear();
        feed.append_to(Reader::Replicas, &mut self.selected, &mut unit);
        self.append(&unit);
        self.unit = unit;
    }

    /// Bytes go into the stream as they are.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        if let Some(backlog) = &mut self.backlog {
            backlog.push(bytes);
            self.offset += bytes.len() as u64;
        }
    }

    /// Memory.
    #[inline]
    pub(crate) fn heap_bytes(&self) -> usize {
        self.backlog.as_ref().map_or(0, Backlog::heap_bytes)
    }

    /// Bytes of the master's stream, which is this one, whether or not anybody keeps it.
    pub(crate) fn follow(&mut self, bytes: &[u8]) {
        match &mut self.backlog {
            Some(_) => self.append(bytes),
            None => self.offset += bytes.len() as u64,
        }
    }

    /// The stream goes on under another name.
    pub(crate) fn branch(&mut self, id: ReplicationId) {
        let before = std::mem::replace(&mut self.id, id);
        self.before = Some((before, self.offset));
        self.before_db = self.selected.take();
    }

    /// If nothing has happened since it got its name, it is still the stream that it went on from, and may be asked for as that.
    pub(crate) fn rejoin(&mut self) {
        let offset = self.offset;
        if let Some((id, _)) = self.before.take_if(|(_, end)| *end == offset) {
            self.id = id;
            self.selected = self.before_db.take();
        }
    }

    /// Another stream takes its place, of which there have been so many bytes.
    pub(crate) fn replace(&mut self, id: ReplicationId, offset: u64, size: usize) {
        *self = Self { offset, ..Self::new(id) };
        self.keep(size);
    }

    /// What is here was the beginning of the stream of this name, in which this database was selected last. `goes_own_way` if it goes on here, under a name of its own.
    pub(crate) fn restore(&mut self, id: ReplicationId, offset: u64, db: u32, goes_own_way: bool) {
        *self = Self { offset, selected: Some(db), ..Self::new(id) };
        if goes_own_way {
            self.branch(ReplicationId::random());
        }
    }

    /// The master's stream has selected a database.
    #[inline]
    pub(crate) const fn note_selected(&mut self, db: u32) {
        self.selected = Some(db);
    }

    /// The database that was selected last in the stream, if that is known.
    pub(crate) const fn stream_db(&self) -> Option<u32> {
        self.selected
    }

    /// The append-only file, if there is one, has so many bytes, of which so many are on disk, if it holds the data. All that was told is
    /// in it.
    pub(crate) fn note_durable(&mut self, log: Option<(u64, Option<u64>)>) {
        match log {
            Some((logged, synced)) => self.trail.note(self.offset, logged, synced),
            None => self.trail = Trail::default(),
        }
    }

    /// The stream is on disk up to here, if it is written there.
    pub(crate) const fn durable(&self) -> Option<u64> {
        self.trail.durable()
    }

    /// The next unit names its database, whatever was selected before.
    pub(crate) fn select_anew(&mut self) {
        self.selected = None;
    }

    /// Somebody who has the stream of this name up to this offset can be told the rest.
    pub(crate) fn continues(&self, id: &ReplicationId, offset: u64) -> bool {
        let is_same = *id == self.id || self.before.as_ref().is_some_and(|(old, end)| old == id && offset <= *end);
        is_same && self.backlog.as_ref().is_some_and(|backlog| backlog.holds(offset + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: u8) -> ReplicationId {
        ReplicationId::parse(&[digit; ID_LEN]).unwrap()
    }

    #[test]
    fn a_stream_goes_on_for_those_who_have_its_beginning() {
        let mut history = History::new(id(b'a'));
        history.append(b"before anybody listened");
        assert_eq!(history.offset, 0);
        history.keep(1 << 20);
        history.append(b"0123456789");
        assert!(history.continues(&id(b'a'), 0) && history.continues(&id(b'A'), 10));
        assert!(!history.continues(&id(b'a'), 11) && !history.continues(&id(b'b'), 0));
        history.before = Some((id(b'b'), 4));
        assert!(history.continues(&id(b'b'), 4) && !history.continues(&id(b'b'), 5));
    }

    #[test]
    fn the_database_is_named_when_it_changes() {
        let mut history = History::new(id(b'a'));
        history.keep(1 << 20);
        let mut feed = Feed::default();
        feed.change(3, &[b"DEL", b"k"]);
        history.tell(&feed);
        let first = history.offset;
        history.tell(&feed);
        assert_eq!(history.offset - first, b"*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n".len() as u64);
        history.select_anew();
        history.tell(&feed);
        assert!(history.offset > 2 * first);
    }

    #[test]
    fn a_branch_is_the_same_up_to_where_it_begins() {
        let mut history = History::new(id(b'a'));
        history.keep(1 << 20);
        history.follow(b"0123456789");
        history.branch(id(b'b'));
        assert_eq!(history.before, Some((id(b'a'), 10)));
        history.append(b"more");
        assert!(
            history.continues(&id(b'a'), 10) && !history.continues(&id(b'a'), 11) && history.continues(&id(b'b'), 14)
        );
        history.replace(id(b'c'), 500, 1 << 20);
        assert!(history.continues(&id(b'c'), 500) && !history.continues(&id(b'b'), 14));
        assert_eq!(history.before, None);
        history.restore(id(b'd'), 7, 3, true);
        assert_eq!((history.offset, history.before), (7, Some((id(b'd'), 7))));
    }

    #[test]
    fn other_words_are_no_names() {
        assert_eq!(ReplicationId::parse(b"?"), None);
        assert_eq!(ReplicationId::parse(&[b'g'; ID_LEN]), None);
        assert_eq!(ReplicationId::none().as_str().len(), ID_LEN);
    }
}
