//! House rules that a machine can check on every source file.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::fs;
use std::path::{Path, PathBuf};

/// A file has one concern; one with much more code than 400 lines has two. Comments and empty lines do not count:
/// nobody is to explain less.
const FILE_CODE_LINES_MAX: usize = 420;
/// Lines above an `unsafe` in which its proof must stand.
const SAFETY_LINES: usize = 4;

struct Source {
    path: PathBuf,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All text files of the repository except what is built.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !matches!(name, "target" | ".git" | "corpus" | "artifacts" | "__pycache__") {
                    folders.push(path);
                }
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push(Source { path: path.strip_prefix(root()).unwrap().to_owned(), text });
            }
        }
    }
    assert!(found.len() > 50, "looked in the wrong place: {}", root().display());
    found
}

fn rust_sources() -> impl Iterator<Item = Source> {
    sources().into_iter().filter(|source| source.path.extension().is_some_and(|extension| extension == "rs"))
}

#[track_caller]
fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// Lines of code in `text`.
fn code_lines(text: &str) -> usize {
    text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

/// Scenarios and their helpers may be as long as the list of cases is.
fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.to_string_lossy().ends_with("tests.rs")
}

#[test]
fn files_have_one_concern() {
    let long: Vec<String> = rust_sources()
        .filter(|source| !is_test(&source.path) && code_lines(&source.text) > FILE_CODE_LINES_MAX)
        .map(|source| format!("{} has {} lines of code", source.path.display(), code_lines(&source.text)))
        .collect();
    assert_none("files above the limit", &long);
}

#[test]
fn no_leftover_markers() {
    // Put together here, so that this file does not contain them.
    let markers = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]].map(|parts| parts.concat());
    let macros = [["todo", "!("], ["unimplemented", "!("], ["dbg", "!("]].map(|parts| parts.concat());
    let is_word = |line: &str, marker: &str| {
        line.match_indices(marker).any(|(at, _)| {
            let beside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            beside(line[..at].chars().next_back()) && beside(line[at + marker.len()..].chars().next())
        })
    };
    let mut found = Vec::new();
    for source in sources() {
        // The licence texts are not ours to tidy.
        if source.path.to_string_lossy().starts_with("LICENSE") {
            continue;
        }
        for (number, line) in source.text.lines().enumerate() {
            if markers.iter().any(|marker| is_word(line, marker)) || macros.iter().any(|text| line.contains(text)) {
                found.push(format!("{}:{}: {}", source.path.display(), number + 1, line.trim()));
            }
        }
    }
    assert_none("leftover markers", &found);
}

#[test]
fn no_paths_of_this_machine() {
    let workspace = root().parent().unwrap().to_str().unwrap();
    // A checkout directly below the root directory has no path that could be told from others.
    if workspace == "/" {
        return;
    }
    let here = format!("{workspace}/");
    let found: Vec<String> = sources()
        .iter()
        .filter(|source| source.text.contains(&here))
        .map(|source| source.path.display().to_string())
        .collect();
    assert_none("files that name a folder of this machine", &found);
}

#[test]
fn unsafe_code_is_proved() {
    let word = ["un", "safe"].concat();
    let openings = [" {", " fn", " impl", " extern"].map(|rest| format!("{word}{rest}"));
    let mut found = Vec::new();
    for source in rust_sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let is_code = !line.trim_start().starts_with("//");
            let above = &lines[index.saturating_sub(SAFETY_LINES)..=index];
            if is_code
                && openings.iter().any(|opening| line.contains(opening))
                && !above.iter().any(|line| line.contains("SAFETY:") || line.contains("# Safety"))
            {
                found.push(format!("{}:{}: {}", source.path.display(), index + 1, line.trim()));
            }
        }
    }
    assert_none("code without proof", &found);
}
