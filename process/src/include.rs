//! The files that an `include` of a configuration means.

use std::fs;
use std::path::{Path, PathBuf};

use bongsu_protocol::glob;

/// The path itself, or the files that match it as a pattern, sorted. A relative one is relative to `dir`.
pub fn expand(dir: &Path, pattern: &str) -> Vec<PathBuf> {
    if !pattern.contains(['*', '?', '[']) {
        return vec![dir.join(pattern)];
    }
    let mut found = vec![if pattern.starts_with('/') { PathBuf::from("/") } else { dir.to_owned() }];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        found = if part.contains(['*', '?', '[']) {
            found.iter().flat_map(|dir| matching(dir, part)).collect()
        } else {
            found.into_iter().map(|dir| dir.join(part)).collect()
        };
    }
    found.retain(|path| path.is_file());
    found.sort();
    found
}

fn matching(dir: &Path, pattern: &str) -> Vec<PathBuf> {
    let listed = fs::read_dir(if dir.as_os_str().is_empty() { Path::new(".") } else { dir });
    let names = listed.into_iter().flatten().flatten().map(|entry| entry.file_name());
    let shown = names.filter(|name| {
        let name = name.as_encoded_bytes();
        (!name.starts_with(b".") || pattern.starts_with('.')) && glob::matches(pattern.as_bytes(), name)
    });
    shown.map(|name| dir.join(name)).collect()
}
