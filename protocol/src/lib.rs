//! The wire and text formats of Redis-compatible servers, without any I/O.
//!
//! Everything here takes bytes and gives values, or takes values and gives bytes: no sockets, no clock, no
//! randomness, no runtime. The sentinel, the data server and the command line build their connections on it.
//! Every decoder has limits, because its input comes from outside.

pub mod acl;
pub mod command;
pub mod conf;
pub mod glob;
pub mod info;
pub mod pubsub;
mod quick_hash;
pub mod resp;
pub mod session;
