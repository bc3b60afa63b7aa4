//! The few requests that are needed, and their answers.
//!
//! Sources: `ZooDefs.OpCode`, `zookeeper.jute`, and `MultiOperationRecord` and `MultiResponse` of ZooKeeper 3.8.

use super::errors::Code;
use super::jute::{CutOff, Reader, Writer};
use super::settings::ZooKeeperAcl;
use crate::keyvalue::{Change, Entry};

pub(super) const CREATE: i32 = 1;
pub(super) const GET_DATA: i32 = 4;
pub(super) const SET_DATA: i32 = 5;
pub(super) const SYNC: i32 = 9;
pub(super) const MULTI: i32 = 14;
pub(super) const AUTH: i32 = 100;

/// Type of an error in the answer to a transaction, and of its end.
const ERROR: i32 = -1;
/// Flags of a node that stays when the session ends, and has no number.
const PERSISTENT: i32 = 0;
/// Bits of `ZooDefs.Perms`.
const READ: i32 = 1;
const ALL: i32 = 31;

/// Version 0 of the protocol, a session that is new.
pub(super) fn connect(timeout_ms: i32) -> Writer {
    let (version, last_seen, session, is_read_only) = (0, 0, 0, false);
    Writer::default().int(version).long(last_seen).int(timeout_ms).long(session).buffer(&[0; 16]).boolean(is_read_only)
}

/// The timeout that the server has agreed to, in milliseconds; none is 0.
pub(super) fn connected(answer: &[u8]) -> Result<i32, CutOff> {
    let mut reader = Reader::new(answer);
    let _version = reader.int()?;
    let timeout = reader.int()?;
    let (_session, _password) = (reader.long()?, reader.buffer()?);
    Ok(timeout)
}

/// Scheme `digest`.
pub(super) fn auth(name: &str, password: &str) -> Writer {
    Writer::default().int(0).string("digest").string(&format!("{name}:{password}"))
}

pub(super) fn sync(path: &str) -> Writer {
    Writer::default().string(path)
}

/// Without a watch.
pub(super) fn get_data(path: &str) -> Writer {
    Writer::default().string(path).boolean(false)
}

pub(super) fn data(answer: &[u8]) -> Result<Entry, CutOff> {
    let mut reader = Reader::new(answer);
    let value = reader.buffer()?.to_vec();
    Ok(Entry { value, revision: version(&mut reader)? })
}

/// The version of the data in a `Stat`.
fn version(reader: &mut Reader<'_>) -> Result<u64, CutOff> {
    let (_czxid, _mzxid, _ctime, _mtime) = (reader.long()?, reader.long()?, reader.long()?, reader.long()?);
    // Negative after two thousand million writes; -1 would mean any version when it is compared.
    let version = u64::try_from(reader.int()?).map_err(|_| CutOff)?;
    let (_cversion, _aversion, _owner) = (reader.int()?, reader.int()?, reader.long()?);
    let (_length, _children, _pzxid) = (reader.int()?, reader.int()?, reader.long()?);
    Ok(version)
}

pub(super) fn create(path: &str, value: &[u8], acl: ZooKeeperAcl) -> Writer {
    let list: &[(i32, &str, &str)] = match acl {
        ZooKeeperAcl::Open => &[(ALL, "world", "anyone")],
        ZooKeeperAcl::OwnerWrites => &[(ALL, "auth", ""), (READ, "world", "anyone")],
        ZooKeeperAcl::OwnerOnly => &[(ALL, "auth", "")],
    };
    let count = i32::try_from(list.len()).unwrap_or(i32::MAX);
    let head = Writer::default().string(path).buffer(value).int(count);
    let acl = list.iter().fold(head, |writer, (perms, scheme, id)| writer.int(*perms).string(scheme).string(id));
    acl.int(PERSISTENT)
}

/// A transaction that sets or creates all nodes at their versions. `path` gives the place of a key.
pub(super) fn multi(changes: &[Change], path: impl Fn(&str) -> String, acl: ZooKeeperAcl) -> Writer {
    let header = |writer: Writer, kind: i32, is_end: bool| writer.int(kind).boolean(is_end).int(-1);
    let each = changes.iter().fold(Writer::default(), |writer, change| {
        let path = path(&change.key);
        match change.seen.map(|version| i32::try_from(version).unwrap_or(i32::MAX)) {
            Some(version) => header(writer, SET_DATA, false).string(&path).buffer(&change.value).int(version),
            None => header(writer, CREATE, false).append(&create(&path, &change.value, acl)),
        }
    });
    header(each, ERROR, true)
}

/// The first operation that failed, and how.
pub(super) fn multi_failure(answer: &[u8], operations: usize) -> Result<Option<(usize, Code)>, CutOff> {
    let mut reader = Reader::new(answer);
    let mut failure = None;
    // One more for the end.
    for at in 0..=operations {
        let (kind, is_end, code) = (reader.int()?, reader.boolean()?, Code(reader.int()?));
        match kind {
            _ if is_end => return if at == operations { Ok(failure) } else { Err(CutOff) },
            CREATE => drop(reader.buffer()?),
            SET_DATA => drop(version(&mut reader)?),
            ERROR => {
                let _again = reader.int()?;
                let is_cause = code != Code(0) && code != Code::RUNTIME_INCONSISTENCY;
                if is_cause && failure.is_none() {
                    failure = Some((at, code));
                }
            }
            _ => return Err(CutOff),
        }
    }
    Err(CutOff)
}
