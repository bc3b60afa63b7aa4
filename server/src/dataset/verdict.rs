//! Are the data that were loaded those that were here?

use super::record::{Durable, Record};
use crate::replication::ReplicationId;

/// Without a place in the stream of changes to compare, fewer than one in this many of the keys that were saved are other data. Keys
/// whose time is over and those that were removed right before the end are fewer than that.
const KEPT_SHARE: u64 = 2;

/// What was loaded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Keys, with those whose time was over.
    pub(crate) keys: u64,
    /// Where in the stream of changes that is, if the files say so.
    pub(crate) place: Option<(ReplicationId, u64)>,
    /// It comes from a log, which may have lost its end in a crash, and then need not tell its place.
    pub(crate) is_log: bool,
}

/// What a server knows to have lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Loss {
    #[error("it had {had} keys, and has none")]
    Everything { had: u64 },
    #[error("its snapshot was saved at offset {had}, and this one is of offset {found}")]
    Older { had: u64, found: u64 },
    #[error("its files held {had} keys, and hold {found}")]
    Shrunken { had: u64, found: u64 },
    #[error("the sentinels know it as a master with data, and it has none")]
    KnownToSentinels,
}

/// What is missing of what this record tells. What a crash may take, with what is configured, is not missing unless others have it.
pub(crate) fn judge(record: &Record, found: &Found) -> Option<Loss> {
    let saved = record.durable.unwrap_or(Durable { keys: 0, offset: 0 });
    let knows_others = record.knows_others();
    if found.keys == 0 {
        let is_emptied =
            found.place.as_ref().is_some_and(|(id, offset)| *id == record.replid && *offset >= record.offset);
        // Without replicas, what was never saved is nowhere.
        let had = if knows_others { record.keys } else { record.keys.min(saved.keys) };
        return (had > 0 && !is_emptied).then_some(Loss::Everything { had });
    }
    if !knows_others || record.master.is_some() {
        return None;
    }
    match &found.place {
        Some((_, offset)) if *offset >= saved.offset => None,
        Some((_, offset)) if !found.is_log => Some(Loss::Older { had: saved.offset, found: *offset }),
        // A log may have lost its end.
        _ => (found.keys < saved.keys.min(record.keys).div_ceil(KEPT_SHARE))
            .then_some(Loss::Shrunken { had: saved.keys, found: found.keys }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(keys: u64, saved: Option<(u64, u64)>, has_replica: bool) -> Record {
        Record {
            replid: id(),
            offset: 1000,
            keys,
            durable: saved.map(|(keys, offset)| Durable { keys, offset }),
            replicas: has_replica.then(|| ("replica".to_owned(), 1)).into_iter().collect(),
            ..Record::empty()
        }
    }

    fn id() -> ReplicationId {
        ReplicationId::parse(&[b'a'; 40]).unwrap()
    }

    fn found(keys: u64, offset: Option<u64>) -> Found {
        Found { keys, place: offset.map(|offset| (id(), offset)), is_log: false }
    }

    #[test]
    fn a_master_of_replicas_has_lost_what_it_does_not_have() {
        for saved in [None, Some((500, 900))] {
            assert_eq!(judge(&record(700, saved, true), &Found::default()), Some(Loss::Everything { had: 700 }));
        }
        assert_eq!(judge(&record(700, None, true), &found(0, Some(999))), Some(Loss::Everything { had: 700 }));
    }

    #[test]
    fn nobody_loses_what_was_removed() {
        assert_eq!(judge(&record(0, None, true), &Found::default()), None);
        assert_eq!(judge(&record(700, None, true), &found(0, Some(1000))), None);
        assert_eq!(judge(&record(700, Some((700, 900)), true), &found(10, Some(900))), None);
    }

    #[test]
    fn a_server_alone_loses_only_what_it_saved() {
        assert_eq!(judge(&record(700, None, false), &Found::default()), None);
        assert_eq!(judge(&record(700, Some((0, 0)), false), &Found::default()), None);
        assert_eq!(judge(&record(700, Some((5, 0)), false), &Found::default()), Some(Loss::Everything { had: 5 }));
        assert_eq!(judge(&record(700, Some((700, 900)), false), &found(1, Some(5))), None);
    }

    #[test]
    fn an_older_snapshot_is_older_than_what_was_saved() {
        let record = record(700, Some((700, 900)), true);
        assert_eq!(judge(&record, &found(600, Some(400))), Some(Loss::Older { had: 900, found: 400 }));
        assert_eq!(judge(&record, &found(700, Some(900))), None);
        assert_eq!(judge(&record, &found(349, None)), Some(Loss::Shrunken { had: 700, found: 349 }));
        assert_eq!(judge(&record, &found(350, None)), None);
        let of_log = Found { is_log: true, ..found(600, Some(400)) };
        assert_eq!(judge(&record, &of_log), None);
        let cut_off = Found { keys: 349, ..of_log };
        assert_eq!(judge(&record, &cut_off), Some(Loss::Shrunken { had: 700, found: 349 }));
        assert_eq!(judge(&record, &Found { place: Some((id(), 900)), ..cut_off }), None);
    }

    #[test]
    fn a_replica_that_starts_as_a_master_must_have_its_data() {
        let master = Some(("master".to_owned(), 1));
        let record = Record { master, ..record(700, None, false) };
        assert_eq!(judge(&record, &Found::default()), Some(Loss::Everything { had: 700 }));
        assert_eq!(judge(&record, &found(1, None)), None);
    }
}
