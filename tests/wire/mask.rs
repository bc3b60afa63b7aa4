//! What is different each time even between two sentinels of one kind.

use crate::support::resp::Element;

/// Fields whose values are times, counters and identities of the process. What stands after one of these names in a
/// reply is not compared.
const FIELDS: &[&str] = &[
    "last-ping-sent",
    "last-ok-ping-reply",
    "last-ping-reply",
    "s-down-time",
    "o-down-time",
    "run-delay",
    "link-pending-commands",
    "info-refresh",
    "role-reported-time",
    "slave-repl-offset",
    "last-hello-message",
    // Of HELLO, and the client's part of the access log.
    "id",
    "version",
    "client-info",
    "age-seconds",
    "entry-id",
    "timestamp-created",
    "timestamp-last-updated",
    // Prose of COMMAND DOCS.
    "summary",
];

/// Lines of `INFO` that are compared with their values; of the others the name is compared.
const INFO_VALUES: &[&str] = &[
    "redis_mode",
    "role",
    "sentinel_masters",
    "sentinel_tilt",
    "sentinel_tilt_since_seconds",
    "sentinel_simulate_failure_flags",
    "master0",
    "master1",
];

/// Fields of `CLIENT INFO` and `CLIENT LIST` whose values belong to the process.
const CLIENT_FIELDS: &[&str] =
    &["id", "addr", "laddr", "fd", "age", "idle", "qbuf", "qbuf-free", "argv-mem", "rbs", "rbp", "omem", "tot-mem"];

/// Fields of `COMMAND DOCS` that hold nothing but prose, and are left out where there is none.
const DOC_PROSE: &[&str] = &["history", "complexity"];

/// The beginning of the name that a sentinel gives to its connections; the rest is part of its run id.
const CLIENT_NAME: &str = "name=sentinel-";

/// The reply with everything masked that may differ.
pub(crate) fn masked(reply: &Element, words: &[(String, &str)]) -> Element {
    match reply {
        Element::Leaf("verbatim", text) => {
            let (format, text) = text.split_at(text.find(':').map_or(0, |at| at + 1));
            Element::Leaf("verbatim", format!("{format}{}", mask_text(text, words)))
        }
        Element::Leaf(kind, text) => Element::Leaf(kind, mask_text(text, words)),
        Element::Aggregate(kind, elements) => {
            let mut name = "";
            let mut inner = Vec::new();
            for element in elements {
                inner.push(match element {
                    Element::Leaf(kind, _) if FIELDS.contains(&name) => Element::Leaf(kind, "<any>".to_owned()),
                    other => masked(other, words),
                });
                name = if FIELDS.contains(&name) { "" } else { element.text() };
            }
            Element::Aggregate(kind, inner)
        }
    }
}

fn mask_text(text: &str, words: &[(String, &str)]) -> String {
    let text = if text.starts_with("# ") {
        mask_info(text)
    } else if text.starts_with("id=") {
        let mut clients: Vec<String> = text.split('\n').filter_map(mask_client).collect();
        clients.sort();
        clients.dedup();
        clients.join("\r\n")
    } else {
        text.to_owned()
    };
    words.iter().fold(text, |text, (word, mask)| replace_word(&text, word, mask))
}

fn mask_info(text: &str) -> String {
    let line = |line: &str| match line.split_once(':') {
        Some((name, _)) if !INFO_VALUES.contains(&name) => format!("{name}:<any>"),
        _ => line.to_owned(),
    };
    let mut lines: Vec<String> = text.split("\r\n").map(line).collect();
    // The masters stand at the end, in any order.
    let masters = lines.iter().position(|line| line.starts_with("master0:")).unwrap_or(lines.len());
    for line in &mut lines[masters..] {
        *line = line.split_once(':').map_or_else(String::new, |(_, master)| format!("master<any>:{master}"));
    }
    lines[masters..].sort();
    lines.join("\r\n")
}

/// The asking connection and those of other sentinels, whatever they did last. Of others, whose end may not have been
/// noticed yet, nothing.
fn mask_client(line: &str) -> Option<String> {
    let is_peer = line.contains(CLIENT_NAME);
    if !is_peer && !line.contains("cmd=client|") {
        return None;
    }
    let word = |word: &str| match word.split_once('=') {
        Some(_) if word.starts_with(CLIENT_NAME) => format!("{CLIENT_NAME}<any>"),
        Some(("cmd", _)) if is_peer => "cmd=<any>".to_owned(),
        Some((name, _)) if CLIENT_FIELDS.contains(&name) => format!("{name}=<any>"),
        _ => word.to_owned(),
    };
    Some(line.split(' ').map(word).collect::<Vec<_>>().join(" "))
}

/// Replaces `word` where it stands alone.
fn replace_word(text: &str, word: &str, mask: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let beside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let inside = beside(before.chars().next_back()) || beside(after.chars().next());
        out.push_str(before);
        out.push_str(if inside { word } else { mask });
        rest = after;
    }
    out + rest
}

/// Masks what the request tells to be a number, a time or a text of the sentinel's own.
pub(crate) fn of_request(request: &str, reply: Element) -> Element {
    match (request.to_ascii_lowercase().as_str(), reply) {
        ("client id" | "client kill user default skipme no", Element::Leaf("integer", _)) => {
            Element::Leaf("integer", "<any>".to_owned())
        }
        ("acl genpass", Element::Leaf("bulk", _)) => Element::Leaf("bulk", "<any>".to_owned()),
        (r, reply) if r.starts_with("sentinel info-cache") => ages_masked(reply),
        (r, reply) if r.ends_with(" help") => without_prose(reply),
        (r, reply) if r.starts_with("command docs") => without_fields(reply, DOC_PROSE),
        (_, reply) => reply,
    }
}

/// Of a help text the head, and the two lines about the help itself.
fn without_prose(reply: Element) -> Element {
    match reply {
        Element::Aggregate(kind, lines) if lines.len() > 3 => {
            let last = lines.len() - 2;
            Element::Aggregate(kind, [&lines[..1], &lines[last..]].concat())
        }
        other => other,
    }
}

/// Without the pairs of these names, at whatever depth.
fn without_fields(reply: Element, names: &[&str]) -> Element {
    let Element::Aggregate(kind, elements) = reply else { return reply };
    let mut inner = Vec::new();
    let mut elements = elements.into_iter();
    while let Some(element) = elements.next() {
        if names.contains(&element.text()) {
            elements.next();
        } else {
            inner.push(without_fields(element, names));
        }
    }
    Element::Aggregate(kind, inner)
}

fn ages_masked(reply: Element) -> Element {
    match reply {
        Element::Leaf("integer", _) => Element::Leaf("integer", "<any>".to_owned()),
        leaf @ Element::Leaf(..) => leaf,
        Element::Aggregate(kind, elements) => Element::Aggregate(kind, elements.into_iter().map(ages_masked).collect()),
    }
}

/// Puts into one order what a sentinel keeps in hash tables.
pub(crate) fn ordered(request: &str, reply: Element) -> Element {
    let request = request.to_ascii_lowercase();
    let unordered =
        ["sentinel masters", "sentinel replicas", "sentinel slaves", "sentinel sentinels", "sentinel primaries"];
    if unordered.iter().any(|r| request.starts_with(r)) || request.starts_with("command list") {
        return sorted(reply, 1);
    }
    match request.as_str() {
        r if r.starts_with("command docs") => subcommands_sorted(sorted(reply, 2)),
        r if r.starts_with("command") => subcommands_sorted(sorted(reply, 1)),
        r if r.starts_with("acl cat") => sorted(reply, 1),
        "role" => match reply {
            Element::Aggregate(kind, parts) => {
                Element::Aggregate(kind, parts.into_iter().map(|part| sorted(part, 1)).collect())
            }
            other => other,
        },
        _ => reply,
    }
}

/// Groups of `each` elements in order.
fn sorted(reply: Element, each: usize) -> Element {
    match reply {
        Element::Aggregate(kind, elements) => {
            let mut groups: Vec<Vec<Element>> = elements.chunks(each).map(<[Element]>::to_vec).collect();
            groups.sort();
            Element::Aggregate(kind, groups.concat())
        }
        leaf @ Element::Leaf(..) => leaf,
    }
}

/// The lists of subcommands in `COMMAND INFO` and `COMMAND DOCS`, at whatever depth.
fn subcommands_sorted(reply: Element) -> Element {
    let Element::Aggregate(kind, elements) = reply else { return reply };
    let mut name = String::new();
    let mut inner = Vec::new();
    for (at, element) in elements.into_iter().enumerate() {
        let text = element.text().to_owned();
        // The tenth element of what COMMAND INFO says of a command holds its subcommands.
        let is_list = at == 9 && matches!(&element, Element::Aggregate("array", _));
        let element = match element {
            e if name == "subcommands" => sorted(e, 2),
            e if is_list => sorted(e, 1),
            e => e,
        };
        inner.push(subcommands_sorted(element));
        name = text;
    }
    Element::Aggregate(kind, inner)
}
