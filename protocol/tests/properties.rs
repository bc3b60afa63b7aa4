//! What must hold for every input of the decoders, the configuration syntax and the glob matcher.

use std::borrow::Cow;

use bongsu_protocol::conf::{ConfDocument, ConfRewrite, Presence, join_words, push_quoted, split_words};
use bongsu_protocol::glob;
use bongsu_protocol::info::{InfoLine, InfoWriter, NodeInfo, info_lines};
use bongsu_protocol::resp::{
    Protocol, ReplyDecoder, ReplyError, ReplyLimits, RequestLimits, RequestParser, Value, Writer, encode_command,
};
use proptest::collection::vec;
use proptest::prelude::*;

type Args = Vec<Vec<u8>>;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

/// Input that looks enough like the protocol to get past the first byte.
fn protocol_like() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b"*2\r\n".to_vec()),
        Just(b"$3\r\nabc\r\n".to_vec()),
        "[-+:$*_,#(!=%~>|'\" ]".prop_map(String::into_bytes),
        "-?[0-9]{1,3}\r\n".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..4),
    ];
    vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

/// Cuts `input` into pieces whose lengths are taken from `cuts` in turn.
fn pieces<'a>(input: &'a [u8], cuts: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = input;
    let mut lengths = cuts.iter().copied().chain(std::iter::repeat(usize::MAX));
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(lengths.next()?.min(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// All requests in `input`, the error that ended them if any, and what is left over otherwise.
fn parse_requests(input: &[u8], cuts: &[usize]) -> (Vec<Args>, Result<Vec<u8>, String>) {
    let limits = RequestLimits { line_bytes_max: 30, args_max: 100, bulk_bytes_max: 200, unauthenticated: false };
    let mut parser = RequestParser::new();
    let (mut buf, mut requests) = (Vec::new(), Vec::new());
    for piece in pieces(input, cuts) {
        buf.extend_from_slice(piece);
        loop {
            let progress = match parser.parse(&buf, &limits) {
                Ok(progress) => progress,
                Err(error) => return (requests, Err(error.to_string())),
            };
            let (consumed, request) = (progress.consumed, progress.request.map(|request| request.to_vec()));
            buf.drain(..consumed);
            let Some(request) = request else { break };
            requests.push(request);
        }
    }
    (requests, Ok(buf))
}

fn decode_replies(input: &[u8], cuts: &[usize]) -> (Vec<Value<'static>>, Result<Vec<u8>, ReplyError>) {
    let mut decoder = ReplyDecoder::new(ReplyLimits { bytes_max: 300, nesting_max: 4, elements_max: 50 });
    let (mut buf, mut values) = (Vec::new(), Vec::new());
    for piece in pieces(input, cuts) {
        buf.extend_from_slice(piece);
        loop {
            match decoder.decode(&buf) {
                Ok(None) => break,
                Err(error) => return (values, Err(error)),
                Ok(Some((value, used))) => {
                    values.push(value.into_owned());
                    buf.drain(..used);
                }
            }
        }
    }
    (values, Ok(buf))
}

fn value() -> impl Strategy<Value = Value<'static>> {
    let text = "[^\r\n]{0,10}".prop_map(String::into_bytes);
    let leaf = prop_oneof![
        text.clone().prop_map(|text| Value::Simple(Cow::Owned(text))),
        text.prop_map(|text| Value::Error(Cow::Owned(text))),
        any::<i64>().prop_map(Value::Integer),
        bytes().prop_map(|bytes| Value::Bulk(Cow::Owned(bytes))),
        Just(Value::Null),
        any::<f64>().prop_filter("NaN differs from itself", |value| !value.is_nan()).prop_map(Value::Double),
        any::<bool>().prop_map(Value::Boolean),
        "-?[0-9]{1,30}".prop_map(|digits| Value::BigNumber(Cow::Owned(digits.into_bytes()))),
        bytes().prop_map(|text| Value::Verbatim { format: *b"txt", text: Cow::Owned(text) }),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::Array),
            vec(inner.clone(), 0..6).prop_map(Value::Set),
            vec(inner.clone(), 0..6).prop_map(Value::Push),
            vec((inner.clone(), inner), 0..4).prop_map(Value::Map),
        ]
    })
}

fn write_value(writer: &mut Writer<'_>, value: &Value<'_>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match value {
        Value::Simple(bytes) => writer.simple(&text(bytes)),
        Value::Error(bytes) => writer.error(bytes),
        Value::Integer(value) => writer.integer(*value),
        Value::Bulk(bytes) => writer.bulk(bytes),
        Value::Null => writer.null(),
        Value::Double(value) => writer.double(*value),
        Value::Boolean(value) => writer.boolean(*value),
        Value::BigNumber(digits) => writer.big_number(&text(digits)),
        Value::Verbatim { format, text } => writer.verbatim(*format, text),
        Value::Array(items) => {
            writer.array(items.len());
            items.iter().for_each(|item| write_value(writer, item));
        }
        Value::Set(items) => {
            writer.set(items.len());
            items.iter().for_each(|item| write_value(writer, item));
        }
        Value::Push(items) => {
            writer.push(items.len());
            items.iter().for_each(|item| write_value(writer, item));
        }
        Value::Map(pairs) => {
            writer.map(pairs.len());
            for (key, value) in pairs {
                write_value(writer, key);
                write_value(writer, value);
            }
        }
    }
}

/// The definition of a pattern without classes, without regard to time.
fn naive_glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| naive_glob(rest, &text[skip..])),
        ([b'?', rest @ ..], [_, after @ ..]) => naive_glob(rest, after),
        ([b'\\', literal, rest @ ..], [byte, after @ ..]) => literal == byte && naive_glob(rest, after),
        ([literal, rest @ ..], [byte, after @ ..]) => literal == byte && naive_glob(rest, after),
        _ => false,
    }
}

proptest! {
    #[test]
    fn commands_survive_a_round_trip(commands in vec(vec(bytes(), 1..6), 1..5), cuts in vec(1usize..20, 0..40)) {
        let mut wire = Vec::new();
        commands.iter().for_each(|args| encode_command(&mut wire, args));
        prop_assert_eq!(parse_requests(&wire, &cuts), (commands, Ok(Vec::new())));
    }

    #[test]
    fn requests_do_not_depend_on_the_cuts(input in protocol_like(), cuts in vec(1usize..5, 0..80)) {
        prop_assert_eq!(parse_requests(&input, &cuts), parse_requests(&input, &[]));
    }

    #[test]
    fn inline_words_are_those_of_a_configuration_line(words in vec(vec(any::<u8>(), 0..4), 1..3)) {
        let mut line = join_words(&words).into_bytes();
        prop_assume!(line[0] != b'*');
        line.extend_from_slice(b"\r\n");
        prop_assert_eq!(parse_requests(&line, &[]), (vec![words], Ok(Vec::new())));
    }

    #[test]
    fn replies_survive_a_round_trip(values in vec(value(), 1..4)) {
        let mut wire = Vec::new();
        let mut writer = Writer::new(&mut wire, Protocol::Resp3);
        values.iter().for_each(|value| write_value(&mut writer, value));
        let mut decoder = ReplyDecoder::default();
        let mut at = 0;
        for value in &values {
            let (decoded, used) = decoder.decode(&wire[at..])?.expect("the reply is complete");
            prop_assert_eq!(&decoded, value);
            at += used;
        }
        prop_assert_eq!(at, wire.len());
    }

    #[test]
    fn resp2_has_a_form_for_every_reply(value in value()) {
        let mut wire = Vec::new();
        write_value(&mut Writer::new(&mut wire, Protocol::Resp2), &value);
        let (_, used) = ReplyDecoder::default().decode(&wire)?.expect("the reply is complete");
        prop_assert_eq!(used, wire.len());
    }

    #[test]
    fn replies_do_not_depend_on_the_cuts(input in protocol_like(), cuts in vec(1usize..5, 0..80)) {
        prop_assert_eq!(decode_replies(&input, &cuts), decode_replies(&input, &[]));
    }

    #[test]
    fn words_survive_a_round_trip(words in vec(bytes(), 0..6)) {
        prop_assert_eq!(split_words(join_words(&words).as_bytes()), Ok(words.clone()));
        let mut quoted = String::new();
        for word in &words {
            push_quoted(&mut quoted, word);
            quoted.push(' ');
        }
        prop_assert_eq!(split_words(quoted.as_bytes()), Ok(words));
    }

    #[test]
    fn a_rewritten_file_says_the_same(words in vec(vec(bytes(), 1..4), 0..8)) {
        let lines: Vec<_> = words.iter().map(join_words).filter(|line| !line.starts_with('#')).collect();
        let written = ConfDocument::parse(&lines.join("\n")).rewrite(&ConfRewrite::new());
        let document = ConfDocument::parse(&written);
        let read: Vec<_> = document.directives().map(|directive| join_words(directive.expect("valid").words)).collect();
        prop_assert_eq!(read, lines);
    }

    #[test]
    fn a_rewrite_is_stable(file in "([a-c#'] ?[x\"]{0,2}\r?\n?){0,20}", keys in vec("[a-d]", 0..6)) {
        let mut rewrite = ConfRewrite::new();
        for key in &keys {
            rewrite.line(key, format!("{key} new"), Presence::Required);
        }
        // The first rewrite may add lines after the last blank one; from then on nothing moves.
        let second = ConfDocument::parse(&ConfDocument::parse(&file).rewrite(&rewrite)).rewrite(&rewrite);
        prop_assert_eq!(ConfDocument::parse(&second).rewrite(&rewrite), second.clone());
        let document = ConfDocument::parse(&second);
        prop_assert!(document.directives().all(|directive| directive.is_ok()));
        for key in &keys {
            let wanted = keys.iter().filter(|other| *other == key).count();
            let found = document.directives().flatten().filter(|directive| directive.name() == *key).count();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn info_fields_survive_a_round_trip(fields in vec(("[a-z_]{1,9}", "\\PC{0,20}"), 0..9)) {
        let mut info = InfoWriter::new();
        info.section("Server");
        for (name, value) in &fields {
            info.field(name, value);
        }
        let text = info.finish();
        let read: Vec<_> = info_lines(text.as_bytes()).skip(1).collect();
        let wanted: Vec<_> = fields
            .iter()
            .map(|(name, value)| InfoLine::Field { name: name.as_bytes(), value: value.as_bytes() })
            .collect();
        prop_assert_eq!(read, wanted);
    }

    #[test]
    fn info_takes_any_bytes(text in vec("(role|slave0|run_id|db0|master_host|# Keyspace)?:?[ -~]{0,50}\n", 0..9)) {
        NodeInfo::parse(text.concat().as_bytes());
    }

    #[test]
    fn globs_match_by_definition(pattern in "[ab*?\\\\]{0,8}", text in "[ab\\\\]{0,8}") {
        let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
        prop_assert_eq!(glob::matches(pattern, text), naive_glob(pattern, text));
    }

    #[test]
    fn globs_take_any_bytes(pattern in "[]ab*?^\\[\\\\-]{0,12}", text in "[]ab^-]{0,12}") {
        let same = glob::matches(pattern.as_bytes(), text.as_bytes());
        prop_assert_eq!(glob::matches_ignoring_case(pattern.as_bytes(), text.as_bytes()), same);
    }
}
