//! What a command takes, from one line of text.
//!
//! | in the text          | the argument                                                                    |
//! |----------------------|---------------------------------------------------------------------------------|
//! | `member`             | a value; common names tell what kind it is, see [`kind_of`]                     |
//! | `increment:double`   | a value of this kind                                                            |
//! | `by-pattern~pattern` | a value that is shown by another name                                           |
//! | `destination@1`      | a key with the number of its key specification; a lone `key` has the first      |
//! | `NX`                 | a word that stands for itself, or before a value: the word that announces it    |
//! | `""`                 | nothing, which stands for itself                                                |
//! | `(a b)`              | a block                                                                         |
//! | `(A\|B)`             | one of these                                                                    |
//! | `[a b]`, `[A\|B]`    | the same, and may be left out                                                   |
//! | `unit=(M\|KM)`       | a group with a name                                                             |
//! | `member ...`         | several times; behind a group, the words in it are repeated as well             |

use super::{ArgFlags, ArgKind, ArgSpec};

/// What ends a word.
const MARKS: [char; 7] = [' ', '[', ']', '(', ')', '|', '='];

/// Nothing, as an argument.
const EMPTY: &str = "\"\"";

const INTEGERS: [&str; 11] =
    ["count", "cursor", "end", "index", "milliseconds", "numkeys", "offset", "port", "seconds", "start", "stop"];
const DOUBLES: [&str; 6] = ["height", "latitude", "longitude", "radius", "score", "width"];

/// One argument as `COMMAND DOCS` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) kind: ArgKind,
    pub(super) key_spec_index: Option<usize>,
    pub(super) token: String,
    pub(super) display: String,
    pub(super) since: &'static str,
    pub(super) deprecated_since: &'static str,
    pub(super) flags: ArgFlags,
    pub(super) arguments: Vec<Self>,
}

impl From<&ArgSpec> for Argument {
    fn from(spec: &ArgSpec) -> Self {
        Self {
            name: spec.name.to_owned(),
            kind: spec.kind,
            key_spec_index: spec.key_spec_index,
            token: spec.token.to_owned(),
            display: spec.display.to_owned(),
            since: spec.since,
            deprecated_since: spec.deprecated_since,
            flags: spec.flags,
            arguments: spec.arguments.iter().map(Self::from).collect(),
        }
    }
}

impl Argument {
    fn new(name: &str, kind: ArgKind) -> Self {
        Self { name: name.to_owned(), ..Self::from(&ArgSpec::new("", kind)) }
    }

    fn group(name: &str, kind: ArgKind, arguments: Vec<Self>) -> Self {
        Self { arguments, ..Self::new(name, kind) }
    }

    fn word(token: &str) -> Self {
        let name = if token == EMPTY { "empty-string".to_owned() } else { token.to_ascii_lowercase() };
        Self::new(&name, ArgKind::PureToken).after(token)
    }

    fn after(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// True if a word before it announces it.
    fn wants_token(&self) -> bool {
        self.token.is_empty() && !self.flags.contains(ArgFlags::OPTIONAL)
    }
}

/// The arguments a synopsis tells of; `None` if it makes no sense.
pub(super) fn parse(synopsis: &str) -> Option<Vec<Argument>> {
    let mut parser = Parser { rest: synopsis };
    let pieces = parser.sequence()?;
    parser.rest.is_empty().then(|| announced(pieces))
}

enum Piece<'s> {
    Token(&'s str),
    Argument(Argument),
}

struct Parser<'s> {
    rest: &'s str,
}

impl<'s> Parser<'s> {
    /// The pieces up to the end of a group or of an alternative.
    fn sequence(&mut self) -> Option<Vec<Piece<'s>>> {
        let mut pieces = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with([')', ']', '|']) {
                return Some(pieces);
            }
            pieces.push(self.piece()?);
        }
    }

    fn piece(&mut self) -> Option<Piece<'s>> {
        let (word, rest) = self.rest.split_at(self.rest.find(MARKS).unwrap_or(self.rest.len()));
        self.rest = rest;
        let name = if self.eat("=") { Some(word) } else { None };
        let mut argument = if self.eat("(") {
            self.group(")")?
        } else if self.eat("[") {
            let mut argument = self.group("]")?;
            argument.flags = argument.flags.with(ArgFlags::OPTIONAL);
            argument
        } else if name.is_some() || word.is_empty() {
            return None;
        } else if is_token(word) {
            return Some(Piece::Token(word));
        } else {
            value(word)?
        };
        if let Some(name) = name {
            name.clone_into(&mut argument.name);
        }
        self.rest = self.rest.trim_start();
        if self.eat("...") {
            argument.flags = argument.flags.with(ArgFlags::MULTIPLE);
            if !argument.token.is_empty() && argument.kind != ArgKind::PureToken {
                argument.flags = argument.flags.with(ArgFlags::MULTIPLE_TOKEN);
            }
        }
        Some(Piece::Argument(argument))
    }

    /// What stands between brackets, the first of which is read.
    fn group(&mut self, end: &str) -> Option<Argument> {
        let mut options = vec![single(self.sequence()?)?];
        while self.eat("|") {
            options.push(single(self.sequence()?)?);
        }
        if !self.eat(end) {
            return None;
        }
        if options.len() > 1 { Some(Argument::group("option", ArgKind::OneOf, options)) } else { options.pop() }
    }

    fn eat(&mut self, mark: &str) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// A sequence in a group as one argument.
fn single(pieces: Vec<Piece<'_>>) -> Option<Argument> {
    let is_value = |piece: &Piece<'_>| match piece {
        Piece::Token(_) => false,
        Piece::Argument(argument) => argument.arguments.is_empty() && argument.wants_token(),
    };
    if let [Piece::Token(token), rest @ ..] = pieces.as_slice()
        && rest.len() > 1
        && rest.iter().all(is_value)
    {
        // One word that announces several values.
        let token = *token;
        let values = announced(pieces.into_iter().skip(1).collect());
        return Some(Argument::group(&token.to_ascii_lowercase(), ArgKind::Block, values).after(token));
    }
    let mut arguments = announced(pieces);
    match arguments.len() {
        0 => None,
        1 => arguments.pop(),
        _ => Some(Argument::group("data", ArgKind::Block, arguments)),
    }
}

/// Puts words and the values that they announce together.
fn announced(pieces: Vec<Piece<'_>>) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let mut waiting: Option<&str> = None;
    for piece in pieces {
        let token = waiting.take();
        match (token, piece) {
            (Some(token), Piece::Argument(value)) if value.wants_token() => arguments.push(value.after(token)),
            (token, piece) => {
                arguments.extend(token.map(Argument::word));
                match piece {
                    Piece::Token(word) => waiting = Some(word),
                    Piece::Argument(argument) => arguments.push(argument),
                }
            }
        }
    }
    arguments.extend(waiting.map(Argument::word));
    arguments
}

fn is_token(word: &str) -> bool {
    word == EMPTY || word.contains(|c: char| c.is_ascii_uppercase()) && !word.contains(|c: char| c.is_ascii_lowercase())
}

/// `name`, `name:kind`, either with `@index`, and the name with `~` and the one that is shown.
fn value(word: &str) -> Option<Argument> {
    let (named, index) = match word.split_once('@') {
        Some((named, index)) => (named, Some(index.parse().ok()?)),
        None => (word, (word == "key").then_some(0)),
    };
    let (name, kind) = match named.split_once(':') {
        Some((name, kind)) => (name, Some(kind_called(kind)?)),
        None => (named, index.is_some().then_some(ArgKind::Key)),
    };
    let (name, display) = name.split_once('~').unwrap_or((name, ""));
    let kind = kind.unwrap_or_else(|| kind_of(name));
    Some(Argument { key_spec_index: index, display: display.to_owned(), ..Argument::new(name, kind) })
}

fn kind_called(name: &str) -> Option<ArgKind> {
    [ArgKind::String, ArgKind::Integer, ArgKind::Double, ArgKind::Pattern].into_iter().find(|kind| kind.name() == name)
}

/// What a value with this name is, where nothing else is said.
fn kind_of(name: &str) -> ArgKind {
    match name {
        "pattern" => ArgKind::Pattern,
        _ if INTEGERS.contains(&name) => ArgKind::Integer,
        _ if DOUBLES.contains(&name) => ArgKind::Double,
        _ if name.starts_with("unix-time") => ArgKind::UnixTime,
        _ => ArgKind::String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in one line.
    fn shown(argument: &Argument) -> String {
        let inner: Vec<String> = argument.arguments.iter().map(shown).collect();
        let inner = if inner.is_empty() { String::new() } else { format!("{{{}}}", inner.join(" ")) };
        let flags: Vec<&str> = argument.flags.names().collect();
        let key = argument.key_spec_index.map(|index| format!("@{index}")).unwrap_or_default();
        let (name, kind, token) = (&argument.name, argument.kind.name(), &argument.token);
        format!("{name}/{kind}{key}/{token}/{}{inner}", flags.join("+"))
    }

    fn tree(synopsis: &str) -> String {
        let arguments = parse(synopsis).unwrap_or_else(|| panic!("{synopsis}"));
        arguments.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_are_what_their_names_say() {
        assert_eq!(tree("key value"), "key/key@0// value/string//");
        assert_eq!(tree("key newkey@1"), "key/key@0// newkey/key@1//");
        assert_eq!(
            tree("count score pattern unix-time-seconds"),
            "count/integer// score/double// pattern/pattern// unix-time-seconds/unix-time//"
        );
        assert_eq!(tree("stop:string by:pattern@1"), "stop/string// by/pattern@1//");
        assert_eq!(tree("storekey~key@1"), "storekey/key@1//");
        assert_eq!(parse("storekey~key@1 k").unwrap().iter().map(|a| &*a.display).collect::<Vec<_>>(), ["key", ""]);
        assert_eq!(tree(""), "");
    }

    #[test]
    fn words_stand_alone_or_announce_values() {
        assert_eq!(tree("[GET]"), "get/pure-token/GET/optional");
        assert_eq!(tree("[COUNT count]"), "count/integer/COUNT/optional");
        assert_eq!(tree("[LIMIT offset count]"), "limit/block/LIMIT/optional{offset/integer// count/integer//}");
        assert_eq!(
            tree("[limit=(COUNT count [ANY])]"),
            "limit/block//optional{count/integer/COUNT/ any/pure-token/ANY/optional}"
        );
        assert_eq!(
            tree("(BYRADIUS radius unit=(M|KM))"),
            "data/block//{radius/double/BYRADIUS/ unit/oneof//{m/pure-token/M/ km/pure-token/KM/}}"
        );
        assert_eq!(tree("ON OFF"), "on/pure-token/ON/ off/pure-token/OFF/");
    }

    #[test]
    fn one_of_several() {
        assert_eq!(tree("[way=(NX|XX)]"), "way/oneof//optional{nx/pure-token/NX/ xx/pure-token/XX/}");
        assert_eq!(
            tree("[EX seconds|KEEPTTL]"),
            "option/oneof//optional{seconds/integer/EX/ keepttl/pure-token/KEEPTTL/}"
        );
        assert_eq!(tree("[SKIPME skip=(YES|NO)]"), "skip/oneof/SKIPME/optional{yes/pure-token/YES/ no/pure-token/NO/}");
    }

    #[test]
    fn several_times() {
        assert_eq!(tree("key ..."), "key/key@0//multiple");
        assert_eq!(tree("[member] ..."), "member/string//optional+multiple");
        assert_eq!(tree("(score member) ..."), "data/block//multiple{score/double// member/string//}");
        assert_eq!(tree("[WEIGHTS weight ...]"), "weight/string/WEIGHTS/optional+multiple");
        assert_eq!(tree("[GET pattern] ..."), "pattern/pattern/GET/optional+multiple+multiple_token");
    }

    #[test]
    fn what_makes_no_sense() {
        for synopsis in ["[a", "a]", "(a|)", "()", "a=b", "key@x", "a:thing", "a | b"] {
            assert_eq!(parse(synopsis), None, "{synopsis}");
        }
    }
}
