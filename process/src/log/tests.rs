use std::path::Path;

use super::*;

fn file_log(path: &Path, shape: Shape) -> (Log, LogGuard) {
    Log::start(&LogTarget::File(path.to_path_buf()), Role::Sentinel, LogLevel::Notice, shape, Timestamp::Legacy)
        .unwrap()
}

#[test]
fn a_line_has_the_layout_of_redis() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let (log, guard) = file_log(&path, Shape::Plain);
    log.verbose("below the threshold");
    log.warning("+sdown master mymaster 127.0.0.1 6379");
    drop(guard);
    let text = std::fs::read_to_string(&path).unwrap();
    let words: Vec<&str> = text.trim_end().splitn(7, ' ').collect();
    assert_eq!(words[0], format!("{}:X", std::process::id()));
    assert_eq!(words[5..], ["#", "+sdown master mymaster 127.0.0.1 6379"]);
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn a_message_cannot_forge_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let (log, guard) = file_log(&path, Shape::Json);
    log.notice("one\n\"two\"");
    drop(guard);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(text.trim_end().ends_with(r#""message":"one\u000a\"two\""}"#), "{text}");
}

#[test]
fn a_reopened_log_follows_the_rotated_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let (log, guard) = file_log(&path, Shape::Plain);
    log.notice("before");
    log.reopen();
    while !std::fs::read_to_string(&path).unwrap().contains("before") {
        thread::yield_now();
    }
    std::fs::rename(&path, dir.path().join("log.1")).unwrap();
    log.reopen();
    log.notice("after");
    drop(guard);
    assert!(std::fs::read_to_string(&path).unwrap().contains("after"));
}

#[test]
fn logfmt_quotes_the_message() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let target = LogTarget::File(path.clone());
    let (log, guard) =
        Log::start(&target, Role::Sentinel, LogLevel::Debug, Shape::Logfmt, Timestamp::Milliseconds).unwrap();
    log.debug("say \"hi\"");
    drop(guard);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(&format!("pid={} role=sentinel timestamp=\"", std::process::id())), "{text}");
    assert!(text.ends_with("\" level=debug message=\"say \\\"hi\\\"\"\n"), "{text}");
}

#[test]
fn levels_are_named_and_ordered() {
    for level in [LogLevel::Debug, LogLevel::Verbose, LogLevel::Notice, LogLevel::Warning, LogLevel::Nothing] {
        assert_eq!(LogLevel::parse(level.as_str()), Some(level));
        assert_eq!(LogLevel::from_u8(level as u8), level);
    }
    assert_eq!(LogLevel::parse("loud"), None);
}
