//! Keeps the import rules and the code map of ARCHITECTURE.md true.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Who may import whom, among the packages of this workspace. Dependencies of tests count too.
const IMPORTS: [(&str, &[&str]); 11] = [
    (
        "bongsu",
        &[
            "bongsu-healthcheck",
            "bongsu-persist",
            "bongsu-process",
            "bongsu-protocol",
            "bongsu-sentinel",
            "bongsu-server",
            "bongsu-store",
        ],
    ),
    ("bongsu-healthcheck", &["bongsu-process", "bongsu-protocol", "bongsu-publish", "bongsu-sentinel-core"]),
    ("bongsu-persist", &["bongsu-protocol", "bongsu-store"]),
    ("bongsu-process", &["bongsu-protocol"]),
    ("bongsu-protocol", &[]),
    ("bongsu-publish", &["bongsu-process"]),
    ("bongsu-sentinel", &["bongsu-process", "bongsu-protocol", "bongsu-publish", "bongsu-sentinel-core"]),
    ("bongsu-sentinel-core", &[]),
    ("bongsu-sentinel-sim", &["bongsu-sentinel-core"]),
    ("bongsu-server", &["bongsu-persist", "bongsu-process", "bongsu-protocol", "bongsu-store"]),
    ("bongsu-store", &["bongsu-protocol"]),
];

/// Packages that take bytes or inputs and give values: what they may not name in their sources.
const SANS_IO: [(&str, &[&str]); 4] = [
    (
        "sentinel/core/src",
        &["tokio", "std::net::Tcp", "std::net::Udp", "std::thread", "std::fs", "Instant::now", "SystemTime"],
    ),
    ("server/store/src", &["tokio", "std::net", "std::thread", "std::fs", "std::sync", "Instant::now", "SystemTime"]),
    ("server/persist/src", &["tokio", "std::net", "std::thread", "std::fs", "std::sync", "Instant::now", "SystemTime"]),
    (
        "protocol/src",
        &["tokio", "std::net::Tcp", "std::net::Udp", "std::thread", "std::fs", "Instant::now", "SystemTime::now"],
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The packages of the workspace: name, and dependencies as (name, kind).
fn packages() -> BTreeMap<String, Vec<(String, String)>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("normal").to_owned();
    let dependencies = |package: &Value| {
        let listed = package["dependencies"].as_array().unwrap();
        listed.iter().map(|dependency| (text(&dependency["name"]), text(&dependency["kind"]))).collect()
    };
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|package| (text(&package["name"]), dependencies(package))).collect()
}

#[test]
fn imports_go_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = IMPORTS.into_iter().collect();
    for (package, dependencies) in packages() {
        let allowed = allowed.get(package.as_str()).unwrap_or_else(|| panic!("{package} has no import rule"));
        for (dependency, _) in dependencies.iter().filter(|(name, _)| name.starts_with("bongsu")) {
            assert!(allowed.contains(&dependency.as_str()), "{package} may not import {dependency}");
        }
    }
}

#[test]
fn the_core_stands_on_std_alone() {
    let packages = packages();
    let normal: Vec<_> = packages["bongsu-sentinel-core"].iter().filter(|(_, kind)| kind != "dev").collect();
    assert!(normal.is_empty(), "{normal:?}");
}

#[test]
fn pure_packages_touch_no_world() {
    for (folder, words) in SANS_IO {
        let mut files = 0;
        for_each_source(&root().join(folder), &mut |path, text| {
            files += 1;
            for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                let word = words.iter().find(|word| line.contains(**word));
                assert!(word.is_none(), "{}:{} names {}", path.display(), number + 1, word.unwrap());
            }
        });
        assert!(files > 3, "{folder} has moved");
    }
}

fn for_each_source(folder: &Path, check: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            for_each_source(&path, check);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            check(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}

/// The paths in backquotes that start the lines of the code map.
fn code_map() -> Vec<String> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, map) = text.split_once("## Code map").expect("ARCHITECTURE.md has no code map");
    let map = map.split("\n## ").next().unwrap();
    let entries = map.lines().filter_map(|line| line.trim_start().strip_prefix("- `"));
    entries.map(|line| line.split('`').next().unwrap().trim_end_matches('/').to_owned()).collect()
}

#[test]
fn the_code_map_names_what_exists() {
    let map = code_map();
    assert!(map.len() > 10, "the code map is hardly one: {map:?}");
    for path in map {
        assert!(root().join(&path).exists(), "ARCHITECTURE.md names {path}, which does not exist");
    }
}

/// Folders whose direct children (modules) must each have a line in the code map.
const MAPPED: [&str; 9] = [
    "src",
    "protocol/src",
    "sentinel/src",
    "sentinel/core/src",
    "sentinel/sim/src",
    "server/src",
    "server/store/src",
    "server/persist/src",
    "healthcheck/src",
];

#[test]
fn everything_is_on_the_code_map() {
    let map = code_map();
    for folder in MAPPED {
        assert!(map.iter().any(|path| path == folder), "ARCHITECTURE.md does not name {folder}");
    }
    let mut missing = Vec::new();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let name = format!("src/{}", entry.unwrap().file_name().to_str().unwrap());
        if !map.contains(&name) {
            missing.push(name);
        }
    }
    // In the packages, a module with a folder of its own is worth a line.
    for folder in ["protocol/src", "sentinel/src"] {
        for entry in fs::read_dir(root().join(folder)).unwrap().map(Result::unwrap) {
            let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() && !map.contains(&name) {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name {missing:?}");
}
