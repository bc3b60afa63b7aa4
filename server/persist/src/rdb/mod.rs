//! RDB, the format of Redis' snapshots: in files, at the beginning of append-only files, and on the way to replicas.
//!
//! ```text
//! magic and version 9 | (opcode ...)* | 255 | checksum 8
//! key: [252 or 253 expiry] [248 idle or 249 frequency] type | key | value
//! ```

mod code;
pub mod decode;
pub mod encode;

pub use code::type_name;
