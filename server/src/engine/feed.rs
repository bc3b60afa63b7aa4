//! What replicas and the append-only file are told: commands that have the same effect wherever and whenever they run.
//!
//! What belongs together (a command, a transaction, a request that had waited) is a unit. If it comes to more than one command it is
//! wrapped in `MULTI` and `EXEC`, so that nobody is left with half of it.

use bongsu_store::call::{Effects, Propagation};

const MULTI: &[u8] = b"*1\r\n$5\r\nMULTI\r\n";
const EXEC: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";

/// Kept for the next units. More than this was needed once only.
const KEPT_BYTES: usize = 64 * 1024;

/// Who is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reader {
    /// The append-only file.
    AppendOnlyFile,
    /// Replicas.
    Replicas,
}

/// The commands of the unit that is under way.
#[derive(Default)]
pub(crate) struct Feed {
    /// Somebody wants to be told.
    pub(crate) is_wanted: bool,
    /// Requests, one behind the other.
    bytes: Vec<u8>,
    commands: Vec<Command>,
}

struct Command {
    db: u32,
    /// Where it ends in the bytes.
    end: usize,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It changes data.
    Change,
    /// It removes a key that went by itself, which need not happen together with anything.
    Removal,
    /// It tells clients something and changes no data, so that no file has to keep it.
    Message,
}

impl Feed {
    /// Nothing is to be told.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Adds a command that changes data.
    pub(crate) fn change(&mut self, db: usize, argv: &[&[u8]]) {
        self.command(db, argv, Role::Change);
    }

    /// Adds a command that tells clients something.
    pub(crate) fn message(&mut self, db: usize, argv: &[&[u8]]) {
        self.command(db, argv, Role::Message);
    }

    fn command(&mut self, db: usize, argv: &[&[u8]], role: Role) {
        push_request(&mut self.bytes, argv);
        self.commands.push(Command { db: db as u32, end: self.bytes.len(), role });
    }

    /// Adds what a command did. Keys that went by themselves went before it; `lazily` says how they are to go elsewhere.
    pub(crate) fn effects(&mut self, db: usize, argv: &[&[u8]], effects: &Effects, lazily: bool) {
        self.removals(effects, lazily);
        if effects.dirty == 0 && effects.propagation != Propagation::Always {
            return;
        }
        match &effects.propagation {
            Propagation::AsItCame | Propagation::Always => self.change(db, argv),
            Propagation::Nothing => {}
            Propagation::Instead(commands) => {
                for command in commands {
                    let argv: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
                    self.change(db, &argv);
                }
            }
        }
    }

    /// Adds the keys that went by themselves.
    pub(crate) fn removals(&mut self, effects: &Effects, lazily: bool) {
        let name: &[u8] = if lazily { b"UNLINK" } else { b"DEL" };
        for (db, key) in &effects.expired {
            self.command(*db, &[name, key], Role::Removal);
        }
    }

    /// Appends the unit to a stream of which this database was selected last.
    pub(crate) fn append_to(&self, reader: Reader, selected: &mut Option<u32>, out: &mut Vec<u8>) {
        let is_told = |command: &Command| reader == Reader::Replicas || command.role != Role::Message;
        let told = || self.commands.iter().filter(|command| is_told(command));
        let is_wrapped = told().nth(1).is_some() && told().any(|command| command.role != Role::Removal);
        if is_wrapped {
            out.extend_from_slice(MULTI);
        }
        let mut start = 0;
        for command in &self.commands {
            let request = &self.bytes[start..command.end];
            start = command.end;
            if !is_told(command) {
                continue;
            }
            if *selected != Some(command.db) {
                push_request(out, &[b"SELECT", command.db.to_string().as_bytes()]);
                *selected = Some(command.db);
            }
            out.extend_from_slice(request);
        }
        if is_wrapped {
            out.extend_from_slice(EXEC);
        }
    }

    /// The unit has been told.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.commands.clear();
        self.commands.shrink_to(KEPT_BYTES / size_of::<Command>());
    }
}

/// Appends a request in the form in which clients send it.
pub(crate) fn push_request(out: &mut Vec<u8>, argv: &[&[u8]]) {
    push_length(out, b'*', argv.len());
    for arg in argv {
        push_length(out, b'$', arg.len());
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}

fn push_length(out: &mut Vec<u8>, kind: u8, mut n: usize) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.push(kind);
    out.extend_from_slice(&digits[at..]);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(feed: &Feed, selected: &mut Option<u32>) -> String {
        let mut out = Vec::new();
        feed.append_to(Reader::AppendOnlyFile, selected, &mut out);
        String::from_utf8_lossy(&out).replace("\r\n", " ")
    }

    #[test]
    fn one_command_stands_alone_and_selects_its_database_once() {
        let (mut feed, mut selected) = (Feed::default(), None);
        feed.change(0, &[b"SET", b"k", b"v"]);
        assert_eq!(stream(&feed, &mut selected), "*2 $6 SELECT $1 0 *3 $3 SET $1 k $1 v ");
        assert_eq!(stream(&feed, &mut selected), "*3 $3 SET $1 k $1 v ");
    }

    #[test]
    fn several_are_a_transaction_in_which_databases_may_change() {
        let (mut feed, mut selected) = (Feed::default(), Some(0));
        let effects = Effects { dirty: 1, expired: vec![(11, b"gone".to_vec())], ..Effects::default() };
        feed.effects(0, &[b"INCR", b"n"], &effects, true);
        let told = "*1 $5 MULTI *2 $6 SELECT $2 11 *2 $6 UNLINK $4 gone *2 $6 SELECT $1 0 *2 $4 INCR $1 n *1 $4 EXEC ";
        assert_eq!(stream(&feed, &mut selected), told);
        feed.clear();
        assert!(feed.is_empty());
    }

    #[test]
    fn what_changed_nothing_is_not_told_except_for_keys_that_went() {
        let (mut feed, mut selected) = (Feed::default(), Some(0));
        feed.effects(0, &[b"GET", b"n"], &Effects::default(), false);
        assert!(feed.is_empty());
        let effects = Effects { expired: vec![(0, b"n".to_vec())], ..Effects::default() };
        feed.effects(0, &[b"GET", b"n"], &effects, false);
        assert_eq!(stream(&feed, &mut selected), "*2 $3 DEL $1 n ");
    }

    #[test]
    fn keys_that_went_by_themselves_are_no_transaction() {
        let (mut feed, mut selected) = (Feed::default(), Some(0));
        let effects = Effects { expired: vec![(0, b"a".to_vec()), (0, b"b".to_vec())], ..Effects::default() };
        feed.removals(&effects, false);
        assert_eq!(stream(&feed, &mut selected), "*2 $3 DEL $1 a *2 $3 DEL $1 b ");
    }

    #[test]
    fn messages_are_for_replicas_only() {
        let (mut feed, mut selected) = (Feed::default(), Some(0));
        feed.message(0, &[b"PUBLISH", b"c", b"m"]);
        assert_eq!(stream(&feed, &mut selected), "");
        let mut out = Vec::new();
        feed.append_to(Reader::Replicas, &mut selected, &mut out);
        assert_eq!(out, b"*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$1\r\nm\r\n");
    }

    #[test]
    fn a_command_may_be_told_as_others() {
        let (mut feed, mut selected) = (Feed::default(), Some(0));
        let mut effects = Effects { dirty: 2, ..Effects::default() };
        effects.instead(vec![b"SREM".to_vec(), b"s".to_vec(), b"a".to_vec()]);
        feed.effects(0, &[b"SPOP", b"s"], &effects, false);
        assert_eq!(stream(&feed, &mut selected), "*3 $4 SREM $1 s $1 a ");
        effects.propagation = Propagation::Nothing;
        feed.clear();
        feed.effects(0, &[b"SPOP", b"s"], &effects, false);
        assert!(feed.is_empty());
        effects = Effects { propagation: Propagation::Always, ..Effects::default() };
        feed.effects(0, &[b"FLUSHDB"], &effects, false);
        assert_eq!(stream(&feed, &mut selected), "*1 $7 FLUSHDB ");
        effects.propagation = Propagation::AsItCame;
        feed.clear();
        feed.effects(0, &[b"SPOP", b"s"], &effects, false);
        assert!(feed.is_empty());
    }
}
