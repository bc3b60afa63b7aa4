//! A disk that is full, and a directory that goes: the data server says so, loses nothing that it promised, and recovers.
#![allow(clippy::unwrap_used, reason = "a failed expectation ends the test")]
