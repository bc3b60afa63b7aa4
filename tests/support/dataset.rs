//! Data that nodes have, lose and get back: what everybody writes at first, and what a node says of it.

use std::fs;

use super::{Installation, command, info, wait};

/// Keys that everybody has at first.
pub(crate) const KEYS: u64 = 200;

#[track_caller]
pub(crate) fn write(node: u16, numbers: std::ops::Range<u64>) {
    for n in numbers {
        // It may take the disk longer than a client waits.
        wait("a write is acknowledged", || {
            command::<String>(node, &["SET", &format!("key:{n}"), "value"]).filter(|answer| answer == "OK")
        });
    }
}

/// A node may still be at work on what it sent to its replica.
pub(crate) fn save(node: u16) {
    wait("it saves", || command::<String>(node, &["SAVE"]).filter(|answer| answer == "OK"));
}

#[track_caller]
pub(crate) fn wait_for_keys(node: u16, count: u64) {
    wait("a node has all keys", || (command::<u64>(node, &["DBSIZE"])? == count).then_some(()));
}

/// What a node of ours wrote down of itself has these words in it.
#[track_caller]
pub(crate) fn wait_for_record(i: &Installation, node: u16, words: &str) {
    let path = i.home(node).join("node.state");
    wait("the record is written", || fs::read_to_string(&path).ok()?.contains(words).then_some(()));
}

#[track_caller]
pub(crate) fn wait_for_info(node: u16, field: &str, value: &str) {
    wait(&format!("{field} is {value}"), || (info(node, field)? == value).then_some(()));
}
