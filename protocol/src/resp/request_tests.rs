use super::*;

/// Feeds `input` in the given pieces, as a connection would, and collects all commands.
fn parse_pieces(pieces: &[&[u8]], limits: &RequestLimits) -> Result<Vec<Vec<Vec<u8>>>, ProtocolError> {
    let mut parser = RequestParser::new();
    let mut buf = Vec::new();
    let mut requests = Vec::new();
    for piece in pieces {
        buf.extend_from_slice(piece);
        loop {
            let progress = parser.parse(&buf, limits)?;
            let consumed = progress.consumed;
            let more = progress.request.is_some();
            requests.extend(progress.request.map(|request| request.to_vec()));
            buf.drain(..consumed);
            if !more {
                break;
            }
        }
    }
    Ok(requests)
}

/// The result must be the same whole, byte by byte, and cut in two at any place.
#[track_caller]
fn check_with(input: &[u8], limits: &RequestLimits, expected: Result<&[&[&str]], ProtocolError>) {
    let expected = expected.map(|requests| {
        requests.iter().map(|args| args.iter().map(|arg| arg.as_bytes().to_vec()).collect()).collect::<Vec<Vec<_>>>()
    });
    assert_eq!(parse_pieces(&[input], limits), expected, "whole");
    let bytes: Vec<_> = input.chunks(1).collect();
    assert_eq!(parse_pieces(&bytes, limits), expected, "byte by byte");
    for at in 0..input.len().min(200) {
        let (head, tail) = input.split_at(at);
        assert_eq!(parse_pieces(&[head, tail], limits), expected, "split at {at}");
    }
}

#[track_caller]
fn check(input: &[u8], expected: &[&[&str]]) {
    check_with(input, &RequestLimits::default(), Ok(expected));
}

#[track_caller]
fn check_error(input: &[u8], expected: ProtocolError) {
    check_with(input, &RequestLimits::default(), Err(expected));
}

#[test]
fn arrays_of_bulk_strings() {
    check(b"*1\r\n$4\r\nPING\r\n", &[&["PING"]]);
    check(b"*2\r\n$3\r\nGET\r\n$0\r\n\r\n*1\r\n$1\r\n\n\r\n", &[&["GET", ""], &["\n"]]);
}

#[test]
fn inline_commands() {
    check(b"PING\r\nping\n", &[&["PING"], &["ping"]]);
    check(b"set k \"a b\\x41\" 'c\\'d'\r\n", &[&["set", "k", "a bA", "c'd"]]);
}

#[test]
fn lines_that_ask_for_nothing_are_dropped() {
    check(b"PING\r\n\n\r\n  \r\n*0\r\n*-1\r\nPING\r\n", &[&["PING"], &["PING"]]);
    let mut parser = RequestParser::new();
    let progress = parser.parse(b"\r\n*0\r\n", &RequestLimits::default()).expect("nothing wrong");
    assert_eq!((progress.consumed, progress.request.is_none()), (6, true));
}

#[test]
fn errors_and_their_texts() {
    check_error(b"*a\r\n", ProtocolError::InvalidArgCount);
    check_error(b"*1048577\r\n", ProtocolError::InvalidArgCount);
    check_error(b"*1\n", ProtocolError::InvalidArgCount);
    check_error(b"*1\r\nPING", ProtocolError::ExpectedBulk { got: b'P' });
    check_error(b"*1\r\n$-1\r\n", ProtocolError::InvalidBulkLength);
    check_error(b"*1\r\n$536870913\r\n", ProtocolError::InvalidBulkLength);
    check_error(b"*1\r\n$4\r\nPINGPONG", ProtocolError::InvalidBulkLength);
    check_error(b"set \"a\r\n", ProtocolError::UnbalancedQuotes);
    assert_eq!(ProtocolError::ExpectedBulk { got: b'x' }.to_string(), "Protocol error: expected '$', got 'x'");
}

#[test]
fn lines_without_end() {
    let limits = RequestLimits { line_bytes_max: 10, ..RequestLimits::default() };
    check_with(b"0123456789", &limits, Ok(&[]));
    check_with(b"0123456789\n", &limits, Ok(&[&["0123456789"]]));
    check_with(b"0123456789a\n", &limits, Err(ProtocolError::InlineTooBig));
    check_with(b"*0000000000", &limits, Err(ProtocolError::ArgCountLineTooBig));
    check_with(b"*1\r\n$0000000000", &limits, Err(ProtocolError::BulkLengthLineTooBig));
}

#[test]
fn limits_before_authentication() {
    let limits = RequestLimits { unauthenticated: true, ..RequestLimits::default() };
    check_with(b"*10\r\n$16384\r\n", &limits, Ok(&[]));
    check_with(b"*11\r\n", &limits, Err(ProtocolError::UnauthenticatedArgCount));
    check_with(b"*1\r\n$16385\r\n", &limits, Err(ProtocolError::UnauthenticatedBulkLength));
}

#[test]
fn the_parser_says_how_much_it_waits_for() {
    let mut parser = RequestParser::new();
    let limits = RequestLimits::default();
    let head = b"*1\r\n$1000\r\nab";
    assert!(parser.parse(head, &limits).expect("valid so far").request.is_none());
    assert_eq!(parser.buffer_len_needed(), "*1\r\n$1000\r\n".len() + 1000 + 2);
}
