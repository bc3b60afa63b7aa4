use std::io::{self, Cursor};

use bongsu_protocol::resp::encode_command;
use proptest::prelude::*;

use super::*;

/// Gives its bytes in pieces of these lengths.
struct Pieces<'a> {
    bytes: &'a [u8],
    lens: Vec<usize>,
    turn: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        if self.turn.is_multiple_of(7) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let wanted = self.lens.get(self.turn % self.lens.len().max(1)).copied().unwrap_or(1 << 20).max(1);
        let len = wanted.min(into.len()).min(self.bytes.len());
        let (now, rest) = self.bytes.split_at(len);
        into[..len].copy_from_slice(now);
        self.bytes = rest;
        Ok(len)
    }
}

fn file(commands: &[&[&str]]) -> Vec<u8> {
    let mut out = Vec::new();
    commands.iter().for_each(|command| encode_command(&mut out, command));
    out
}

/// What a file turned out to be.
#[derive(Debug, PartialEq)]
struct Found {
    commands: Vec<Vec<Vec<u8>>>,
    annotations: Vec<Vec<u8>>,
    good_until: u64,
    line: u64,
    /// Offset and text of the error, and whether the file has been cut off.
    error: Option<(u64, String, bool)>,
}

fn scan_from(reader: impl Read, offset: u64, limits: Limits) -> Found {
    let mut scanner = Scanner::with_limits(reader, offset, limits);
    let (mut commands, mut annotations, mut error) = (Vec::new(), Vec::new(), None);
    let mut end = offset;
    while let Some(entry) = scanner.next() {
        match entry {
            Ok(Entry::Command(command)) => {
                assert_eq!(command.offset(), end);
                end += command.bytes().len() as u64;
                let arguments = command.arguments();
                assert_eq!(command.argument(0), Some(command.name()));
                commands.push(arguments.map(<[u8]>::to_vec).collect());
            }
            Ok(Entry::Annotation(annotation)) => {
                assert_eq!(annotation.offset(), end);
                end += annotation.bytes().len() as u64;
                annotations.push(annotation.bytes().to_vec());
            }
            Err(failed) => {
                let is_cut_off = matches!(failed, ScanError::CutOff { .. });
                error = Some((failed.offset().expect("the file is to blame"), failed.to_string(), is_cut_off));
            }
        }
        assert_eq!(scanner.offset(), end);
    }
    assert!(scanner.next().is_none(), "nothing comes after the end");
    Found { commands, annotations, good_until: scanner.good_until(), line: scanner.line(), error }
}

fn scan(bytes: &[u8]) -> Found {
    scan_from(Cursor::new(bytes), 0, Limits::default())
}

#[track_caller]
fn breaks(bytes: &[u8], good_until: usize, at: usize, message: &str, is_cut_off: bool) {
    let found = scan(bytes);
    let text = bytes.escape_ascii();
    assert_eq!(found.error, Some((at as u64, message.to_owned(), is_cut_off)), "{text}");
    assert_eq!(found.good_until, good_until as u64, "{text}");
}

#[test]
fn commands_and_annotations_come_in_order() {
    let mut bytes = b"#TS:1628217470\r\n".to_vec();
    bytes.extend(file(&[&["SELECT", "0"], &["set", "k\r\n", ""]]));
    bytes.extend(b"# anything\n#TS:x\r\n");
    let found = scan(&bytes);
    assert_eq!(found.error, None);
    assert_eq!(
        found.commands,
        [vec![b"SELECT".to_vec(), b"0".to_vec()], vec![b"set".to_vec(), b"k\r\n".to_vec(), vec![]]]
    );
    assert_eq!(found.annotations, [b"#TS:1628217470\r\n".to_vec(), b"# anything\n".to_vec(), b"#TS:x\r\n".to_vec()]);
    assert_eq!((found.good_until, found.line), (bytes.len() as u64, 16));
}

#[test]
fn timestamps_are_numbers() {
    for (text, expected) in [("#TS:12\r\n", Some(12)), ("#TS:-1\r\n", Some(-1)), ("#TS:1", None), ("#TS:1x\r\n", None)]
    {
        let annotation = Annotation { bytes: text.as_bytes(), offset: 0 };
        assert!(annotation.is_timestamp());
        assert_eq!(annotation.timestamp(), expected, "{text:?}");
    }
    let mut out = Vec::new();
    crate::aof::push_timestamp(&mut out, 77);
    assert_eq!(Annotation { bytes: &out, offset: 0 }.timestamp(), Some(77));
}

#[test]
fn an_empty_file_is_good() {
    let found = scan(b"");
    assert_eq!((found.good_until, found.line, found.error), (0, 1, None));
}

#[test]
fn what_follows_an_rdb_file_is_counted_from_its_end() {
    let bytes = file(&[&["set", "a", "b"]]);
    let found = scan_from(Cursor::new(&bytes), 100, Limits::default());
    assert_eq!(found.good_until, 100 + bytes.len() as u64);
}

#[test]
fn a_file_that_was_cut_off_anywhere_is_told_from_one_that_is_damaged() {
    let commands: [&[&str]; 4] = [&["set", "a", "1"], &["MULTI"], &["set", "b", "2"], &["exec"]];
    let bytes = file(&commands);
    let first = file(&commands[..1]).len();
    for len in 0..bytes.len() {
        let found = scan(&bytes[..len]);
        let good = if len < first { 0 } else { first };
        assert_eq!(found.good_until, good as u64, "{len}");
        match found.error {
            None => assert!(len == 0 || len == first, "{len}"),
            Some((at, _, is_cut_off)) => {
                assert!(is_cut_off, "{len}");
                assert!(at >= found.good_until && at <= len as u64, "{len}");
            }
        }
    }
    assert_eq!(scan(&bytes).good_until, bytes.len() as u64);
}

#[test]
fn the_place_and_the_kind_of_damage_are_told() {
    let good = file(&[&["set", "foo", "hello"]]);
    let at = good.len();
    let with = |rest: &[u8]| [&good, rest].concat();
    breaks(&with(b"!!!"), at, at, "Expected a command or an annotation, got: '!'", false);
    breaks(&with(b"*3\r\n:1\r\n"), at, at + 4, "Expected prefix '$', got: ':'", false);
    breaks(&with(b"*x\r\n"), at, at, "Expected a length and \\r\\n", false);
    breaks(&with(b"*-1\r\n"), at, at, "Expected a length and \\r\\n", false);
    breaks(&with(b"*1\n$1\r\na\r\n"), at, at, "Expected a length and \\r\\n", false);
    breaks(&with(b"*\r\n"), at, at, "Expected a length and \\r\\n", false);
    breaks(&with(b"*0\r\n"), at, at, "Expected a command of at least one argument", false);
    breaks(&with(b"*99999999999\r\n"), at, at, "Expected a command, got 99999999999 arguments", false);
    breaks(&with(b"*99999999999999999999999\r\n"), at, at, "Expected a length and \\r\\n", false);
    breaks(&with(b"*1\r\n$0000000000000000000000000000001\r\n"), at, at + 4, "Expected a length and \\r\\n", false);
    let text = "Expected to read string of 99999999999 bytes, which is not in the suitable range";
    breaks(&with(b"*1\r\n$99999999999\r\n"), at, at + 4, text, false);
    breaks(&with(b"*1\r\n$1\r\nabcd"), at, at + 9, "Expected \\r\\n, got: 6263", false);
    breaks(&with(b"*1\r\n$4\r\nexec\r\n"), at, at, "Unexpected EXEC", false);
    let nested = file(&[&["multi"], &["multi"]]);
    breaks(&with(&nested), at, at + nested.len() / 2, "Unexpected MULTI", false);
    breaks(&with(&[b'#'; 2000]), at, at, "Expected the end of an annotation that is too long", false);
    breaks(&with(b"#TS:12"), at, at, "Reached EOF before the end of a line", true);
    breaks(&with(b"*1"), at, at, "Reached EOF before the end of a line", true);
    breaks(&with(b"*1\r\n"), at, at + 4, "Reached EOF before the last argument of a command", true);
    breaks(&with(b"*1\r\n$5\r\nab"), at, at + 8, "Expected to read 7 bytes, got 2 bytes", true);
    let open = with(&file(&[&["multi"], &["set", "a", "b"]]));
    breaks(&open, at, open.len(), "Reached EOF before reading EXEC for MULTI", true);
    // Blocks that were allocated and never written.
    breaks(&with(&[0; 4096]), at, at, "Expected a command or an annotation, got: '\\x00'", false);
}

#[test]
fn the_line_is_where_sense_ends() {
    let good = file(&[&["set", "foo", "hello"]]);
    assert_eq!(scan(&[&good, b"!!!".as_slice()].concat()).line, 8);
    assert_eq!(scan(&[&good, b"*2\r\n$3\r\nget\r\n$3\r\nfo".as_slice()].concat()).line, 12);
}

#[test]
fn limits_hold() {
    let limits = Limits { arguments: 3, argument_bytes: 100, command_bytes: 200 };
    let long = "x".repeat(90);
    let found = |commands: &[&[&str]]| scan_from(Cursor::new(file(commands)), 0, limits);
    assert_eq!(
        found(&[&["set", &long, &long]]).error.map(|(_, text, _)| text).as_deref(),
        Some("Expected the end of a command that is too long")
    );
    assert!(found(&[&["a", "b", "c", "d"]]).error.is_some());
    assert!(found(&[&["a", &"x".repeat(101)]]).error.is_some());
    assert_eq!(found(&[&["a", &long], &["a", &long]]).error, None);
}

#[test]
fn what_is_only_announced_takes_no_memory() {
    let mut scanner = Scanner::new(Cursor::new(b"*2000000000\r\n$4000000000\r\nabc"), 0);
    assert!(matches!(scanner.next(), Some(Err(ScanError::CutOff { .. }))));
    assert!(scanner.window.room() < 1 << 20);
    assert_eq!(scanner.ranges.capacity(), 0);
}

#[test]
fn a_reader_that_fails_is_not_the_end_of_the_file() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("disk"))
        }
    }
    let mut scanner = Scanner::new(Cursor::new(b"*1\r\n$4\r\n").chain(Failing), 0);
    assert!(matches!(scanner.next(), Some(Err(ScanError::Io(_)))));
    assert!(scanner.next().is_none());
}

#[test]
fn large_arguments_span_many_reads() {
    let large = "x".repeat(3 << 20);
    let bytes = file(&[&["set", "a", &large], &["get", "a"], &["set", "b", &large], &["get", "b"]]);
    let found = scan(&bytes);
    assert_eq!(found.error, None);
    assert_eq!(found.commands.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 3, 2]);
    assert_eq!(found.commands[2][2].len(), large.len());
}

proptest! {
    #[test]
    fn how_a_file_is_read_makes_no_difference(
        commands in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 1..5), 0..20),
        lens in prop::collection::vec(1..40_usize, 0..5),
        cut in any::<prop::sample::Index>(),
        damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut bytes = Vec::new();
        for command in &commands {
            encode_command(&mut bytes, command);
        }
        let whole = bytes.len();
        if let Some((at, byte)) = damage.filter(|_| whole > 0) {
            bytes[at.index(whole)] = byte;
        }
        bytes.truncate(cut.index(whole + 1));
        let found = scan(&bytes);
        prop_assert!(found.good_until <= bytes.len() as u64);
        prop_assert_eq!(&scan_from(Pieces { bytes: &bytes, lens, turn: 0 }, 0, Limits::default()), &found);
        // Cut back, it is good.
        let again = scan(&bytes[..found.good_until as usize]);
        prop_assert_eq!(again.error, None);
        prop_assert!(found.commands.starts_with(&again.commands));
        if damage.is_none() {
            prop_assert!(commands.starts_with(&found.commands));
        }
    }

    #[test]
    fn nonsense_ends_in_an_error_and_never_in_a_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "*1\r\n", "*2\r\n", "$4\r\n", "$0\r\n", "exec\r\n", "EXEC\r\n", "$5\r\n", "multi\r\n", "\r\n", "\n", "#", "9", "-", "\0",
        ]), 0..40),
    ) {
        let bytes = words.concat();
        let found = scan(bytes.as_bytes());
        prop_assert_eq!(scan(&bytes.as_bytes()[..found.good_until as usize]).error, None);
    }
}
