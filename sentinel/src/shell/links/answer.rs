//! Replies of nodes and peers, in the core's terms.

use std::rc::Rc;

use bongsu_protocol::info::NodeInfo;
use bongsu_protocol::resp::Value;
use bongsu_sentinel_core::{Epoch, Pong, Reply, RunId, VoteReply, WriteAnswer, WriteFault};

use super::info::report;

/// Longest error text that is passed on; more is of no use to anybody who reads it.
const ERROR_TEXT_MAX: usize = 256;

pub(super) fn ping(value: &Value<'_>) -> Reply {
    // Old servers answer some of these as a status, so the text decides, not the type.
    let text = value.as_error().or_else(|| value.as_bytes()).unwrap_or_default();
    let begins = |word: &[u8]| text.starts_with(word);
    Reply::Pong(match () {
        () if begins(b"PONG") => Pong::Pong,
        () if begins(b"LOADING") => Pong::Loading,
        () if begins(b"MASTERDOWN") => Pong::MasterDown,
        () if begins(b"BUSY") => Pong::Busy,
        () => Pong::Error,
    })
}

/// What became of a write. Whatever is not an error was done.
pub(super) fn write(value: &Value<'_>) -> Reply {
    let Some(error) = value.as_error() else { return Reply::Written(WriteAnswer::Done) };
    let begins = |word: &[u8]| error.starts_with(word);
    Reply::Written(match () {
        () if begins(b"MISCONF") => WriteAnswer::Refused(WriteFault::Disk),
        () if begins(b"OOM") => WriteAnswer::Refused(WriteFault::Memory),
        () if begins(b"READONLY") => WriteAnswer::Refused(WriteFault::ReadOnly),
        () if begins(b"LOADING") || begins(b"BUSY ") || begins(b"MASTERDOWN") => WriteAnswer::Later,
        () => WriteAnswer::Void(text(error)),
    })
}

/// The raw text of an `INFO` reply.
pub(super) fn info_text(value: &Value<'_>) -> Option<Rc<[u8]>> {
    value.as_bytes().map(Rc::from)
}

pub(super) fn info(value: &Value<'_>) -> Reply {
    match value {
        Value::Bulk(text) | Value::Verbatim { text, .. } => Reply::Info(Box::new(report(&NodeInfo::parse(text)))),
        other => failed(other),
    }
}

pub(super) fn plain(value: &Value<'_>) -> Reply {
    match value {
        Value::Error(_) => failed(value),
        _ => Reply::Done,
    }
}

/// Exactly integer, bulk, integer.
pub(super) fn vote(value: &Value<'_>) -> Reply {
    let Value::Array(items) = value else { return failed(value) };
    let [Value::Integer(down), Value::Bulk(leader), Value::Integer(epoch)] = items.as_slice() else {
        return failed(value);
    };
    let leader = match &**leader {
        b"*" => None,
        id => match (std::str::from_utf8(id).ok().and_then(RunId::parse), u64::try_from(*epoch)) {
            (Some(id), Ok(epoch)) => Some((id, Epoch(epoch))),
            _ => return failed(value),
        },
    };
    Reply::Vote(VoteReply { down: *down == 1, leader })
}

/// The reply to `EXEC`, given the first error among the replies before it, and what to complain about although it worked.
///
/// The transaction has worked if its first command has: the role is changed then, and a node that runs without a
/// configuration file can only refuse the `CONFIG REWRITE` that follows.
pub(super) fn transaction(value: &Value<'_>, trouble: Option<String>) -> (Reply, Vec<String>) {
    let Value::Array(items) = value else {
        // `EXECABORT` says that something was refused; the refusal itself says what.
        return (trouble.map_or_else(|| failed(value), Reply::Failed), Vec::new());
    };
    match items.split_first() {
        Some((first, _)) if first.as_error().is_some() => (failed(first), Vec::new()),
        Some((_, rest)) => (Reply::Done, rest.iter().filter_map(Value::as_error).map(text).collect()),
        None => (failed(value), Vec::new()),
    }
}

fn failed(value: &Value<'_>) -> Reply {
    Reply::Failed(value.as_error().map_or_else(|| format!("unexpected reply: {}", kind(value)), text))
}

fn text(error: &[u8]) -> String {
    String::from_utf8_lossy(error.get(..ERROR_TEXT_MAX).unwrap_or(error)).into_owned()
}

const fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::Simple(_) => "a status",
        Value::Error(_) => "an error",
        Value::Integer(_) => "an integer",
        Value::Bulk(_) | Value::Verbatim { .. } => "a string",
        Value::Null => "nothing",
        Value::Array(_) | Value::Set(_) | Value::Push(_) => "a list",
        Value::Double(_) | Value::BigNumber(_) => "a number",
        Value::Boolean(_) => "a truth value",
        Value::Map(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use bongsu_protocol::resp::ReplyDecoder;

    use super::*;

    const ID: &str = "0123456789012345678901234567890123456789";

    fn decode(wire: &str) -> Value<'_> {
        ReplyDecoder::default().decode(wire.as_bytes()).unwrap().unwrap().0
    }

    #[test]
    fn pings_are_judged_by_their_first_word() {
        for (wire, want) in [
            ("+PONG\r\n", Pong::Pong),
            ("$4\r\nPONG\r\n", Pong::Pong),
            ("-LOADING Redis is loading the dataset in memory\r\n", Pong::Loading),
            ("-MASTERDOWN Link with MASTER is down\r\n", Pong::MasterDown),
            ("-BUSY Redis is busy running a script.\r\n", Pong::Busy),
            ("-NOAUTH Authentication required.\r\n", Pong::Error),
            ("-MISCONF Errors writing\r\n", Pong::Error),
            (":1\r\n", Pong::Error),
        ] {
            assert_eq!(ping(&decode(wire)), Reply::Pong(want), "{wire}");
        }
    }

    #[test]
    fn only_the_nodes_own_troubles_are_held_against_it() {
        let void = |text: &str| WriteAnswer::Void(text.into());
        for (wire, want) in [
            ("+OK\r\n", WriteAnswer::Done),
            ("-MISCONF Redis is configured to save RDB snapshots\r\n", WriteAnswer::Refused(WriteFault::Disk)),
            ("-OOM command not allowed\r\n", WriteAnswer::Refused(WriteFault::Memory)),
            ("-READONLY You can't write\r\n", WriteAnswer::Refused(WriteFault::ReadOnly)),
            ("-LOADING Redis is loading\r\n", WriteAnswer::Later),
            ("-BUSY Redis is busy\r\n", WriteAnswer::Later),
            ("-BUSYKEY x\r\n", void("BUSYKEY x")),
            ("-NOREPLICAS Not enough\r\n", void("NOREPLICAS Not enough")),
            ("-NOPERM no\r\n", void("NOPERM no")),
        ] {
            assert_eq!(write(&decode(wire)), Reply::Written(want), "{wire}");
        }
    }

    #[test]
    fn a_vote_has_exactly_one_shape() {
        let leader = Some((RunId::parse(ID).unwrap(), Epoch(7)));
        assert_eq!(vote(&decode("*3\r\n:1\r\n$1\r\n*\r\n:0\r\n")), Reply::Vote(VoteReply { down: true, leader: None }));
        let wire = format!("*3\r\n:0\r\n$40\r\n{ID}\r\n:7\r\n");
        assert_eq!(vote(&decode(&wire)), Reply::Vote(VoteReply { down: false, leader }));
        for wire in
            ["*2\r\n:1\r\n$1\r\n*\r\n", "*3\r\n:1\r\n+*\r\n:0\r\n", "*3\r\n:1\r\n$3\r\nabc\r\n:0\r\n", "-ERR x\r\n"]
        {
            assert!(matches!(vote(&decode(wire)), Reply::Failed(_)), "{wire}");
        }
    }

    #[test]
    fn a_transaction_works_if_the_role_changed() {
        let done = decode("*4\r\n+OK\r\n-ERR The server is running without a config file\r\n:0\r\n:0\r\n");
        let complaint = "ERR The server is running without a config file".to_owned();
        assert_eq!(transaction(&done, None), (Reply::Done, vec![complaint]));
        let refused = decode("*2\r\n-ERR no\r\n+OK\r\n");
        assert_eq!(transaction(&refused, None).0, Reply::Failed("ERR no".into()));
        let aborted = decode("-EXECABORT Transaction discarded because of previous errors.\r\n");
        assert_eq!(transaction(&aborted, Some("NOPERM x".into())).0, Reply::Failed("NOPERM x".into()));
        assert!(matches!(transaction(&aborted, None).0, Reply::Failed(text) if text.starts_with("EXECABORT")));
    }

    #[test]
    fn info_may_be_bulk_or_verbatim() {
        for wire in ["$13\r\nrole:master\r\n\r\n", "=17\r\ntxt:role:master\r\n\r\n"] {
            let Reply::Info(report) = info(&decode(wire)) else { panic!("{wire}") };
            assert_eq!(report.role, Some(bongsu_sentinel_core::Role::Master));
            assert_eq!(&*info_text(&decode(wire)).unwrap(), b"role:master\r\n");
        }
        assert_eq!(info(&decode("-NOPERM no\r\n")), Reply::Failed("NOPERM no".into()));
    }
}
