use super::*;

fn decode_pieces(pieces: &[&[u8]], limits: ReplyLimits) -> Result<Vec<Value<'static>>, ReplyError> {
    let mut decoder = ReplyDecoder::new(limits);
    let mut buf = Vec::new();
    let mut values = Vec::new();
    for piece in pieces {
        buf.extend_from_slice(piece);
        while let Some((value, used)) = decoder.decode(&buf)? {
            values.push(value.into_owned());
            buf.drain(..used);
        }
    }
    Ok(values)
}

#[track_caller]
fn check_with(input: &[u8], limits: ReplyLimits, expected: Result<Vec<Value<'static>>, ReplyError>) {
    assert_eq!(decode_pieces(&[input], limits), expected, "whole");
    let bytes: Vec<_> = input.chunks(1).collect();
    assert_eq!(decode_pieces(&bytes, limits), expected, "byte by byte");
}

#[track_caller]
fn check(input: &str, expected: Value<'static>) {
    check_with(input.as_bytes(), ReplyLimits::default(), Ok(vec![expected]));
}

#[track_caller]
fn check_error(input: &str, offset: usize, kind: ReplyErrorKind) {
    check_with(input.as_bytes(), ReplyLimits::default(), Err(ReplyError { offset, kind }));
}

fn bulk(text: &'static str) -> Value<'static> {
    Value::Bulk(Cow::Borrowed(text.as_bytes()))
}

#[test]
fn scalars() {
    check("+OK\r\n", Value::Simple(Cow::Borrowed(b"OK")));
    check("-ERR no\r\n", Value::Error(Cow::Borrowed(b"ERR no")));
    check("!6\r\nERR \r\n\r\n", Value::Error(Cow::Borrowed(b"ERR \r\n")));
    check(":-7\r\n", Value::Integer(-7));
    check("$3\r\na\r\n\r\n", bulk("a\r\n"));
    check("$0\r\n\r\n", bulk(""));
    check("$-1\r\n", Value::Null);
    check("*-1\r\n", Value::Null);
    check("_\r\n", Value::Null);
    check(",1.5\r\n", Value::Double(1.5));
    check(",-inf\r\n", Value::Double(f64::NEG_INFINITY));
    check("#t\r\n", Value::Boolean(true));
    check("(-12345678901234567890\r\n", Value::BigNumber(Cow::Borrowed(b"-12345678901234567890")));
    check("=6\r\ntxt:ab\r\n", Value::Verbatim { format: *b"txt", text: Cow::Borrowed(b"ab") });
}

#[test]
fn aggregates() {
    check("*0\r\n", Value::Array(vec![]));
    check(
        "*3\r\n:1\r\n*1\r\n$1\r\na\r\n*0\r\n",
        Value::Array(vec![Value::Integer(1), Value::Array(vec![bulk("a")]), Value::Array(vec![])]),
    );
    check("%1\r\n+k\r\n~1\r\n:1\r\n", {
        Value::Map(vec![(Value::Simple(Cow::Borrowed(b"k")), Value::Set(vec![Value::Integer(1)]))])
    });
    check(">2\r\n$7\r\nmessage\r\n_\r\n", Value::Push(vec![bulk("message"), Value::Null]));
}

#[test]
fn attributes_are_skipped_wherever_they_stand() {
    check("|1\r\n+ttl\r\n:1\r\n:2\r\n", Value::Integer(2));
    check("*2\r\n|1\r\n+a\r\n*1\r\n:9\r\n:1\r\n|0\r\n:2\r\n", Value::Array(vec![Value::Integer(1), Value::Integer(2)]));
}

#[test]
fn several_replies_in_one_buffer() {
    let values = decode_pieces(&[b"+OK\r\n:1\r\n$1\r\nx\r\n+P"], ReplyLimits::default()).expect("valid");
    assert_eq!(values.len(), 3);
    assert!(values[0].is_ok());
}

#[test]
fn errors_name_the_place() {
    check_error("?\r\n", 0, ReplyErrorKind::UnknownType(b'?'));
    check_error("*2\r\n:1\r\nHTTP", 8, ReplyErrorKind::UnknownType(b'H'));
    check_error(":a\r\n", 0, ReplyErrorKind::InvalidNumber);
    check_error("$-2\r\n", 0, ReplyErrorKind::InvalidNumber);
    check_error("$1\r\nabc", 4, ReplyErrorKind::MissingLineEnd);
    check_error("+OK\n", 0, ReplyErrorKind::MissingLineEnd);
    check_error("#x\r\n", 0, ReplyErrorKind::Malformed);
    check_error("=2\r\nab\r\n", 0, ReplyErrorKind::Malformed);
    check_error("*2\r\n:1\r\n:x\r\n", 8, ReplyErrorKind::InvalidNumber);
}

#[test]
fn limits_hold() {
    let limits = ReplyLimits { bytes_max: 40, nesting_max: 2, elements_max: 3 };
    let fails = |input: &str, offset, kind| {
        check_with(input.as_bytes(), limits, Err(ReplyError { offset, kind }));
    };
    fails("$100\r\n", 0, ReplyErrorKind::TooLong);
    fails("+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0, ReplyErrorKind::TooLong);
    fails("*4\r\n", 0, ReplyErrorKind::TooManyElements);
    fails("%2\r\n", 0, ReplyErrorKind::TooManyElements);
    fails("%9223372036854775807\r\n", 0, ReplyErrorKind::TooManyElements);
    fails("*1\r\n*1\r\n*1\r\n", 8, ReplyErrorKind::TooDeep);
    check_with(b"*1\r\n*1\r\n*0\r\n", limits, Ok(vec![Value::Array(vec![Value::Array(vec![Value::Array(vec![])])])]));
}

#[test]
fn pairs_of_a_map_and_of_a_flat_array() {
    let map = Value::Map(vec![(bulk("a"), Value::Integer(1))]);
    let flat = Value::Array(vec![bulk("a"), Value::Integer(1)]);
    for value in [map, flat] {
        let pairs: Vec<_> = value.pairs().map(|(key, value)| (key.as_str(), value.as_integer())).collect();
        assert_eq!(pairs, [(Some("a"), Some(1))]);
    }
}

#[test]
fn error_codes() {
    let error = Value::Error(Cow::Borrowed(b"LOADING Redis is loading"));
    assert_eq!(error.error_code(), Some(&b"LOADING"[..]));
}
