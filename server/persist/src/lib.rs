//! The formats that data is kept in between two lives of the data server, and that it travels in to replicas.
//!
//! Keys come in as parts of an image ([`bongsu_store::image`]) and go out as Redis' bytes, or the other way round. Nothing here knows of
//! files, sockets or threads: bytes go to buffers and come from readers that are handed in.
#![forbid(unsafe_code)]

pub mod aof;
mod blob;
pub mod crc64;
pub mod dump;
pub mod lzf;
pub mod rdb;

pub use blob::Damage;
