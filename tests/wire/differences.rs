//! Where our answers are meant to differ from those of the sentinel that they are compared with, and why.

/// Of which sentinel our answers differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Against {
    Every,
    /// Ours answers as 7.2 does.
    Before7_2,
    Since7_2,
}

/// Requests whose answers may differ.
pub(crate) struct Difference {
    pub(crate) against: Against,
    /// Requests that are this, or begin with this and a `*`.
    pub(crate) requests: &'static [&'static str],
    /// Lines that only one side may have, after the word `real` or `ours`; a `*` at the end stands for anything.
    pub(crate) lines: &'static [&'static str],
    pub(crate) reason: &'static str,
}

const ANY: &[&str] = &["real *", "ours *"];

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        against: Against::Every,
        requests: &["QUIT", "RESET"],
        lines: ANY,
        reason: "Clients end and reset connections with these, and other servers have them.",
    },
    Difference { against: Against::Every, requests: &["BONGSU*"], lines: ANY, reason: "The one command of our own." },
    Difference {
        against: Against::Every,
        requests: &[
            "SENTINEL PRIMARY*",
            "SENTINEL PRIMARIES*",
            "SENTINEL GET-PRIMARY-ADDR-BY-NAME*",
            "SENTINEL IS-PRIMARY-DOWN-BY-ADDR*",
        ],
        lines: ANY,
        reason: "Spellings of Valkey.",
    },
    Difference {
        against: Against::Every,
        requests: &["INFO*"],
        lines: &[
            "ours | bongsu_version:*",
            "ours | pubsub_clients:*",
            "ours | watching_clients:*",
            "ours | total_watched_keys:*",
            "ours | client_query_buffer_limit_disconnections:*",
            "ours | client_output_buffer_limit_disconnections:*",
            "ours | sentinel_total_tilt:*",
        ],
        reason: "Fields of newer versions, and the version of this program.",
    },
    Difference {
        against: Against::Every,
        requests: &["SENTINEL MASTER *", "SENTINEL MASTERS", "sentinel masters"],
        lines: &["ours bulk amnesia-failover", "ours bulk yes"],
        reason: "An option that only this program has, at the end of the others.",
    },
    Difference {
        against: Against::Since7_2,
        requests: &["INFO*"],
        lines: &["real | eventloop_*", "real | instantaneous_eventloop_*"],
        reason: "They describe an event loop that this program does not have.",
    },
    Difference {
        against: Against::Every,
        requests: &["SENTINEL SET other quorum 99999999999"],
        lines: ANY,
        reason: "A number that does not fit is refused, not cut off.",
    },
    Difference {
        against: Against::Every,
        requests: &["SENTINEL FAILOVER mymaster nosuchoption"],
        lines: ANY,
        reason: "FAILOVER takes an option, COORDINATED or FORCED.",
    },
    Difference {
        against: Against::Every,
        requests: &["COMMAND INFO sentinel", "COMMAND", "COMMAND INFO"],
        lines: &["real integer 3", "ours integer -3"],
        reason: "FAILOVER takes an option.",
    },
    Difference {
        against: Against::Since7_2,
        requests: &["COMMAND DOCS sentinel"],
        lines: &[
            "ours array",
            "ours map",
            "ours set",
            "ours bulk name",
            "ours bulk mode",
            "ours bulk type",
            "ours bulk oneof",
            "ours bulk flags",
            "ours simple optional",
            "ours bulk arguments",
            "ours bulk pure-token",
            "ours bulk display_text",
            "ours bulk token",
            "ours bulk coordinated",
            "ours bulk COORDINATED",
            "ours bulk forced",
            "ours bulk FORCED",
        ],
        reason: "FAILOVER takes an option.",
    },
    Difference {
        against: Against::Since7_2,
        requests: &["SENTINEL CONFIG FROB x", "SENTINEL CONFIG SET announce-ip"],
        lines: &["real error ERR Only SENTINEL CONFIG GET*", "ours error ERR Only SENTINEL CONFIG GET*"],
        reason: "7.2 has no space before the slash, newer versions have.",
    },
    Difference {
        against: Against::Before7_2,
        requests: &["SENTINEL CONFIG *"],
        lines: &[
            "real error ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.",
            "real error ERR Invalid argument \\'loglevel\\' to SENTINEL CONFIG SET",
            "ours *",
        ],
        reason: "Several parameters in one request, and loglevel, are of 7.2.",
    },
    Difference {
        against: Against::Before7_2,
        requests: &["INFO*"],
        lines: &[
            "ours | listener0:*",
            "ours | total_blocking_keys:*",
            "ours | total_blocking_keys_on_nokey:*",
            "ours | acl_access_denied_*",
        ],
        reason: "Fields of 7.2.",
    },
    Difference {
        against: Against::Before7_2,
        requests: &["*"],
        lines: &[
            "real error NOPERM this user has no permissions to *",
            "ours error NOPERM User app has no permissions to run the *",
            "ours error NOPERM No permissions to access a channel",
            "real simple     Prints this help.",
            "ours simple     Print this help.",
        ],
        reason: "Texts of 7.2.",
    },
    Difference {
        against: Against::Before7_2,
        requests: &["HELLO", "HELLO 3"],
        lines: &["real error NOAUTH HELLO must be called *", "ours error NOAUTH HELLO must be called *"],
        reason: "A text of 7.2.",
    },
    Difference {
        against: Against::Before7_2,
        requests: &["ACL LIST", "ACL GETUSER *"],
        lines: &[
            "real bulk user *",
            "ours bulk user *",
            "ours bulk sanitize-payload",
            "real bulk -@all *",
            "ours bulk -@all *",
        ],
        reason: "7.2 says whether payloads are checked, and keeps rules in the order in which they were given.",
    },
    Difference {
        against: Against::Before7_2,
        requests: &["ACL DRYRUN app *"],
        lines: &["real bulk This user has no permissions *", "ours bulk User app has no permissions *"],
        reason: "Texts of 7.2.",
    },
    Difference {
        against: Against::Before7_2,
        requests: &["ACL LOG", "ACL LOG 1"],
        lines: &[
            "ours bulk entry-id",
            "ours bulk timestamp-created",
            "ours bulk timestamp-last-updated",
            "ours integer <any>",
        ],
        reason: "Fields of 7.2.",
    },
    Difference {
        against: Against::Before7_2,
        requests: &["CLIENT INFO", "CLIENT LIST*"],
        lines: &["real *", "ours *"],
        reason: "7.2 adds the library to the description of a client.",
    },
    Difference { against: Against::Before7_2, requests: &["CLIENT SETINFO*"], lines: ANY, reason: "A command of 7.2." },
    Difference {
        against: Against::Before7_2,
        requests: &["ACL CAT *", "COMMAND LIST*"],
        lines: &["ours bulk client|setinfo"],
        reason: "A command of 7.2.",
    },
    Difference {
        against: Against::Before7_2,
        requests: &["COMMAND", "COMMAND INFO*"],
        lines: &["ours *", "real integer -3", "real integer -4"],
        reason: "CLIENT SETINFO, hints for clients of a cluster, and arities of 7.2.",
    },
    Difference {
        against: Against::Before7_2,
        requests: &["COMMAND GETKEYS ping", "COMMAND GETKEYSANDFLAGS ping"],
        lines: ANY,
        reason: "7.2 looks for the keys of a command without arguments too.",
    },
    Difference {
        against: Against::Before7_2,
        requests: &["COMMAND DOCS *"],
        lines: ANY,
        reason: "The syntax is described as in 7.2.",
    },
];

/// Whether a line that only one side has is declared.
pub(crate) fn is_declared(difference: &Difference, request: &str, line: &str) -> bool {
    let fits = |known: &str, text: &str| match known.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == known,
    };
    difference.requests.iter().any(|known| fits(known, request))
        && difference.lines.iter().any(|known| fits(known, line))
}
