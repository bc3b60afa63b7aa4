use proptest::prelude::*;

use super::*;
use crate::aof::Format;

fn names() -> Names {
    Names::new(b"appendonly.aof")
}

#[track_caller]
fn fails(text: &str, message: &str) -> ManifestError {
    let error = Manifest::parse(text.as_bytes()).expect_err("is refused");
    assert_eq!(error.to_string(), message, "{text:?}");
    error
}

#[test]
fn lines_that_are_wrong_are_told_as_redis_tells_them() {
    let format = "Invalid AOF manifest file format";
    fails("", "Found an empty AOF manifest");
    fails("file a seq 1 type i\n\nfile b seq 3 type i\n", format);
    fails("filx a seq 1 type b\n", format);
    fails("file a type i\n", format);
    fails("file a seq 1 type i newkey\n", format);
    fails("file a seq 0 type i\n", format);
    fails("file a seq -1 type i\n", format);
    fails("file \"a seq 1 type i\n", format);
    fails("file \"\" seq 1 type i\n", format);
    fails("!!!\n", format);
    fails("file a seq 2 type i\nfile b seq 1 type i\n", "Found a non-monotonic sequence number");
    fails("file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information");
    fails("file a seq 1 type x\n", "Unknown AOF file type");
    fails("file ../a seq 1 type i\n", "File can't be a path, just a filename");
    fails("file .. seq 1 type i\n", "File can't be a path, just a filename");
    fails("file a seq 1 type i", "The AOF manifest file ends within a line");
    let long = "file a seq 1 type b ".repeat(60) + "\n";
    let error = fails(&(long + "file a seq 1 type i\n"), "The AOF manifest file contains too long line");
    assert!(matches!(error, ManifestError::Line { number: 1, text, .. } if text.len() <= LINE_LEN_MAX));
}

#[test]
fn a_manifest_without_bounds_is_not_read() {
    let endless = std::io::repeat(b'#');
    assert!(matches!(Manifest::read(endless), Err(ManifestError::TooLong)));
}

#[test]
fn comments_case_and_unknown_pairs_are_tolerated() {
    let text = "# hello\nFILE a.base SEQ 7 Type b newkey 'new value'\nfile a.3 seq 3 type i\nfile b seq 9 type h\n";
    let manifest = Manifest::parse(text.as_bytes()).expect("is read");
    assert_eq!(manifest.base().map(File::seq), Some(7));
    assert_eq!(manifest.last().map(File::name), Some(b"a.3".as_slice()));
    let again = "file a.base seq 7 type b newkey \"new value\"\nfile b seq 9 type h\nfile a.3 seq 3 type i\n";
    assert_eq!(manifest.to_text(), again);
}

#[test]
fn names_that_need_it_are_quoted() {
    let names = Names::new(b" file seq \n\n.aof ");
    let manifest = Manifest::new().with_base(&names, Format::Rdb, None).with_incremental(&names, None);
    let text = manifest.to_text();
    let expected = "file \" file seq \\n\\n.aof .1.base.rdb\" seq 1 type b\n\
        file \" file seq \\n\\n.aof .1.incr.aof\" seq 1 type i\n";
    assert_eq!(text, expected);
    assert_eq!(Manifest::parse(text.as_bytes()).expect("is read"), manifest);
}

#[test]
fn a_rewrite_replaces_what_was_there_when_it_began() {
    let names = names();
    let old = Manifest::new().with_base(&names, Format::Rdb, None).with_incremental(&names, None);
    let begun = old.with_incremental(&names, None);
    let kept_from = begun.last().map(File::seq);
    // Another one has been begun meanwhile.
    let more = begun.with_incremental(&names, None);
    let done = more.with_base(&names, Format::Commands, kept_from);
    let expected = "file appendonly.aof.2.base.aof seq 2 type b\n\
        file appendonly.aof.1.base.rdb seq 1 type h\n\
        file appendonly.aof.1.incr.aof seq 1 type h\n\
        file appendonly.aof.2.incr.aof seq 2 type i\n\
        file appendonly.aof.3.incr.aof seq 3 type i\n";
    assert_eq!(done.to_text(), expected);
    assert_eq!(done.removable().count(), 2);
    let clean = done.without_history();
    assert_eq!(clean.live().count(), 3);
    assert_eq!(clean.history().len(), 0);
}

#[test]
fn a_log_that_was_off_begins_with_a_base_and_an_incremental_file() {
    let names = names();
    let text = "file appendonly.aof.7.base.rdb seq 7 type b\nfile appendonly.aof.3.incr.aof seq 3 type i\n";
    let old = Manifest::parse(text.as_bytes()).expect("is read");
    let anew = old.with_base(&names, Format::Rdb, None).with_incremental(&names, None).without_history();
    let expected = "file appendonly.aof.8.base.rdb seq 8 type b\nfile appendonly.aof.4.incr.aof seq 4 type i\n";
    assert_eq!(anew.to_text(), expected);
}

#[test]
fn names_of_files_that_wait_for_their_removal_are_not_given_again() {
    let names = names();
    let text = "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type h\n\
        file appendonly.aof.2.base.rdb seq 2 type h\n";
    let manifest = Manifest::parse(text.as_bytes()).expect("is read").with_incremental(&names, None);
    assert_eq!(manifest.last().map(File::name), Some(b"appendonly.aof.2.incr.aof".as_slice()));
    let manifest = manifest.with_base(&names, Format::Rdb, None);
    assert_eq!(manifest.base().map(File::name), Some(b"appendonly.aof.3.base.rdb".as_slice()));
}

#[test]
fn what_is_live_is_not_removed_as_history() {
    let text = "file a seq 1 type b\nfile a seq 1 type h\nfile b seq 1 type h\n";
    let manifest = Manifest::parse(text.as_bytes()).expect("is read");
    let removable: Vec<_> = manifest.removable().map(File::name).collect();
    assert_eq!(removable, [b"b".as_slice()]);
}

#[test]
fn a_single_file_is_taken_over_once() {
    let names = names();
    assert!(Manifest::new().wants_single_file(&names, true));
    let begun = Manifest::of_single_file(&names);
    assert_eq!(begun.to_text(), "file appendonly.aof seq 1 type b\n");
    assert!(begun.wants_single_file(&names, false), "interrupted before the file was moved");
    assert!(!begun.wants_single_file(&names, true));
    let running = begun.with_incremental(&names, None);
    assert!(!running.wants_single_file(&names, false));
    let rewritten = running.with_incremental(&names, None).with_base(&names, Format::Rdb, Some(2)).without_history();
    let expected = "file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n";
    assert_eq!(rewritten.to_text(), expected);
}

#[test]
fn origins_stand_in_extra_pairs() {
    let origin = Origin { id: *b"0123456789abcdef0123456789abcdef01234567", offset: 42 };
    let manifest = Manifest::new().with_incremental(&names(), Some(origin));
    let line = "file appendonly.aof.1.incr.aof seq 1 type i \
        replid 0123456789abcdef0123456789abcdef01234567 offset 42\n";
    assert_eq!(manifest.to_text(), line);
    let read = Manifest::parse(line.as_bytes()).expect("is read");
    assert_eq!(read.last().and_then(File::origin), Some(origin));
    for damaged in
        ["replid 0123 offset 42", "replid 0123456789abcdef0123456789abcdef0123456z offset 42", "offset 42 a b"]
    {
        let text = format!("file a seq 1 type i {damaged}\n");
        let read = Manifest::parse(text.as_bytes()).expect("is read");
        assert_eq!(read.last().and_then(File::origin), None, "{damaged}");
    }
}

#[test]
fn a_line_that_an_origin_would_make_too_long_goes_without() {
    let origin = Origin { id: [b'a'; REPLICATION_ID_LEN], offset: u64::MAX };
    let manifest = Manifest::new().with_incremental(&Names::new(&[0xff; 235]), Some(origin));
    assert_eq!(manifest.last().and_then(File::origin), None);
    assert_eq!(Manifest::parse(manifest.to_text().as_bytes()).expect("is read"), manifest);
}

/// A change of a log.
fn change(manifest: &Manifest, names: &Names, choice: u8) -> Manifest {
    match choice % 5 {
        0 | 1 => manifest.with_incremental(names, None),
        2 => manifest.with_base(names, Format::Rdb, None),
        3 => manifest.with_base(names, Format::Commands, manifest.last().map(File::seq)),
        _ => manifest.without_history(),
    }
}

proptest! {
    #[test]
    fn any_life_of_a_log_is_read_as_it_was_written(
        stem in prop::collection::vec(any::<u8>().prop_filter("a name", |b| !matches!(b, b'/' | b'\\' | 0)), 1..60),
        choices in prop::collection::vec(any::<u8>(), 1..30),
        restarts in any::<u32>(),
    ) {
        let names = Names::new(&stem);
        let mut manifest = Manifest::new();
        for (index, choice) in choices.iter().enumerate() {
            manifest = change(&manifest, &names, *choice);
            let text = manifest.to_text();
            if !text.is_empty() {
                let read = Manifest::parse(text.as_bytes()).expect("is read");
                prop_assert_eq!(read.to_text(), text);
                if restarts >> (index % 32) & 1 == 1 {
                    manifest = read;
                }
            }
            let mut named: Vec<_> = manifest.live().chain(manifest.history()).map(File::name).collect();
            named.sort_unstable();
            prop_assert!(named.is_sorted_by(|one, other| one < other), "{named:?}");
        }
    }

    #[test]
    fn nonsense_is_refused_without_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let _refused = Manifest::parse(&text);
    }

    #[test]
    fn words_in_any_order_are_no_reason_to_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "file", "seq", "type", "b", "i", "h", "1", "2", "99999999999999999999", " ", " ", " ", "\n", "\"", "#", "a",
        ]), 0..60),
    ) {
        if let Ok(manifest) = Manifest::parse(words.concat().as_bytes()) {
            let text = manifest.to_text();
            prop_assert!(text.is_empty() || Manifest::parse(text.as_bytes()).is_ok());
        }
    }
}

#[test]
fn files_without_a_manifest_keep_their_names() {
    let names = Names::new(b"a.b");
    for (name, seq) in [("a.b.7.base.rdb", 7), ("a.b.8.base.aof", 8), ("a.b.09.incr.aof", 9)] {
        assert_eq!(names.seq(name.as_bytes()), Some(seq));
    }
    for name in
        ["a.b", "a.b.manifest", "a.b.x.base.rdb", "a.b..incr.aof", "a.b.+1.incr.aof", "temp-a.b.1.base", "b.1.incr.aof"]
    {
        assert_eq!(names.seq(name.as_bytes()), None, "{name}");
    }
    assert_eq!(names.seq(b"a.b.99999999999999999999.incr.aof"), None);
    let next = Manifest::after(9).with_base(&names, Format::Rdb, None).with_incremental(&names, None);
    assert_eq!(next.base().unwrap().name(), b"a.b.10.base.rdb");
    assert_eq!(next.last().unwrap().name(), b"a.b.10.incr.aof");
}
